"""Streams that say given pieces of a text, as each protocol tells them, and what was told."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from adapters.protocols.sse import EventSplitter

Json = dict[str, Any]
Tell = Callable[[Sequence[str]], list[Json]]


def sse(events: Sequence[Json]) -> bytes:
    """Events with a name each, and what else a stream may hold."""
    parts = [b": a comment\n\n"]
    for event in events:
        name = str(event.get("type", "")).encode()
        parts.append(b"%sdata: %s\n\n" % (b"event: %s\n" % name if name else b"", _data(event)))
    return b"".join([*parts, b"data: [DONE]\n\n"])


def events_of(stream: bytes) -> list[Json]:
    data = [event.data for event in EventSplitter().feed(stream)]
    return [orjson.loads(one) for one in data if one != b"[DONE]"]


def _data(event: Json) -> bytes:
    # Spaced as no writer of ours spaces it, so that an event written anew would show.
    return orjson.dumps(event).replace(b'{"', b'{ "', 1)


def _choices(*choices: Json) -> Json:
    return {"id": "c", "choices": list(choices)}


def chat(pieces: Sequence[str]) -> list[Json]:
    said = [_choices({"index": 0, "delta": {"content": p}, "finish_reason": None}) for p in pieces]
    end = _choices({"index": 0, "delta": {}, "finish_reason": "stop"})
    return [*said, end, {"choices": [], "usage": {"total_tokens": 1}}]


def chat_call(pieces: Sequence[str]) -> list[Json]:
    def call(piece: str) -> Json:
        called = {"index": 1, "function": {"arguments": piece}}
        return _choices({"index": 0, "delta": {"tool_calls": [called]}, "finish_reason": None})

    return [*map(call, pieces), _choices({"index": 0, "delta": {}, "finish_reason": "tool_calls"})]


def completions(pieces: Sequence[str]) -> list[Json]:
    said = [_choices({"index": 0, "text": p, "finish_reason": None}) for p in pieces]
    return [*said, _choices({"index": 0, "text": "", "finish_reason": "stop"})]


def messages(pieces: Sequence[str]) -> list[Json]:
    return [
        {"type": "message_start", "message": {"content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(_block_delta({"type": "text_delta", "text": p}) for p in pieces),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
    ]


def messages_call(pieces: Sequence[str]) -> list[Json]:
    deltas = [_block_delta({"type": "input_json_delta", "partial_json": p}) for p in pieces]
    return [*deltas, {"type": "content_block_stop", "index": 0}]


def _block_delta(delta: Json) -> Json:
    return {"type": "content_block_delta", "index": 0, "delta": delta}


def responses(pieces: Sequence[str]) -> list[Json]:
    at = {"output_index": 0, "content_index": 0}
    whole = "".join(pieces)
    part = {"type": "output_text", "text": whole}
    item = {"type": "message", "content": [part]}
    return [
        *({"type": "response.output_text.delta", **at, "delta": p} for p in pieces),
        {"type": "response.output_text.done", **at, "text": whole},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {"instructions": whole, "output": [item]}},
    ]


def responses_call(pieces: Sequence[str]) -> list[Json]:
    arguments = "".join(pieces)
    item = {"type": "function_call", "arguments": arguments}
    kind = "response.function_call_arguments"
    return [
        *({"type": f"{kind}.delta", "output_index": 1, "delta": p} for p in pieces),
        {"type": f"{kind}.done", "output_index": 1, "arguments": arguments},
        {"type": "response.output_item.done", "output_index": 1, "item": item},
        {"type": "response.completed", "response": {"output": [item]}},
    ]


def incremental(pieces: Sequence[str]) -> list[Json]:
    return [_qwen(p) for p in pieces] + [_qwen("", "stop")]


def cumulative(pieces: Sequence[str]) -> list[Json]:
    grown = ["".join(pieces[: number + 1]) for number in range(len(pieces))]
    return [_qwen(text) for text in grown] + [_qwen("".join(pieces), "stop")]


def plain_text(pieces: Sequence[str]) -> list[Json]:
    """DashScope's older form, which always repeats."""
    grown = ["".join(pieces[: number + 1]) for number in range(len(pieces))]
    ends = ["null"] * (len(grown) - 1) + ["stop"]
    return [
        {"output": {"text": text, "finish_reason": end}}
        for text, end in zip(grown, ends, strict=True)
    ]


def _qwen(content: str, finish: str = "null") -> Json:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return {"output": {"choices": [choice]}, "usage": {}}
