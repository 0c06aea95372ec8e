"""Content parts of Responses to blocks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.protocols.canonical.blocks import Document, Image, Refusal, Text
from adapters.protocols.data_url import is_data, read_data
from adapters.protocols.extras import refuse_others
from adapters.protocols.openai_chat.parts import cache_of
from domain.errors import InvalidRequestError

PartBlock = Text | Image | Document | Refusal


def blocks_of(content: str | list[dict[str, Any]], path: str) -> Iterator[PartBlock]:
    """Read a checked content; empty texts say nothing and are left out."""
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for index, part in enumerate(content):
        if (block := _block(part, f"{path}[{index}]")) is not None:
            yield block


def _block(part: Mapping[str, Any], path: str) -> PartBlock | None:
    kind: str = part["type"]
    refuse_others(part, _KNOWN[kind] | _EVERYWHERE, path)
    cache = cache_of(part, path)
    match kind:
        case "refusal":
            return Refusal(part["refusal"])
        case "input_image":
            return _image(part, cache, path)
        case "input_file":
            return _document(part, cache, path)
        case _:
            return Text(part["text"], cache) if part["text"] else None


def _image(part: Mapping[str, Any], cache: str | None, path: str) -> Image:
    path = f"{path}.image_url"
    address: str = part.get("image_url") or ""
    # Saying `auto` is saying nothing.
    detail = None if part.get("detail") == "auto" else part.get("detail")
    if not is_data(address):
        return Image(url=_web(address, path), detail=detail, cache=cache)
    found = read_data(address)
    if found is None:
        raise InvalidRequestError(f"'{path}' must hold base64 of a named media type.", path)
    return Image(found.media_type, found.data, detail=detail, cache=cache)


def _document(part: Mapping[str, Any], cache: str | None, path: str) -> Document:
    title: str = part.get("filename") or ""
    data: str | None = part.get("file_data")
    if data is None:
        url = _web(part.get("file_url") or "", f"{path}.file_url")
        return Document(url=url, title=title, cache=cache)
    found = read_data(data)
    if found is None:
        path = f"{path}.file_data"
        message = f"'{path}' must be a data address with base64 of a named media type."
        raise InvalidRequestError(message, path)
    return Document(found.media_type, found.data, title=title, cache=cache)


def _web(address: str, path: str) -> str:
    if not address.lower().startswith(("http://", "https://")):
        raise InvalidRequestError(f"'{path}' is no web or data address.", path)
    return address


_EVERYWHERE: Final = frozenset({"type", "prompt_cache_breakpoint"})
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "input_text": frozenset({"text"}),
    "output_text": frozenset({"text", "annotations", "logprobs"}),
    "refusal": frozenset({"refusal"}),
    "input_image": frozenset({"image_url", "detail"}),
    "input_file": frozenset({"file_data", "file_url", "filename", "detail"}),
}
