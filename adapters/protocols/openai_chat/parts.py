"""Chat's content parts to blocks; a part that no other protocol has a word for is refused."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from adapters.protocols.canonical.blocks import Audio, Document, Image, Refusal, Text
from adapters.protocols.data_url import is_data, read_data
from adapters.protocols.extras import refuse_others
from domain.errors import InvalidRequestError

PartBlock = Text | Image | Audio | Document | Refusal

_CACHES: Final = {None: "5m", "5m": "5m", "30m": "5m", "1h": "1h", "12h": "1h"}
"""How long others keep what OpenAI keeps so long: never a dearer write than asked for."""


def blocks_of(content: object, path: str) -> Iterator[PartBlock]:
    """Read a message's content; empty texts say nothing and are left out."""
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    if content is None:
        return
    for index, part in enumerate(cast("list[dict[str, Any]]", content)):
        if (block := _block(part, f"{path}[{index}]")) is not None:
            yield block


def cache_of(holder: Mapping[str, Any], path: str) -> str | None:
    """Read a mark that the prompt up to here is worth caching, by OpenAI's or Anthropic's name."""
    for name in ("prompt_cache_breakpoint", "cache_control"):
        mark = holder.get(name)
        if mark is None:
            continue
        ttl = cast("dict[str, Any]", mark).get("ttl") if isinstance(mark, dict) else mark
        if not isinstance(ttl, str | None) or ttl not in _CACHES:
            raise InvalidRequestError(f"Invalid value for '{path}.{name}'.", f"{path}.{name}")
        return _CACHES[ttl]
    return None


def _block(part: Mapping[str, Any], path: str) -> PartBlock | None:
    refuse_others(part, _KNOWN, path)
    cache = cache_of(part, path)
    match part["type"]:
        case "text":
            return Text(part["text"], cache) if part["text"] else None
        case "refusal":
            return Refusal(part["refusal"])
        case "image_url":
            return _image(part["image_url"], cache, f"{path}.image_url")
        case "input_audio":
            return _audio(part["input_audio"], f"{path}.input_audio")
        case _:
            return _document(part["file"], cache, f"{path}.file")


def _image(fields: Mapping[str, Any], cache: str | None, path: str) -> Image:
    refuse_others(fields, _IMAGE, path)
    address: str = fields["url"]
    detail = fields.get("detail")
    if not is_data(address):
        if not address.lower().startswith(("http://", "https://")):
            raise InvalidRequestError(f"'{path}.url' is no web or data address.", f"{path}.url")
        return Image(url=address, detail=detail, cache=cache)
    found = read_data(address)
    if found is None:
        message = f"'{path}.url' must hold base64 of a named media type."
        raise InvalidRequestError(message, f"{path}.url")
    return Image(found.media_type, found.data, detail=detail, cache=cache)


def _audio(fields: Mapping[str, Any], path: str) -> Audio:
    refuse_others(fields, _AUDIO, path)
    return Audio(fields["format"], fields["data"])


def _document(fields: Mapping[str, Any], cache: str | None, path: str) -> Document:
    refuse_others(fields, _FILE, path)
    data, title = fields.get("file_data"), fields.get("filename") or ""
    found = read_data(data) if isinstance(data, str) else None
    if found is None or not isinstance(title, str):
        message = f"'{path}.file_data' must be a data address with base64 of a named media type."
        raise InvalidRequestError(message, f"{path}.file_data")
    return Document(found.media_type, found.data, title=title, cache=cache)


_KNOWN: Final = frozenset(
    {
        "type", "text", "refusal", "image_url", "input_audio", "file",
        "prompt_cache_breakpoint", "cache_control",
    }
)  # fmt: skip
_IMAGE: Final = frozenset({"url", "detail"})
_AUDIO: Final = frozenset({"format", "data"})
_FILE: Final = frozenset({"file_data", "filename"})
