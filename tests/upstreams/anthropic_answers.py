"""What a scripted Anthropic can answer (wire-facts.md 1.5).

Each answer obeys the request: the whole message, or the events that add up to it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any

from tests.scripted_answers import (
    CLOSE,
    HELLO,
    STREAM_END,
    STREAM_HEAD,
    Answer,
    Json,
    Received,
    Step,
    framed,
    whole,
    words_of,
)

MESSAGE_ID = "msg_upstream"
Usage = Json | EllipsisType | None
PING = b'event: ping\ndata: {"type":"ping"}\n\n'


@dataclass(frozen=True)
class Said:
    """What a model says: thoughts, text and calls, in this order and in pieces."""

    text: Sequence[str] = HELLO
    thoughts: Sequence[str] = ()
    signature: str = "c2lnbmF0dXJl"
    redacted: str | None = None
    calls: Sequence[tuple[str, str, Json]] = field(default=())
    """Id, name and input."""
    stop: str | None = None
    sequence: str | None = None
    usage: Usage = ...


def message(said: Said | None = None) -> Answer:
    """Answer as the request wants it."""

    def answer(request: Received) -> Iterable[Step]:
        given = said or Said()
        if not request.json.get("stream"):
            return [whole(200, whole_message(request, given))]
        return [STREAM_HEAD, *map(framed, events_of(request, given)), STREAM_END]

    return answer


def echo() -> Answer:
    """Repeats the last text word by word, within its cap, one token each; counts what it may."""

    def answer(request: Received) -> Iterable[Step]:
        if request.path.endswith("/count_tokens"):
            return [whole(200, {"input_tokens": _prompt_words(request)})]
        words = words_of(texts_of(request)[-1])
        cap: int = request.json["max_tokens"]
        stop = "max_tokens" if cap < len(words) else None
        return message(Said(words[:cap], stop=stop))(request)

    return answer


def cut(after: int, end: Step = CLOSE, said: Said | None = None) -> Answer:
    """Stops after so many events."""

    def answer(request: Received) -> list[Step]:
        events = list(events_of(request, said or Said()))[:after]
        return [STREAM_HEAD, *map(framed, events), end]

    return answer


def failed(after: int = 4, kind: str = "overloaded_error") -> Answer:
    """Breaks off with an error event after so many events."""

    def answer(request: Received) -> list[Step]:
        events = list(events_of(request, Said()))[:after]
        last = event_of("error", **error_body(kind, "secret reason"))
        return [STREAM_HEAD, *map(framed, [*events, last]), STREAM_END]

    return answer


def error(
    status: int, kind: str, message: str = "secret reason", headers: dict[str, str] | None = None
) -> Answer:
    body = {"type": "error", **error_body(kind, message)}
    return lambda request: [whole(status, body, headers)]


def error_body(kind: str, message: str) -> Json:
    return {"error": {"type": kind, "message": message}, "request_id": "req_upstream"}


def usage_of(input_tokens: int, output_tokens: int, **more: Any) -> Json:
    return {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": more.get("written_5m", 0) + more.get("written_1h", 0),
        "cache_read_input_tokens": more.get("cached", 0),
        "cache_creation": {
            "ephemeral_5m_input_tokens": more.get("written_5m", 0),
            "ephemeral_1h_input_tokens": more.get("written_1h", 0),
        },
        "output_tokens": output_tokens,
        "output_tokens_details": {"thinking_tokens": more.get("thinking", 0)},
        "server_tool_use": more.get("tools"),
        "service_tier": "standard",
        "speed": "standard",
        "inference_geo": None,
    }


def whole_message(request: Received, said: Said) -> Json:
    used = _used(request, said)
    return {
        **_head(request),
        "content": [block for _, block in blocks_of(said)],
        **_stop(said),
        **({"usage": used} if used else {}),
    }


def events_of(request: Received, said: Said) -> Iterator[bytes]:
    used = _used(request, said)
    begun = {**(used or {}), "output_tokens": 1}
    nothing: Json = {"content": [], "stop_reason": None, "stop_sequence": None}
    first = {**_head(request), **nothing, **({"usage": begun} if used else {})}
    yield event_of("message_start", message=first)
    yield PING
    for index, (deltas, block) in enumerate(blocks_of(said)):
        yield event_of("content_block_start", index=index, content_block=_empty(block))
        for delta in deltas:
            yield event_of("content_block_delta", index=index, delta=delta)
        yield event_of("content_block_stop", index=index)
    last = {"output_tokens": used["output_tokens"]} if used else {}
    yield event_of("message_delta", delta=_stop(said), usage=last)
    yield event_of("message_stop")


def blocks_of(said: Said) -> list[tuple[list[Json], Json]]:
    """The content blocks, each with the deltas by which a stream tells it."""
    blocks: list[tuple[list[Json], Json]] = []
    if said.thoughts:
        deltas: list[Json] = [{"type": "thinking_delta", "thinking": t} for t in said.thoughts]
        deltas.append({"type": "signature_delta", "signature": said.signature})
        thought = "".join(said.thoughts)
        blocks.append(
            (deltas, {"type": "thinking", "thinking": thought, "signature": said.signature})
        )
    if said.redacted is not None:
        blocks.append(([], {"type": "redacted_thinking", "data": said.redacted}))
    if said.text:
        deltas = [{"type": "text_delta", "text": text} for text in said.text]
        block = {"type": "text", "text": "".join(said.text), "citations": None}
        blocks.append((deltas, block))
    for call_id, name, given in said.calls:
        text = json.dumps(given) if given else ""
        parts = [part for part in (text[:4], text[4:]) if part]
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
        blocks.append((deltas, {"type": "tool_use", "id": call_id, "name": name, "input": given}))
    return blocks


def event_of(kind: str, **fields: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (
        kind.encode(),
        json.dumps({"type": kind, **fields}, ensure_ascii=False).encode(),
    )


def texts_of(request: Received) -> list[str]:
    """The text of each message."""
    return [
        content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
        for content in (message["content"] for message in request.json["messages"])
    ]


def _head(request: Received) -> Json:
    return {
        "id": MESSAGE_ID,
        "type": "message",
        "role": "assistant",
        "model": request.json["model"],
    }


def _empty(block: Json) -> Json:
    empty = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {name: empty.get(name, value) for name, value in block.items()}


def _stop(said: Said) -> Json:
    stop = said.stop or ("tool_use" if said.calls else "end_turn")
    details = {"type": "refusal", "category": None, "explanation": "Not this."}
    return {
        "stop_reason": stop,
        "stop_sequence": said.sequence,
        "stop_details": details if stop == "refusal" else None,
    }


def _used(request: Received, said: Said) -> Json | None:
    if not isinstance(said.usage, EllipsisType):
        return said.usage
    return usage_of(_prompt_words(request), len(said.text) + len(said.thoughts))


def _prompt_words(request: Received) -> int:
    return sum(len(words_of(text)) for text in texts_of(request))
