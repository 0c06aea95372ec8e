"""What a chat prompt is made of, for estimating its size."""

from collections.abc import Iterator
from typing import Any, Final, cast

from adapters.protocols.media import Document, Media, audio_of, document_of, image_at
from adapters.protocols.prompt_size import PromptParts, strings_in

SCHEMAS = ("tools", "functions", "response_format", "tool_choice", "function_call")
"""What a provider reads besides the messages."""
_READ: Final = frozenset(
    {"role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal"}
)
"""What it surely reads of a message: thoughts of before, and what it does not know, it may drop."""


def prompt_parts(body: dict[str, Any], size: int) -> PromptParts:
    """Take a checked body apart."""
    messages: list[dict[str, Any]] = body["messages"]
    parts = [part for message in messages for part in _parts(message)]
    form: dict[str, Any] = body.get("response_format") or {}
    return PromptParts(
        texts=[*_texts(messages), *strings_in([body[name] for name in SCHEMAS if name in body])],
        messages=len(messages),
        tools=len(body.get("tools") or ()) + len(body.get("functions") or ()),
        media=[item for part in parts if (item := _medium(part))],
        size=size,
        json_schema=form.get("type") == "json_schema",
        reasoning=body.get("reasoning_effort") not in {None, "none"},
        shrinks=any(message.keys() - _READ for message in messages),
    )


def _texts(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Walk the texts of messages; what vendors add to a message is text to them, too."""
    for message in messages:
        for part in _parts(message):
            if part["type"] in {"text", "refusal"}:
                yield part[part["type"]]
        for name, value in message.items():
            if name == "role" or (name == "content" and isinstance(value, list)):
                continue
            if isinstance(value, str):  # as most are
                yield value
            else:
                yield from strings_in(value)


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return cast("list[dict[str, Any]]", content) if isinstance(content, list) else []


def _medium(part: dict[str, Any]) -> Media | None:
    """Size what is no text; nothing is fetched."""
    if part["type"] == "image_url":
        image = part["image_url"]
        return image_at(image["url"], image.get("detail"))
    if part["type"] == "input_audio":
        return audio_of(part["input_audio"]["data"])
    if part["type"] == "file":
        data = part["file"].get("file_data")
        return document_of(data) if isinstance(data, str) else Document()
    return None
