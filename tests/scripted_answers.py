"""What a scripted upstream can answer: OpenAI's chat protocol, and ways to break it.

An answer is a function from the request to the steps to take on the wire: bytes are sent as they
are, a number is a pause in seconds, an event is waited for, CLOSE and RESET end the connection.
The bytes are those OpenAI sends (wire-facts.md 1.1).
"""

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from itertools import count
from types import EllipsisType
from typing import Any, Literal

Json = dict[str, Any]
Usage = Json | EllipsisType | None  # as given, counted in words, or left out
UsageOn = Literal["own_chunk", "last_chunk", "every_chunk"]


class End(Enum):
    CLOSE = auto()
    RESET = auto()


CLOSE, RESET = End.CLOSE, End.RESET
HELLO = ("Hello", " from", " the", " upstream")
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
STREAM_END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"
_numbers = count(1)


@dataclass(frozen=True)
class Received:
    """A request as it came; `hung_up` is set if its client left before the answer was over."""

    method: str
    path: str
    headers: dict[str, str]
    head: bytes
    raw: bytes
    hung_up: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def json(self) -> Json:
        body: Json = json.loads(self.raw) if self.raw else {}
        return body

    @property
    def n(self) -> int:
        return self.json.get("n") or 1

    @property
    def cap(self) -> int | None:
        return self.json.get("max_completion_tokens") or self.json.get("max_tokens")

    @property
    def wants_usage(self) -> bool:
        options: Json = self.json.get("stream_options") or {}
        return options.get("include_usage") is True


Step = bytes | float | threading.Event | End
Answer = Callable[[Received], Iterable[Step]]


def completion(
    text: str = "".join(HELLO),
    *,
    usage: Usage = ...,
    finish_reason: str | None = None,
    tool_calls: Sequence[Json] = (),
    n: int | None = None,
    answer_id: str | None = None,
) -> Answer:
    def answer(request: Received) -> list[Step]:
        message: Json = {"role": "assistant", "content": text or None, "refusal": None}
        if tool_calls:
            message["tool_calls"] = list(tool_calls)
        choice: Json = {"message": message, "logprobs": None}
        choice["finish_reason"] = finish_reason or ("tool_calls" if tool_calls else "stop")
        body = _envelope(request, "chat.completion", answer_id)
        body["choices"] = [{"index": index, **choice} for index in range(n or request.n)]
        used = _used(request, len(words_of(text)) * (n or request.n), usage)
        return [whole(200, body | ({"usage": used} if used else {}))]

    return answer


def stream(
    pieces: Sequence[str] = HELLO,
    *,
    usage: Usage = ...,
    usage_on: UsageOn = "own_chunk",
    finish_reason: str | None = None,
    tool_calls: Sequence[Json] = (),
    n: int | None = None,
    answer_id: str | None = None,
    done: bool = True,
    delay_seconds: float = 0.0,
) -> Answer:
    """Usage has its own chunk if it was asked for; the other `usage_on` do not wait to be asked."""

    def answer(request: Received) -> list[Step]:
        reason = finish_reason or ("tool_calls" if tool_calls else "stop")
        envelope = _envelope(request, "chat.completion.chunk", answer_id)
        choices = _choices(pieces, tool_calls, reason, n or request.n)
        chunks = [envelope | {"choices": [choice]} for choice in choices]
        if used := _used(request, len(pieces) * (n or request.n), usage):
            chunks = _with_usage(chunks, used, usage_on, request.wants_usage)
        steps: list[Step] = [STREAM_HEAD]
        for event in [*map(event_of, chunks), *([DONE] if done else [])]:
            steps += [delay_seconds, framed(event)] if delay_seconds else [framed(event)]
        return [*steps, STREAM_END]

    return answer


def echo(*, obey_cap: bool = True, same_id: bool = False) -> Answer:
    """Repeats the last message word by word, one token each, in the manner the request asks for."""

    def answer(request: Received) -> Iterable[Step]:
        if request.path.endswith("/embeddings"):
            return _embeddings(request)
        said = words_of(_texts(request)[-1]) or list(HELLO)
        cap = request.cap or len(said)
        kept = said[:cap] if obey_cap else [*said, *["and more "] * cap]
        reason = "length" if len(kept) < len(said) else "stop"
        answer_id = "chatcmpl-same" if same_id else None
        if request.json.get("stream"):
            return stream(kept, finish_reason=reason, answer_id=answer_id)(request)
        usage, text = _used(request, len(kept) * request.n, ...), "".join(kept)
        return completion(text, usage=usage, finish_reason=reason, answer_id=answer_id)(request)

    return answer


