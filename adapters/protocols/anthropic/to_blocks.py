"""The blocks of a message in canonical form; what has none is refused by its place."""

from typing import Final

import orjson

from adapters.protocols.anthropic import fields
from adapters.protocols.anthropic.foreign import ANTHROPIC, unwrap
from adapters.protocols.canonical.blocks import (
    Block,
    Document,
    Image,
    RedactedThinking,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from adapters.protocols.extras import NO_PLACE, refuse_extras
from domain.errors import UnsupportedParameterError

DEFAULT_TTL: Final = "5m"
_PLAIN: Final = "text/plain"
_SAID_AGAIN: Final = frozenset({"caller"})
_CALLED_BY_THE_MODEL: Final = (None, {"type": "direct"})


def block_of(block: fields.Block, path: str) -> Block:
    """Turn a block, or raise UnsupportedParameterError."""
    if not isinstance(block, fields.OfNoCost):
        refuse_extras(block, path, _SAID_AGAIN if isinstance(block, fields.ToolUse) else ())
    match block:
        case fields.ToolUse():
            return _tool_use(block, path)
        case fields.ToolResult():
            content = block.content or ()
            inner = (
                [fields.Text(type="text", text=content)] if isinstance(content, str) else content
            )
            return ToolResult(
                block.tool_use_id,
                tuple(part_of(part, f"{path}.content[{at}]") for at, part in enumerate(inner)),
                is_error=block.is_error is True,
                cache=cache_of(block.cache_control),
            )
        case fields.Thinking():
            foreign = unwrap(block.signature)
            if foreign is not None:
                return Thinking(block.thinking, foreign[2], foreign[0])
            return Thinking(block.thinking, block.signature or None, ANTHROPIC)
        case fields.RedactedThinking():
            return RedactedThinking(block.data, ANTHROPIC)
        case _:
            return part_of(block, path)


def part_of(block: fields.Result, path: str) -> Text | Image | Document:
    """Turn what may also stand in a tool's result, or raise UnsupportedParameterError."""
    if not isinstance(block, fields.OfNoCost):
        refuse_extras(block, path)
    match block:
        case fields.Text():
            return text_of(block, path)
        case fields.Image():
            return _image(block, path)
        case fields.Document():
            return _document(block, path)
        case fields.SearchResult():
            return _search_result(block, path)
        case fields.OfNoCost():
            raise UnsupportedParameterError(path, f"is '{block.type}', which {NO_PLACE}")


def text_of(block: fields.Text, path: str) -> Text:
    """Turn a text, or raise UnsupportedParameterError for one that cites."""
    refuse_extras(block, path)
    if block.citations:
        raise UnsupportedParameterError(f"{path}.citations", NO_PLACE)
    return Text(block.text, cache_of(block.cache_control))


def cache_of(control: fields.CacheControl | None) -> str | None:
    """Tell for how long a prefix is worth keeping."""
    return None if control is None else control.ttl or DEFAULT_TTL


def _tool_use(block: fields.ToolUse, path: str) -> ToolUse:
    if (block.model_extra or {}).get("caller") not in _CALLED_BY_THE_MODEL:
        raise UnsupportedParameterError(f"{path}.caller", NO_PLACE)
    return ToolUse(
        block.id,
        block.name,
        orjson.dumps(block.input).decode(),
        cache=cache_of(block.cache_control),
    )


def _image(block: fields.Image, path: str) -> Image:
    refuse_extras(block.source, f"{path}.source")
    cache, source = cache_of(block.cache_control), block.source
    if isinstance(source, fields.Url):
        return Image(url=source.url, cache=cache)
    return Image(source.media_type, source.data, cache=cache)


def _document(block: fields.Document, path: str) -> Document:
    _check_uncited(block.citations, path)
    refuse_extras(block.source, f"{path}.source")
    if block.context:
        raise UnsupportedParameterError(f"{path}.context", NO_PLACE)
    cache, title, source = cache_of(block.cache_control), block.title or "", block.source
    match source:
        case fields.Url():
            return Document(url=source.url, title=title, cache=cache)
        case fields.Content():
            text = _content_text(source, path)
            return Document(_PLAIN, text=text, title=title, cache=cache)
        case fields.Base64():
            if source.type == "text":
                return Document(_PLAIN, text=source.data, title=title, cache=cache)
            return Document(source.media_type, source.data, title=title, cache=cache)


def _content_text(source: fields.Content, path: str) -> str:
    if isinstance(source.content, str):
        return source.content
    texts: list[str] = []
    for at, part in enumerate(source.content):
        place = f"{path}.source.content[{at}]"
        if not isinstance(part, fields.Text):
            raise UnsupportedParameterError(place, NO_PLACE)
        texts.append(text_of(part, place).text)
    return "\n".join(texts)


def _check_uncited(citations: fields.Citations | None, path: str) -> None:
    if citations is None:
        return
    if citations.enabled:
        raise UnsupportedParameterError(f"{path}.citations", NO_PLACE)
    refuse_extras(citations, f"{path}.citations")


def _search_result(block: fields.SearchResult, path: str) -> Text:
    """Write what was found as plain text, with where it was found."""
    _check_uncited(block.citations, path)
    said = "\n".join(
        text_of(part, f"{path}.content[{at}]").text for at, part in enumerate(block.content)
    )
    return Text(f"{block.title}\n{block.source}\n\n{said}", cache_of(block.cache_control))
