"""A whole chat answer, written from the canonical form and read into it."""

from typing import Any, Final, cast

import orjson

from adapters.protocols.canonical.answer import (
    Answer,
    AnswerBlock,
    Frame,
    MalformedAnswerError,
    Stop,
)
from adapters.protocols.canonical.blocks import (
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolUse,
)
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.openai_chat.calls import signed_extra
from adapters.protocols.openai_chat.deltas import Deltas, NonsenseError
from adapters.protocols.openai_chat.text import dicts
from adapters.protocols.openai_chat.thoughts import detail_of, needs_detail
from adapters.protocols.openai_chat.usage import read_usage, write_usage
from domain.metering import Report

FINISH: Final[dict[Stop, str]] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "paused": "stop",
    "length": "length",
    "context_full": "length",
    "tool": "tool_calls",
    "filtered": "content_filter",
}


def encode_answer(answer: Answer, frame: Frame) -> bytes:
    """Write an answer as a chat completion."""
    choice = {
        "index": 0,
        "message": _message(answer),
        "logprobs": None,
        "finish_reason": FINISH[answer.stop],
    }
    return orjson.dumps(
        {
            "id": f"chatcmpl-{frame.id}",
            "object": "chat.completion",
            "created": frame.created,
            "model": frame.model,
            "choices": [choice],
            "usage": usage_of(answer.report),
            **tier_of(answer.report),
            "system_fingerprint": None,
        }
    )


def decode_answer(body: bytes) -> Answer:
    """Read a chat completion, or raise MalformedAnswerError."""
    try:
        fields: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedAnswerError from error
    choices = dicts(fields, "choices")
    if len(list(choices)) != 1:
        raise MalformedAnswerError
    answer = cast("dict[str, Any]", fields)
    built, deltas = AnswerBuilder(), Deltas()
    [choice] = choices
    try:
        built.add(deltas.take({**choice, "delta": choice.get("message")}))
        built.add(deltas.close())
    except NonsenseError as error:
        raise MalformedAnswerError from error
    return built.answer(read_usage(answer.get("usage"), answer))


def usage_of(report: Report) -> dict[str, Any] | None:
    """Write the usage, where one was reported."""
    return None if report.usage is None else write_usage(report.usage)


def tier_of(report: Report) -> dict[str, str]:
    """Write the tier at which the call was served, where it was told."""
    tier = report.service_tier
    return {} if tier is None else {"service_tier": "default" if tier == "standard" else tier}


def call_of(block: ToolUse) -> dict[str, Any]:
    """Write a tool call; one without arguments has an empty object."""
    if block.custom:
        kind, said = "custom", {"name": block.name, "input": block.arguments}
    else:
        kind, said = "function", {"name": block.name, "arguments": block.arguments or "{}"}
    signed = {} if block.signature is None else {"extra_content": signed_extra(block.signature)}
    return {"id": block.id, "type": kind, kind: said, **signed}


def _message(answer: Answer) -> dict[str, Any]:
    blocks = answer.blocks
    calls = [call_of(block) for block in blocks if isinstance(block, ToolUse)]
    texts = [block.text for block in blocks if isinstance(block, Text)]
    refusals = [block.text for block in blocks if isinstance(block, Refusal)]
    if answer.explanation:
        refusals.append(answer.explanation)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts or not (calls or refusals) else None,
        "refusal": "".join(refusals) or None,
        "annotations": [],
    }
    if calls:
        message["tool_calls"] = calls
    return {**message, **_thoughts(blocks)}


def _thoughts(blocks: tuple[AnswerBlock, ...]) -> dict[str, Any]:
    thoughts = [block for block in blocks if isinstance(block, Thinking | RedactedThinking)]
    text = "".join(block.text for block in thoughts if isinstance(block, Thinking))
    written: dict[str, Any] = {"reasoning_content": text} if text else {}
    if any(map(needs_detail, thoughts)):
        written["reasoning_details"] = [detail_of(block, i) for i, block in enumerate(thoughts)]
    return written
