"""What a prompt of Responses is made of, for estimating its size and finding a model."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from adapters.protocols.counters import within
from adapters.protocols.media import Document, Media, document_of, image_at
from adapters.protocols.prompt_size import PromptParts, strings_in

Json = Mapping[str, Any]
SCHEMAS: Final = ("tools", "text", "tool_choice")
"""What a provider reads besides instructions and input."""
_SEALED_CHARS: Final = 4
"""So many characters of sealed thoughts weigh about as much as one of plain base64."""
_NOT_READ: Final = frozenset({"type", "role", "id", "status", "phase"})


def prompt_parts(body: Json, size: int) -> PromptParts:
    """Take a checked body apart."""
    items = _items(body)
    parts = [part for item in items for part in _parts(item)]
    return PromptParts(
        texts=[
            *([body["instructions"]] if body.get("instructions") else []),
            *(text for item in items for text in _texts(item)),
            *strings_in([body.get(name) for name in SCHEMAS]),
        ],
        messages=len(items) + bool(body.get("instructions")),
        tools=sum(len(tool.get("tools") or (0,)) for tool in body.get("tools") or ()),
        media=[item for part in parts if (item := _medium(part))],
        size=size,
        json_schema=within(body, "text", "format", "type") == "json_schema",
        reasoning=within(body, "reasoning", "effort") not in {None, "none"},
        shrinks=body.get("truncation") == "auto" or any(map(_left_out, items)),
    )


def _left_out(item: Json) -> bool:
    """Tell what the provider drops from the turns before the last."""
    return item.get("type") == "reasoning"


def _items(body: Json) -> list[dict[str, Any]]:
    given = body.get("input") or ""
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


def _texts(item: Json) -> Iterator[str]:
    for part in _parts(item):
        yield from (part[name] for name in ("text", "refusal") if isinstance(part.get(name), str))
    for name, value in item.items():
        if name == "encrypted_content" and isinstance(value, str):
            yield value[: len(value) // _SEALED_CHARS]
        elif name not in _NOT_READ and not (name in _HOLDERS and isinstance(value, list)):
            yield from strings_in(value)


def _parts(item: Json) -> list[dict[str, Any]]:
    """List the content parts of an item, or of a tool's output."""
    held = [item.get(name) for name in _HOLDERS]
    lists = [cast("list[object]", parts) for parts in held if isinstance(parts, list)]
    return [
        cast("dict[str, Any]", part) for parts in lists for part in parts if isinstance(part, dict)
    ]


def _medium(part: Json) -> Media | None:
    """Size what is no text; nothing is fetched."""
    if part.get("type") == "input_image":
        address = part.get("image_url")
        return image_at(address if isinstance(address, str) else "", part.get("detail"))
    if part.get("type") == "input_file":
        data = part.get("file_data")
        return document_of(data) if isinstance(data, str) else Document()
    return None


_HOLDERS: Final = ("content", "output", "summary")
