"""The surfaces that stream: how each is asked, and how its answers read."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = dict[str, Any]
ANTHROPIC = {"upstream_error": "api_error", "upstream_timeout": "timeout_error"}
DASHSCOPE = {"upstream_error": "InternalError", "upstream_timeout": "GatewayTimeout"}


class Event(NamedTuple):
    """One server-sent event as a caller reads it; `fields` is None for what is no JSON."""

    name: str
    data: bytes
    fields: Any


@dataclass(frozen=True)
class Asked:
    """One way to ask one surface for a stream."""

    name: str
    path: str
    body: Json
    said: Callable[[list[Event]], str]
    """The words that a caller has been shown."""
    ended: Callable[[Event], bool]
    """Whether an event is the surface's own mark of a whole answer."""
    failed: Callable[[Event, str], bool]
    """Whether an event tells of an error of this code, as the surface's SDKs know it."""
    code: Callable[[bytes], object]
    """The code in an error that came instead of an answer."""
    codes: dict[str, str] = field(default_factory=dict)
    """Which code this is for ours, where the surface has its own."""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    usages: int | None = None
    """How often the usage is told, where that is not all along."""
    thinks: bool = True
    """Whether thoughts are shown."""


def events_in(body: bytes) -> list[Event]:
    """Read a stream, which must be nothing but whole events."""
    *events, rest = body.split(b"\n\n")
    assert rest == b"", "a stream ends with the end of an event"
    return [_event(event) for event in events]


def tells_usage(event: Event) -> bool:
    """Whether an event of OpenAI's tells what was used."""
    fields = event.fields or {}
    return bool(fields.get("usage") or (fields.get("response") or {}).get("usage"))


def _event(text: bytes) -> Event:
    lines = dict(line.partition(b":")[::2] for line in text.split(b"\n"))
    data = lines.get(b"data", b"").strip()
    fields = None if data == b"[DONE]" else json.loads(data)
    return Event(lines.get(b"event", b"").strip().decode(), data, fields)


def _objects(events: list[Event]) -> list[Json]:
    return [event.fields for event in events if isinstance(event.fields, dict)]


def _chat_said(events: list[Event]) -> str:
    deltas = [c["delta"] for f in _objects(events) for c in f.get("choices", ())]
    return "".join(delta.get("content") or "" for delta in deltas)


def _completions_said(events: list[Event]) -> str:
    return "".join(c["text"] for f in _objects(events) for c in f.get("choices", ()))


def _responses_said(events: list[Event]) -> str:
    kind = "response.output_text.delta"
    return "".join(f["delta"] for f in _objects(events) if f["type"] == kind)


def _messages_said(events: list[Event]) -> str:
    deltas = [f["delta"] for f in _objects(events) if f["type"] == "content_block_delta"]
    return "".join(delta.get("text", "") for delta in deltas)


def _dashscope_texts(events: list[Event]) -> list[str]:
    outputs = [f["output"] for f in _objects(events) if "output" in f]
    return [output["choices"][0]["message"]["content"] for output in outputs]


def _dashscope_ended(event: Event) -> bool:
    """Its plain texts have no choices."""
    output = (event.fields or {}).get("output") or {}
    [choice] = output.get("choices") or [output]
    return choice.get("finish_reason") not in {None, "null"}


def _openai_failed(event: Event, code: str) -> bool:
    error = (event.fields or {}).get("error")
    return isinstance(error, dict) and error["code"] == code and bool(error["message"])


def _responses_failed(event: Event, code: str) -> bool:
    """It has two ways: of a response that has begun, and on its own."""
    fields = event.fields
    if event.name == fields["type"] == "response.failed":
        response = fields["response"]
        return response["status"] == "failed" and response["error"]["code"] == "server_error"
    return event.name == fields["type"] == "error" and fields["code"] == code


def _messages_failed(event: Event, code: str) -> bool:
    if (event.name, event.fields["type"]) != ("error", "error"):
        return False
    error = event.fields["error"]
    return (error["type"], error["details"]["error_code"]) == (ANTHROPIC[code], code)


def _dashscope_failed(event: Event, code: str) -> bool:
    return event.name == "error" and event.fields["code"] == DASHSCOPE[code]


USER = {"role": "user", "content": "Weather in Rome?"}
TOOL = {
    "name": "f",
    "description": "The weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CHAT: Json = {
    "messages": [USER],
    "stream": True,
    "tools": [{"type": "function", "function": TOOL}],
}


def _dashscope(name: str, *, incremental: bool) -> Asked:
    join: Callable[[list[str]], str] = "".join if incremental else lambda t: t[-1] if t else ""
    return Asked(
        name,
        "/api/v1/services/aigc/text-generation/generation",
        {
            "input": {"messages": [USER]},
            "parameters": {
                "result_format": "message",
                "incremental_output": incremental,
                "tools": [{"type": "function", "function": TOOL}],
            },
        },
        said=lambda events: join(_dashscope_texts(events)),
        ended=_dashscope_ended,
        failed=_dashscope_failed,
        code=lambda body: json.loads(body)["code"],
        codes=DASHSCOPE,
        headers={b"x-dashscope-sse": b"enable"},
    )


def _is_done(event: Event) -> bool:
    return event.data == b"[DONE]"


def _code_of_openai(body: bytes) -> object:
    return json.loads(body)["error"]["code"]


SURFACES = (
    Asked(
        "chat",
        "/v1/chat/completions",
        {**CHAT, "stream_options": {"include_usage": True}},
        _chat_said,
        _is_done,
        _openai_failed,
        _code_of_openai,
        usages=1,
    ),
    Asked(
        "chat.joytoken",
        "/openai/v1/chat/completions",
        CHAT,
        _chat_said,
        _is_done,
        _openai_failed,
        _code_of_openai,
        usages=0,
    ),
    Asked(
        "completions",
        "/v1/completions",
        {
            "prompt": "Weather in Rome?",
            "max_tokens": 900,
            "stream": True,
            "stream_options": {"include_usage": True},
        },
        _completions_said,
        _is_done,
        _openai_failed,
        _code_of_openai,
        usages=1,
        thinks=False,
    ),
    Asked(
        "responses",
        "/v1/responses",
        {"input": "Weather in Rome?", "stream": True, "tools": [{"type": "function", **TOOL}]},
        _responses_said,
        lambda event: event.name == "response.completed",
        _responses_failed,
        _code_of_openai,
        usages=1,
    ),
    Asked(
        "messages",
        "/v1/messages",
        {
            "max_tokens": 900,
            "messages": [USER],
            "stream": True,
            "tools": [{"name": TOOL["name"], "input_schema": TOOL["parameters"]}],
        },
        _messages_said,
        lambda event: event.name == "message_stop",
        _messages_failed,
        lambda body: json.loads(body)["error"]["details"]["error_code"],
        headers={b"anthropic-version": b"2023-06-01"},
    ),
    _dashscope("dashscope", incremental=True),
    _dashscope("dashscope.cumulative", incremental=False),
)
