"""Whole responses, to and from the canonical form."""

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from adapters.protocols.canonical.answer import (
    Answer,
    AnswerBlock,
    Frame,
    MalformedAnswerError,
    Stop,
)
from adapters.protocols.canonical.blocks import Refusal, Text, ToolUse
from adapters.protocols.openai_responses.items import text_of
from adapters.protocols.openai_responses.names import flat, spaces_of
from adapters.protocols.openai_responses.response import ResponseWriter
from adapters.protocols.openai_responses.sealed import issued_thought
from adapters.protocols.openai_responses.usage import read_usage

Json = dict[str, Any]
_FINISHED: Final = frozenset({"completed", "incomplete"})


def encode_answer(answer: Answer, frame: Frame, body: Mapping[str, Any]) -> bytes:
    """Write a whole answer as the response to a checked request."""
    writer = ResponseWriter(frame, body, spaces_of(body))
    items: list[Json] = []
    for block in answer.blocks:
        items.append(writer.item(block, len(items)))
        if isinstance(block, ToolUse) and (signed := writer.signature(block, len(items))):
            items.append(signed)
    return orjson.dumps(writer.ended(answer.stop, items, answer.report))


def decode_answer(body: bytes) -> Answer:
    """Read a whole response, or raise MalformedAnswerError."""
    try:
        fields: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedAnswerError from error
    if not isinstance(fields, dict):
        raise MalformedAnswerError
    response = cast("Json", fields)
    if not has_finished(response):
        raise MalformedAnswerError
    output = response.get("output")
    if not isinstance(output, list):
        raise MalformedAnswerError
    blocks = tuple(block for item in cast("list[object]", output) for block in blocks_in(item))
    report = read_usage(response.get("usage"), response)
    called = any(isinstance(block, ToolUse) for block in blocks)
    return Answer(blocks, stop_of(response, called=called), report=report)


def has_finished(response: Mapping[str, Any]) -> bool:
    """Tell whether a response is whole, as far as it was to be had."""
    status = response.get("status")
    return isinstance(status, str) and status in _FINISHED


def stop_of(response: Mapping[str, Any], *, called: bool) -> Stop:
    """Tell why an answer that has ended did so."""
    if response.get("status") != "incomplete":
        return "tool" if called else "stop"
    details: object = response.get("incomplete_details")
    reason = cast("Json", details).get("reason") if isinstance(details, dict) else None
    return "filtered" if reason == "content_filter" else "length"


def blocks_in(item: object) -> list[AnswerBlock]:
    """Read an output item; raises MalformedAnswerError.

    What a provider's own tools did is not said by the model, and is left out.
    """
    fields = cast("Json", item) if isinstance(item, dict) else {}
    try:
        match fields.get("type"):
            case "message":
                return [_part(part) for part in fields["content"]]
            case "function_call" | "custom_tool_call":
                return [call_in(fields)]
            case "reasoning":
                thought = issued_thought(text_of(fields), fields.get("encrypted_content"))
                return [] if thought is None else [thought]
            case _:
                return []
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedAnswerError from error


def call_in(item: Mapping[str, Any]) -> ToolUse:
    """Read a call; raises KeyError or TypeError for what is none."""
    custom = item["type"] == "custom_tool_call"
    said = item["input" if custom else "arguments"]
    call_id, name = item["call_id"], item["name"]
    if not all(isinstance(value, str) for value in (said, call_id, name)):
        raise TypeError
    return ToolUse(call_id, flat(name, item.get("namespace")), said, custom=custom)


def _part(part: Mapping[str, Any]) -> Text | Refusal:
    refused = part["type"] == "refusal"
    said = part["refusal" if refused else "text"]
    if not isinstance(said, str):
        raise TypeError
    return Refusal(said) if refused else Text(said)
