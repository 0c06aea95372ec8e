"""A whole answer of Converse."""

from typing import Any, cast

import orjson

from adapters.protocols.bedrock.reading import fields, parsed, stop_of, text
from adapters.protocols.bedrock.thinking import ISSUER
from adapters.protocols.bedrock.usage import read_usage
from adapters.protocols.canonical.answer import Answer, AnswerBlock, MalformedAnswerError
from adapters.protocols.canonical.blocks import RedactedThinking, Text, Thinking, ToolUse


def read_answer(body: bytes) -> Answer:
    """Read it, or raise MalformedAnswerError."""
    answer = parsed(body)
    content: object = fields(fields(answer.get("output")).get("message")).get("content")
    if not isinstance(content, list):
        raise MalformedAnswerError
    blocks = tuple(_block(fields(block)) for block in cast("list[object]", content))
    reason: object = answer.get("stopReason")
    stop = stop_of(reason, [type(block) for block in blocks])
    explanation = text(reason) if stop == "filtered" else None
    report = read_usage(answer.get("usage"), answer)
    return Answer(blocks, stop, explanation=explanation, report=report)


def _block(block: dict[str, Any]) -> AnswerBlock:
    if "text" in block:
        return Text(text(block["text"]))
    if "toolUse" in block:
        call = fields(block["toolUse"])
        arguments = orjson.dumps(fields(call.get("input"))).decode()
        return ToolUse(text(call.get("toolUseId")), text(call.get("name")), arguments)
    if "reasoningContent" in block:
        return _thought(fields(block["reasoningContent"]))
    if "citationsContent" in block:
        said: object = fields(block["citationsContent"]).get("content")
        parts = cast("list[object]", said) if isinstance(said, list) else []
        return Text("".join(text(fields(part).get("text")) for part in parts))
    raise MalformedAnswerError


def _thought(content: dict[str, Any]) -> AnswerBlock:
    if "redactedContent" in content:
        return RedactedThinking(text(content["redactedContent"]), ISSUER)
    thought = fields(content.get("reasoningText"))
    signature = thought.get("signature")
    signed = text(signature) if signature is not None else None
    return Thinking(text(thought.get("text")), signed, ISSUER if signed else None)
