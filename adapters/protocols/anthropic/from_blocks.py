"""Canonical blocks in Anthropic's words; what has none is refused."""

from collections.abc import Iterator
from typing import Any, Final

from adapters.protocols.anthropic.call_ids import CallIds
from adapters.protocols.anthropic.foreign import ANTHROPIC
from adapters.protocols.canonical.arguments import arguments_of
from adapters.protocols.canonical.blocks import (
    Audio,
    Block,
    Document,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from adapters.protocols.canonical.conversation import Conversation

Json = dict[str, Any]
IMAGE_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
PDF, PLAIN = "application/pdf", "text/plain"


class BlockWriter:
    """Writes the blocks of one conversation, whose calls keep apart whatever they are called."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._ids = CallIds()

    def blocks(self, blocks: tuple[Block, ...]) -> list[Json]:
        """Write blocks: results first, as Anthropic wants them; empty texts say nothing."""
        written = [fields for block in blocks for fields in self._block(block)]
        return sorted(written, key=lambda fields: fields["type"] != "tool_result")

    def _block(self, block: Block) -> Iterator[Json]:
        match block:
            case Text() | Refusal():
                if block.text:
                    yield text_fields(block)
            case Image() | Document():
                yield self._medium(block)
            case ToolUse():
                yield self._tool_use(block)
            case ToolResult():
                yield self._tool_result(block)
            case Thinking() | RedactedThinking():
                yield from _thoughts(block)
            case Audio():
                self._conversation.refuse("audio")

    def _tool_use(self, block: ToolUse) -> Json:
        arguments = arguments_of(self._conversation, block)
        call = {"id": self._ids.of(block.id), "name": block.name, "input": arguments}
        return {"type": "tool_use", **call, **cache_fields(block.cache)}

    def _tool_result(self, block: ToolResult) -> Json:
        inner = [fields for part in block.blocks for fields in self._block(part)]
        fields: Json = {"type": "tool_result", "tool_use_id": self._ids.of(block.tool_use_id)}
        plain = len(inner) == 1 and inner[0].keys() == {"type", "text"}
        fields["content"] = inner[0]["text"] if plain else inner
        if block.is_error:
            fields["is_error"] = True
        return fields | cache_fields(block.cache)

    def _medium(self, block: Image | Document) -> Json:
        if isinstance(block, Image):
            return {"type": "image", "source": self._image(block), **cache_fields(block.cache)}
        title = {"title": block.title} if block.title else {}
        source = self._document(block)
        return {"type": "document", "source": source, **title, **cache_fields(block.cache)}

    def _image(self, block: Image) -> Json:
        if block.url:
            return {"type": "url", "url": block.url}
        media_type = "image/jpeg" if block.media_type == "image/jpg" else block.media_type
        if media_type not in IMAGE_TYPES:
            kinds = ", ".join(sorted(IMAGE_TYPES))
            self._conversation.refuse("image", f"has an image of another type than {kinds}")
        return {"type": "base64", "media_type": media_type, "data": block.data}

    def _document(self, block: Document) -> Json:
        if block.url:
            return {"type": "url", "url": block.url}
        if block.media_type == PDF and block.data:
            return {"type": "base64", "media_type": PDF, "data": block.data}
        if not block.text:
            self._conversation.refuse("document", f"has a file of another type than {PDF}")
        return {"type": "text", "media_type": PLAIN, "data": block.text}


def text_fields(block: Text | Refusal) -> Json:
    """Write a text; a refusal is one to Anthropic."""
    cache = block.cache if isinstance(block, Text) else None
    return {"type": "text", "text": block.text, **cache_fields(cache)}


def cache_fields(ttl: str | None) -> Json:
    """Write the end of a prefix that is worth keeping."""
    return {"cache_control": {"type": "ephemeral", "ttl": ttl}} if ttl else {}


def _thoughts(block: Thinking | RedactedThinking) -> Iterator[Json]:
    """Write thoughts that Anthropic issued; it takes no others, and needs none."""
    if block.issuer != ANTHROPIC:
        return
    if isinstance(block, RedactedThinking):
        yield {"type": "redacted_thinking", "data": block.data}
    elif block.signature:
        yield {"type": "thinking", "thinking": block.text, "signature": block.signature}
