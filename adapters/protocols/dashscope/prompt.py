"""What a DashScope prompt is made of, for estimating its size."""

from collections.abc import Iterator
from typing import Any, Final

from adapters.protocols.dashscope.fields import GenerationFields, Message, Part
from adapters.protocols.media import Audio, Document, Media, audio_of, image_at
from adapters.protocols.prompt_size import PromptParts, strings_in

_SCHEMAS: Final = ("tools", "tool_choice", "response_format")
"""What a provider reads besides the messages."""


def prompt_parts(fields: GenerationFields, parameters: dict[str, Any], size: int) -> PromptParts:
    """Take a checked request apart; `parameters` are the caller's own."""
    asked = fields.input
    messages = asked.messages or []
    history = asked.history or []
    said = [text for turn in history for text in (turn.user, turn.bot) if text]
    parts = [part for message in messages for part in parts_of(message)]
    form = fields.parameters.response_format
    return PromptParts(
        texts=[
            *([asked.prompt] if asked.prompt else []),
            *said,
            *(text for message in messages for text in _texts(message)),
            *strings_in([parameters.get(name) for name in _SCHEMAS]),
        ],
        messages=len(messages) + len(said) + (asked.prompt is not None),
        tools=len(fields.parameters.tools or ()),
        media=[item for part in parts if (item := _medium(part))],
        size=size,
        json_schema=form is not None and form.type == "json_schema",
        reasoning=fields.parameters.enable_thinking is True,
        shrinks=any(m.reasoning_content or m.model_extra for m in messages),
    )


def parts_of(message: Message) -> list[Part]:
    """List the parts of a message's content, if it has any."""
    return message.content if isinstance(message.content, list) else []


def _texts(message: Message) -> Iterator[str]:
    """Walk the texts of a message; what vendors add to it is text to them, too."""
    yield from (part.text for part in parts_of(message) if part.text)
    whole = message.model_dump(exclude={"role", "content"}, exclude_none=True)
    yield from strings_in(whole)
    if isinstance(message.content, str):
        yield message.content


def _medium(part: Part) -> Media | None:
    """Size what is no text; nothing is fetched."""
    if part.image is not None:
        return image_at(part.image)
    if part.audio is not None:
        return audio_of(part.audio) if part.audio.startswith("data:") else Audio()
    # What a video comes to nobody can tell from outside.
    return Document() if part.video is not None else None
