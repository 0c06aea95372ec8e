"""What a messages prompt is made of, for estimating its size."""

from collections.abc import Iterator
from typing import Any, Final, cast

from adapters.protocols.anthropic.fields import CountFields
from adapters.protocols.anthropic.tools import paid_uses
from adapters.protocols.media import Document, Findings, Image, Media, document_of, image_of
from adapters.protocols.prompt_size import PromptParts, strings_in

NOT_READ: Final = frozenset({"type", "signature", "cache_control", "tool_use_id", "citations"})
"""Fields of a block that no model reads."""


def prompt_parts(fields: CountFields, body: dict[str, Any], size: int) -> PromptParts:
    """Take a checked body apart."""
    messages: list[dict[str, Any]] = body["messages"]
    blocks = [*_blocks(body.get("system")), *(b for m in messages for b in _blocks(m["content"]))]
    tools = fields.tools or []
    uses = sum(paid_uses(tools).values())
    return PromptParts(
        texts=[
            *(text for block in blocks for text in _texts(block)),
            *strings_in([body.get(name) for name in ("tools", "tool_choice", "output_config")]),
        ],
        messages=len(messages),
        tools=len(tools),
        media=[
            *([Findings(uses)] if uses else []),
            *(item for block in blocks for item in _media(block)),
        ],
        size=size,
        json_schema=fields.output_config is not None and fields.output_config.format is not None,
        reasoning=fields.thinking is not None and fields.thinking.type != "disabled",
        shrinks="context_management" in body or any(map(_left_out, blocks)),
    )


def _left_out(block: dict[str, Any]) -> bool:
    """Tell what the provider drops from the turns before the last."""
    return block["type"] in {"thinking", "redacted_thinking"}


def _blocks(content: object) -> list[dict[str, Any]]:
    """List the blocks of a content; plain text is one block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return cast("list[dict[str, Any]]", content) if isinstance(content, list) else []


def _texts(block: dict[str, Any]) -> Iterator[str]:
    """Walk the texts of a block: everything in it but data and what is only said to the API."""
    for name, value in block.items():
        if name == "content" and block["type"] == "tool_result":
            for inner in _blocks(value):
                yield from _texts(inner)
        elif name == "source" and isinstance(value, dict):
            yield from _source_texts(cast("dict[str, Any]", value))
        elif name not in NOT_READ:
            yield from strings_in(value)


def _source_texts(source: dict[str, Any]) -> Iterator[str]:
    if source["type"] == "text":
        yield source["data"]
    elif source["type"] == "content":
        for inner in _blocks(source["content"]):
            yield from _texts(inner)


def _media(block: dict[str, Any]) -> Iterator[Media]:
    """Size what is no text, that of tool results included; nothing is fetched."""
    if block["type"] == "tool_result":
        for inner in _blocks(block.get("content")):
            yield from _media(inner)
    elif block["type"] in {"image", "document"}:
        source: dict[str, Any] = block["source"]
        if source["type"] == "content":
            for inner in _blocks(source["content"]):
                yield from _media(inner)
        elif source["type"] != "text":
            yield _medium(block["type"], source)


def _medium(kind: str, source: dict[str, Any]) -> Media:
    data = source.get("data")
    if kind == "image":
        return image_of(data) if isinstance(data, str) else Image()
    return document_of(data) if isinstance(data, str) else Document()