def error(
    status: int,
    code: str | None = None,
    message: str = "The upstream says no.",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    return lambda request: [whole(status, _error(code, message), headers or {})]


def in_stream_error(after: int = 1, code: str = "server_error") -> Answer:
    """Breaks off with an error event after so many pieces of text."""
    event = event_of(_error(code, "The upstream failed midway."))
    return lambda request: [*_begun(request, after), framed(event), STREAM_END]


def truncated_stream(after: int = 1, *, politely: bool = False) -> Answer:
    """Stops after so many pieces of text; politely means that HTTP itself ends as it should."""
    return lambda request: [*_begun(request, after), STREAM_END if politely else CLOSE]


def reset(after: int | None = None) -> Answer:
    """Resets the connection after so many pieces of text; None means before any byte."""
    return lambda request: [*_begun(request, after), RESET]


def stall(seconds: float, after: int | None = None) -> Answer:
    """Pauses after so many pieces of text, then goes on; None means before any byte."""
    return lambda request: [
        *_begun(request, after),
        seconds,
        *(echo()(request) if after is None else list(stream()(request))[_steps(request, after) :]),
    ]


def raw(*steps: Step) -> Answer:
    return lambda request: steps


def sse(*events: bytes) -> Answer:
    """A well-framed stream of these events, whatever they hold."""
    return raw(STREAM_HEAD, *map(framed, events), STREAM_END)


def tool_call(name: str, arguments: Json, call_id: str = "call_1") -> Json:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": call_id, "type": "function", "function": function}


def usage_of(prompt_tokens: int, completion_tokens: int, **details: Json) -> Json:
    total = prompt_tokens + completion_tokens
    counted: Json = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    return counted | {"total_tokens": total} | details


def words_of(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)


def whole(status: int, body: Json, headers: Mapping[str, str] | None = None) -> bytes:
    payload = json.dumps(body).encode()
    named = {"content-type": "application/json", "content-length": len(payload), **(headers or {})}
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {named[name]}" for name in named)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


def event_of(data: Json) -> bytes:
    return b"data: %s\n\n" % json.dumps(data).encode()


def framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _begun(request: Received, after: int | None) -> list[Step]:
    return list(stream()(request))[: _steps(request, after)]


def _steps(request: Received, after: int | None) -> int:
    # The head, then a role for each choice, then each piece for each choice.
    return 0 if after is None else 1 + request.n * (1 + after)


def _envelope(request: Received, kind: str, answer_id: str | None) -> Json:
    model = request.json.get("model")
    answer_id = answer_id or f"chatcmpl-{next(_numbers)}"
    return {"id": answer_id, "object": kind, "created": 1_700_000_000, "model": model}


def _choices(
    pieces: Sequence[str], tool_calls: Sequence[Json], finish_reason: str, n: int
) -> list[Json]:
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in pieces]
    for index, call in enumerate(tool_calls):
        arguments = call["function"]["arguments"]
        opened = call | {"index": index, "function": call["function"] | {"arguments": ""}}
        deltas.append({"tool_calls": [opened]})
        for part in (arguments[:3], arguments[3:]):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    said: list[Json] = [{"delta": delta, "finish_reason": None} for delta in deltas]
    said.append({"delta": {}, "finish_reason": finish_reason})
    return [{"index": index, "logprobs": None} | one for one in said for index in range(n)]


def _with_usage(chunks: list[Json], used: Json, usage_on: UsageOn, asked: bool) -> list[Json]:
    match usage_on:
        case "own_chunk" if asked:
            own: Json = chunks[0] | {"choices": [], "usage": used}
            return [*(chunk | {"usage": None} for chunk in chunks), own]
        case "last_chunk":
            return [*chunks[:-1], chunks[-1] | {"usage": used}]
        case "every_chunk":
            prompt, completed = used["prompt_tokens"], used["completion_tokens"]
            so_far = [used | usage_of(prompt, min(k, completed)) for k in range(len(chunks) - 1)]
            return [
                chunk | {"usage": usage}
                for chunk, usage in zip(chunks, [*so_far, used], strict=True)
            ]
        case _:
            return chunks


def _used(request: Received, completion_tokens: int, usage: Usage) -> Json | None:
    if not isinstance(usage, EllipsisType):
        return usage
    return usage_of(sum(len(words_of(text)) for text in _texts(request)), completion_tokens)


def _texts(request: Received) -> list[str]:
    contents = [message.get("content") or "" for message in request.json.get("messages", [])]
    return [
        text if isinstance(text, str) else " ".join(part.get("text", "") for part in text)
        for text in contents
    ]


def _embeddings(request: Received) -> list[Step]:
    given = request.json["input"]
    texts = [given] if isinstance(given, str) else given
    data = [
        {"object": "embedding", "index": index, "embedding": [0.5, -0.5]}
        for index, _ in enumerate(texts)
    ]
    tokens = sum(len(words_of(text)) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    model = request.json["model"]
    return [whole(200, {"object": "list", "data": data, "model": model, "usage": usage})]


def _error(code: str | None, message: str) -> Json:
    return {"error": {"message": message, "type": "upstream_error", "param": None, "code": code}}
