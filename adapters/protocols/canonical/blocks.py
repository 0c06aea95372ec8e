"""Content blocks: the parts of a turn, in an order that no protocol may change."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text; `cache` marks the end of a prefix worth caching, for "5m" or "1h"."""

    text: str
    cache: str | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, as base64 data of a media type or by its address."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    detail: str | None = None
    cache: str | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound as base64; `format` is a short name such as wav."""

    format: str
    data: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file to read: base64 data of a media type, plain text, or an address."""

    media_type: str = ""
    data: str = ""
    text: str = ""
    url: str = ""
    title: str = ""
    cache: str | None = None

    @property
    def told(self) -> str:
        """Its plain text under its title, for protocols that know no documents of text."""
        return f"{self.title}\n\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The model calls a tool.

    `arguments` is the text of a JSON object, or free text for a custom tool, exactly as produced.
    """

    id: str
    name: str
    arguments: str
    signature: str | None = None
    issuer: str | None = None
    custom: bool = False
    cache: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered."""

    tool_use_id: str
    blocks: tuple[Text | Image | Document, ...]
    is_error: bool = False
    cache: str | None = None


@dataclass(frozen=True, slots=True)
class Thinking:
    """What the model thought; the signature is good only for the protocol that issued it."""

    text: str
    signature: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class RedactedThinking:
    """Thoughts that only the protocol that issued them can read."""

    data: str
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The model says that it will not."""

    text: str


Block = (
    Text | Image | Audio | Document | ToolUse | ToolResult | Thinking | RedactedThinking | Refusal
)
