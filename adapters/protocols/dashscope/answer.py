"""Whole answers of DashScope: written for its callers, and read from it as an upstream."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from uuid import uuid4

import orjson

from adapters.protocols.canonical.answer import (
    Answer,
    AnswerBlock,
    Frame,
    MalformedAnswerError,
    Stop,
)
from adapters.protocols.canonical.blocks import RedactedThinking, Text, Thinking, ToolUse
from adapters.protocols.dashscope.shape import Shape
from adapters.protocols.dashscope.usage import read_usage, write_usage
from domain import ids
from domain.usage import Usage

UNFINISHED: Final = "null"
"""A word, not the JSON value: there is more to come."""
_NO_USAGE: Final = write_usage(Usage({}))
_FINISH: Final[Mapping[Stop, str]] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "context_full": "length",
    "tool": "tool_calls",
    "filtered": "content_filter",
    "paused": "stop",
}
_STOPS: Final[Mapping[str, Stop]] = {
    "length": "length",
    "tool_calls": "tool",
    "content_filter": "filtered",
}


def write_answer(answer: Answer, frame: Frame, shape: Shape) -> dict[str, Any]:
    """Write a whole answer; redacted thoughts have no place, nor have thoughts in plain text."""
    texts = {"content": "", "reasoning_content": ""}
    calls: list[dict[str, Any]] = []
    for block in answer.blocks:
        if isinstance(block, ToolUse):
            calls.append(write_call(len(calls), block.id, block.name, block.arguments))
        elif not isinstance(block, RedactedThinking):
            texts["reasoning_content" if isinstance(block, Thinking) else "content"] += block.text
    output = write_output(shape, texts, calls, finish_of(answer.stop))
    return envelope(frame, output, answer.report.usage)


def envelope(frame: Frame, output: dict[str, Any], usage: Usage | None) -> dict[str, Any]:
    """Put an output into what surrounds it; a usage that nobody knows is one of zeros."""
    written = write_usage(usage) if usage else _NO_USAGE
    return {"output": output, "usage": written, "request_id": f"{ids.REQUEST}_{frame.id}"}


def write_output(
    shape: Shape, texts: Mapping[str, str], calls: Sequence[Mapping[str, Any]], finish: str
) -> dict[str, Any]:
    """Write `output` of an answer or of an event; thoughts and calls only where there are any."""
    if not shape.message:
        return {"text": texts["content"], "finish_reason": finish}
    content = texts["content"]
    parts = [{"text": content}] if content else []
    message: dict[str, Any] = {"role": "assistant", "content": parts if shape.parts else content}
    if texts["reasoning_content"]:
        message["reasoning_content"] = texts["reasoning_content"]
    if calls:
        message["tool_calls"] = calls
    return {"choices": [{"index": 0, "finish_reason": finish, "message": message}]}


def write_call(index: int, call_id: str, name: str, arguments: str) -> dict[str, Any]:
    """Write a call of a tool."""
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": call_id, "type": "function", "function": function}


def finish_of(stop: Stop) -> str:
    """Name the reason to finish as DashScope does."""
    return _FINISH[stop]


def stop_of(finish: str, *, called: bool) -> Stop:
    """Read a reason to finish; who has called a tool stopped for that, whatever he says."""
    stop: Stop = _STOPS.get(finish, "stop")
    return "tool" if called and stop == "stop" else stop


def read_answer(body: bytes) -> Answer:
    """Read a whole answer of one choice, or raise MalformedAnswerError."""
    fields = object_in(body)
    choices = choices_in(fields)
    if len(choices) != 1 or (finish := finished(choices[0])) is None:
        raise MalformedAnswerError
    blocks = blocks_in(choices[0])
    stop = stop_of(finish, called=any(isinstance(block, ToolUse) for block in blocks))
    return Answer(tuple(blocks), stop, report=read_usage(fields.get("usage"), fields))


def object_in(data: bytes) -> dict[str, Any]:
    """Read an answer or an event, or raise MalformedAnswerError; one with a code is an error."""
    try:
        fields: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise MalformedAnswerError from error
    if not isinstance(fields, dict):
        raise MalformedAnswerError
    named = cast("dict[str, Any]", fields)
    if named.get("code") or not isinstance(named.get("output"), dict):
        raise MalformedAnswerError
    return named


def choices_in(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the choices of an answer or an event; plain text is one choice, too."""
    output = cast("dict[str, Any]", fields["output"])
    choices: object = output.get("choices")
    if not choices:
        text = output.get("text")
        if text is None:
            return []
        return [{"finish_reason": output.get("finish_reason"), "message": {"content": text}}]
    if not isinstance(choices, list):
        raise MalformedAnswerError
    found = cast("list[object]", choices)
    if not all(isinstance(choice, dict) for choice in found):
        raise MalformedAnswerError
    return cast("list[dict[str, Any]]", found)


def finished(choice: Mapping[str, Any]) -> str | None:
    """Give why a choice is complete; None while it is not."""
    reason = choice.get("finish_reason")
    return reason if isinstance(reason, str) and reason not in {"", UNFINISHED} else None


def index_of(choice: Mapping[str, Any]) -> int:
    """Give a choice's number, which a single one need not have."""
    index: object = choice.get("index")
    if index is None:
        return 0
    if type(index) is not int or index < 0:
        raise MalformedAnswerError
    return index


def message_in(choice: Mapping[str, Any]) -> dict[str, Any]:
    """Give a choice's message; one that is null says nothing."""
    message: object = choice.get("message") or {}
    if not isinstance(message, dict):
        raise MalformedAnswerError
    return cast("dict[str, Any]", message)


def text_of(value: object) -> str:
    """Read a content: text, parts of text, or nothing."""
    if value is None:
        return ""
    if isinstance(value, list):
        parts = cast("list[object]", value)
        return "".join(map(_text_of_part, parts))
    if not isinstance(value, str):
        raise MalformedAnswerError
    return value


def calls_in(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the calls of a message, each with its function."""
    calls: object = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise MalformedAnswerError
    found: list[dict[str, Any]] = []
    for call in cast("list[object]", calls):
        if not isinstance(call, dict):
            raise MalformedAnswerError
        named = cast("dict[str, Any]", call)
        if not isinstance(named.get("function") or {}, dict):
            raise MalformedAnswerError
        found.append(named)
    return found


def blocks_in(choice: Mapping[str, Any]) -> list[AnswerBlock]:
    """Read what a whole choice says, or raise MalformedAnswerError."""
    message = message_in(choice)
    blocks: list[AnswerBlock] = []
    if thoughts := text_of(message.get("reasoning_content")):
        blocks.append(Thinking(thoughts))
    if content := text_of(message.get("content")):
        blocks.append(Text(content))
    for call in calls_in(message):
        function = cast("dict[str, Any]", call.get("function") or {})
        name = text_of(function.get("name"))
        if not name:
            raise MalformedAnswerError
        call_id = text_of(call.get("id")) or new_call_id()
        blocks.append(ToolUse(call_id, name, text_of(function.get("arguments")) or "{}"))
    return blocks


def new_call_id() -> str:
    """Name a call whose provider did not."""
    return f"call_{uuid4().hex}"


def _text_of_part(part: object) -> str:
    text = cast("dict[str, Any]", part).get("text") if isinstance(part, dict) else part
    return text_of(text)
