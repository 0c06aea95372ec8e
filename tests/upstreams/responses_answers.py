"""What a scripted server of OpenAI's Responses can answer (wire-facts.md 1.7).

Each answer obeys the request: the whole response, or the events that add up to it.
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

RESPONSE_ID = "resp_0f9d1f0a"
Usage = Json | EllipsisType | None


@dataclass(frozen=True)
class Call:
    """A call of a function, or of a tool that takes free text."""

    name: str
    said: str
    call_id: str = "call_1"
    custom: bool = False


@dataclass(frozen=True)
class Said:
    """What a model says: thoughts, text and calls, in this order and in pieces."""

    text: Sequence[str] = HELLO
    thoughts: Sequence[str] = ()
    sealed: str | None = None
    calls: Sequence[Call] = field(default=())
    refusal: str = ""
    reason: str | None = None
    usage: Usage = ...


def response(said: Said | None = None) -> Answer:
    """Answer as the request wants it."""

    def answer(request: Received) -> Iterable[Step]:
        given = said or Said()
        if not request.json.get("stream"):
            return [whole(200, whole_body(request, given))]
        return [STREAM_HEAD, *map(framed, events_of(request, given)), STREAM_END]

    return answer


def echo() -> Answer:
    """Repeats the last text word by word, within its cap, one token each."""

    def answer(request: Received) -> Iterable[Step]:
        words = words_of(texts_of(request)[-1])
        cap = request.json.get("max_output_tokens") or len(words)
        reason = "max_output_tokens" if cap < len(words) else None
        return response(Said(words[:cap], reason=reason))(request)

    return answer


def cut(after: int, end: Step = CLOSE, said: Said | None = None) -> Answer:
    """Stops after so many events."""

    def answer(request: Received) -> list[Step]:
        events = list(events_of(request, said or Said()))[:after]
        return [STREAM_HEAD, *map(framed, events), end]

    return answer


def failed(after: int = 2, *, usage: Json | None = None) -> Answer:
    """Breaks off with response.failed after so many events."""

    def answer(request: Received) -> list[Step]:
        events = list(events_of(request, Said()))[:after]
        body = _envelope(request, "failed", [], usage)
        body["error"] = {"code": "server_error", "message": "secret reason"}
        last = _event("response.failed", after, response=body)
        return [STREAM_HEAD, *map(framed, [*events, last]), STREAM_END]

    return answer


def usage_of(input_tokens: int, output_tokens: int, **details: Any) -> Json:
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {
            "cached_tokens": details.get("cached", 0),
            "cache_write_tokens": 0,
        },
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": details.get("reasoning", 0)},
        "total_tokens": input_tokens + output_tokens,
    }


def whole_body(request: Received, said: Said) -> Json:
    status = "incomplete" if said.reason else "completed"
    body = _envelope(request, status, [item for _, item in items_of(said)], _used(request, said))
    if said.reason:
        body["incomplete_details"] = {"reason": said.reason}
    return body


def events_of(request: Received, said: Said) -> Iterator[bytes]:
    begun = _envelope(request, "in_progress", [], None)
    told: list[tuple[str, Json]] = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
    ]
    for index, (pieces, item) in enumerate(items_of(said)):
        told += _told(pieces, item, index)
    last = whole_body(request, said)
    told.append((f"response.{last['status']}", {"response": last}))
    for number, (kind, fields) in enumerate(told):
        yield _event(kind, number, **fields)


def items_of(said: Said) -> list[tuple[Sequence[str], Json]]:
    """The output items, each with the pieces in which a stream tells it."""
    items: list[tuple[Sequence[str], Json]] = []
    if said.thoughts or said.sealed:
        text = "".join(said.thoughts)
        summary = [{"type": "summary_text", "text": text}] if text else []
        item: Json = {"type": "reasoning", "id": "rs_1", "summary": summary}
        items.append(
            (said.thoughts, item | ({"encrypted_content": said.sealed} if said.sealed else {}))
        )
    if said.refusal:
        items.append(([said.refusal], _message({"type": "refusal", "refusal": said.refusal})))
    elif said.text:
        part = {
            "type": "output_text",
            "text": "".join(said.text),
            "annotations": [],
            "logprobs": [],
        }
        items.append((said.text, _message(part)))
    items += [((call.said[:3], call.said[3:]), _call(call)) for call in said.calls]
    return items


def texts_of(request: Received) -> list[str]:
    given = request.json.get("input", "")
    items = [{"content": given}] if isinstance(given, str) else given
    contents = [item.get("content") or item.get("output") or "" for item in items]
    texts = [
        text if isinstance(text, str) else " ".join(part.get("text", "") for part in text)
        for text in contents
    ]
    return [request.json.get("instructions") or "", *texts]


def _message(part: Json) -> Json:
    return {
        "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
        "content": [part],
    }  # fmt: skip


def _call(call: Call) -> Json:
    kind, said = ("custom_tool_call", "input") if call.custom else ("function_call", "arguments")
    item_id = f"{'ctc' if call.custom else 'fc'}_{call.call_id}"
    named = {"type": kind, "id": item_id, "call_id": call.call_id, "name": call.name}
    return {**named, said: call.said, "status": "completed"}


def _told(pieces: Sequence[str], item: Json, index: int) -> Iterator[tuple[str, Json]]:
    place: Json = {"item_id": item["id"], "output_index": index}
    yield "response.output_item.added", {"output_index": index, "item": _bare(item)}
    if item["type"] == "message":
        part = item["content"][0]
        kind, key = ("refusal", "refusal") if "refusal" in part else ("output_text", "text")
        place["content_index"] = 0
        yield "response.content_part.added", {**place, "part": {**part, key: ""}}
        yield from ((f"response.{kind}.delta", {**place, "delta": piece}) for piece in pieces)
        yield f"response.{kind}.done", {**place, key: part[key]}
        yield "response.content_part.done", {**place, "part": part}
    elif item["type"] == "reasoning":
        place["summary_index"] = 0
        if pieces:
            empty = {"type": "summary_text", "text": ""}
            yield "response.reasoning_summary_part.added", {**place, "part": empty}
        for piece in pieces:
            yield "response.reasoning_summary_text.delta", {**place, "delta": piece}
    else:
        custom = item["type"] == "custom_tool_call"
        kind = "custom_tool_call_input" if custom else "function_call_arguments"
        yield from ((f"response.{kind}.delta", {**place, "delta": piece}) for piece in pieces)
        key = "input" if custom else "arguments"
        yield f"response.{kind}.done", {**place, key: item[key]}
    yield "response.output_item.done", {"output_index": index, "item": item}


def _bare(item: Json) -> Json:
    empty = {"content": [], "summary": [], "arguments": "", "input": "", "status": "in_progress"}
    kept = {name: value for name, value in item.items() if name != "encrypted_content"}
    return kept | {name: value for name, value in empty.items() if name in item}


def _envelope(request: Received, status: str, output: list[Json], usage: Json | None) -> Json:
    asked = request.json
    return {
        "id": RESPONSE_ID, "object": "response", "created_at": 1_700_000_000, "status": status,
        "background": False, "error": None, "incomplete_details": None,
        "instructions": asked.get("instructions"), "model": asked.get("model"), "output": output,
        "parallel_tool_calls": True, "previous_response_id": None, "store": asked.get("store"),
        "temperature": 1.0, "text": {"format": {"type": "text"}}, "truncation": "disabled",
        "tool_choice": asked.get("tool_choice", "auto"), "tools": asked.get("tools", []),
        "top_p": 1.0, "metadata": {}, "service_tier": "default", "usage": usage,
    }  # fmt: skip


def _used(request: Received, said: Said) -> Json | None:
    if not isinstance(said.usage, EllipsisType):
        return said.usage
    spoken = len(said.text) + len(said.thoughts) + sum(len(call.said) for call in said.calls)
    words = sum(len(words_of(text)) for text in texts_of(request))
    return usage_of(words, spoken, reasoning=len(said.thoughts))


def _event(kind: str, number: int, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, "sequence_number": number, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()
