"""A whole answer, from Anthropic's message and to it."""

from typing import Any, cast

import orjson

from adapters.protocols.anthropic.foreign import ANTHROPIC, wrap
from adapters.protocols.anthropic.stops import REASON_OF, stop_of
from adapters.protocols.anthropic.usage import read_usage, write_usage
from adapters.protocols.canonical.answer import Answer, AnswerBlock, Frame, MalformedAnswerError
from adapters.protocols.canonical.blocks import (
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolUse,
)
from adapters.protocols.counters import within
from domain.metering import Report
from domain.usage import Usage

Json = dict[str, Any]


def encode_answer(answer: Answer, frame: Frame) -> bytes:
    """Write a whole answer as a message."""
    refused = any(isinstance(block, Refusal) for block in answer.blocks)
    return orjson.dumps(
        {
            **message_head(frame),
            "content": [written for block in answer.blocks for written in _blocks(block)],
            **stop_fields(answer.stop, answer.stop_sequence, answer.explanation, refused=refused),
            "usage": usage_fields(answer.report),
        }
    )


def message_head(frame: Frame) -> Json:
    """Write what a message says about itself before its content."""
    return {"id": f"msg_{frame.id}", "type": "message", "role": "assistant", "model": frame.model}


def stop_fields(stop: str, sequence: str | None, explanation: str | None, *, refused: bool) -> Json:
    """Write why the answer stopped; one that holds a refusal was refused."""
    reason = "refusal" if refused else REASON_OF[cast("Any", stop)]
    details = {"type": "refusal", "category": None, "explanation": explanation}
    return {
        "stop_reason": reason,
        "stop_sequence": sequence if reason == "stop_sequence" else None,
        "stop_details": details if reason == "refusal" else None,
    }


def usage_fields(report: Report) -> Json:
    """Write the usage; zeros where nobody reported any."""
    return write_usage(report.usage or Usage({}))


def signature_of(block: Thinking) -> str:
    """Give a signature that its issuer can be told by, later on."""
    if not block.signature or block.issuer is None:
        return ""
    return block.signature if block.issuer == ANTHROPIC else wrap(block.issuer, block.signature)


def redacted(block: RedactedThinking) -> Json:
    """Write thoughts that only their issuer can read."""
    foreign = block.issuer is not None and block.issuer != ANTHROPIC
    data = wrap(block.issuer or "", block.data) if foreign else block.data
    return {"type": "redacted_thinking", "data": data}


def signature_note(issuer: str, signature: str, tool_use_id: str) -> Json:
    """Write the signature of a call, for which Anthropic has no place, as redacted thoughts."""
    return {"type": "redacted_thinking", "data": wrap(issuer, signature, tool_use_id)}


def decode_answer(body: bytes) -> Answer:
    """Read a whole answer, or raise MalformedAnswerError."""
    try:
        message: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedAnswerError from error
    content = within(message, "content")
    stop = stop_of(within(message, "stop_reason"))
    if not isinstance(content, list) or stop is None:
        raise MalformedAnswerError
    return Answer(
        tuple(map(block_in, cast("list[object]", content))),
        stop,
        text_in(message, "stop_sequence", optional=True) or None,
        text_in(message, "stop_details", "explanation", optional=True) or None,
        read_usage(within(message, "usage")),
    )


def block_in(block: object) -> AnswerBlock:
    """Read a block of an answer, or raise MalformedAnswerError."""
    match within(block, "type"):
        case "text":
            return Text(text_in(block, "text"))
        case "thinking":
            signature = text_in(block, "signature", optional=True)
            issuer = ANTHROPIC if signature else None
            return Thinking(text_in(block, "thinking"), signature or None, issuer)
        case "redacted_thinking":
            return RedactedThinking(text_in(block, "data"), ANTHROPIC)
        case "tool_use":
            given = within(block, "input")
            if not isinstance(given, dict):
                raise MalformedAnswerError
            arguments = orjson.dumps(given).decode()
            return ToolUse(text_in(block, "id"), text_in(block, "name"), arguments)
        case _:
            raise MalformedAnswerError


def text_in(answer: object, *path: str, optional: bool = False) -> str:
    """Find a text, or raise MalformedAnswerError; an optional one may be missing."""
    found = within(answer, *path)
    if isinstance(found, str):
        return found
    if optional and found is None:
        return ""
    raise MalformedAnswerError


def _blocks(block: AnswerBlock) -> list[Json]:
    match block:
        case Text() | Refusal():
            return [{"type": "text", "text": block.text, "citations": None}]
        case Thinking():
            return [{"type": "thinking", "thinking": block.text, "signature": signature_of(block)}]
        case RedactedThinking():
            return [redacted(block)]
        case ToolUse():
            return [*_note(block), _tool_use(block)]


def _note(block: ToolUse) -> list[Json]:
    if block.signature is None or block.issuer is None:
        return []
    return [signature_note(block.issuer, block.signature, block.id)]


def _tool_use(block: ToolUse) -> Json:
    """Write a call; arguments that are no object are wrapped in one, as nothing may be lost."""
    try:
        given: object = orjson.loads(block.arguments or "{}")
    except orjson.JSONDecodeError:
        given = None
    arguments = cast("Json", given) if isinstance(given, dict) else {"input": block.arguments}
    return {"type": "tool_use", "id": block.id, "name": block.name, "input": arguments}
