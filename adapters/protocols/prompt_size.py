"""The size of a prompt before the call, whatever protocol it came in (wire-facts §5).

count = tokens of the text + framing + media
hold = the text's with the model's margin + framing + media
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from adapters.protocols.media import IMAGE_CEILING, Audio, Document, Findings, Image, Media
from adapters.token_count import count_tokens
from domain.errors import ContextLengthError
from domain.margin import Margin
from domain.metering import Estimate

PER_MESSAGE, PER_TOOL, WITH_TOOLS = 8, 16, 400
"""Tokens of framing: each message, each tool, and the hidden prompt that comes with tools."""
HIDDEN_TOKENS = 4_096
"""What a provider may put before a prompt without telling."""
LARGE_BYTES = 64 * 1024
"""Requests beyond this are counted off the event loop."""
SURE_PERCENT = 75
"""So much of our count every tokenizer makes of a text."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PromptParts:
    """A prompt taken apart by its surface's codec."""

    texts: list[str]
    """Everything that a provider turns into tokens, names and schemas of tools included."""
    messages: int
    tools: int = 0
    media: list[Media] = field(default_factory=list[Media])
    size: int = 0
    """Bytes of the request as received."""
    json_schema: bool = False
    """Whether the answer must follow a schema."""
    reasoning: bool = False
    """Whether the caller asks for thinking."""
    tokens: int = 0
    """What came as tokens of the model's own: counted as they are."""
    prompts: int = 1
    """How many prompts stand alone, each with the whole of the model's context."""
    shrinks: bool = False
    """Whether the provider may leave out some of it: thoughts of before, what is to be cut."""


@dataclass(frozen=True, slots=True)
class PromptSize:
    """A prompt that was counted once, to be estimated for as many models as may answer it."""

    parts: PromptParts
    text_tokens: int
    text_bytes: int

    def check_fits(self, context_tokens: int) -> None:
        """Raise ContextLengthError for a prompt that is beyond a model's context for sure.

        It would be held for the context alone; a model with more of it than the catalogue says
        would answer all the same.
        """
        limit = context_tokens * self.parts.prompts
        least = self.text_tokens * SURE_PERCENT // 100 + self.parts.tokens
        if least > limit and not self.parts.shrinks:
            raise ContextLengthError(tokens=least, limit=limit)

    def estimate(self, context_tokens: int, margin: Margin) -> Estimate:
        """Bound what one model makes of it; we hold for the model's context at most, each prompt.

        What was used is believed beyond that, as far as the bytes go: the catalogue may be behind.
        """
        context_tokens *= self.parts.prompts
        media = sum(item.tokens(margin) for item in self.parts.media)
        framing = self._framing + self.parts.tokens
        # For byte-level vocabularies no text has more tokens than bytes.
        held = min(self.text_bytes, -(-self.text_tokens * margin.percent // 100))
        return Estimate(
            count=min(self.text_tokens + framing + media, context_tokens),
            hold=min(held + framing + media, context_tokens),
            ceiling=self._ceiling(media, context_tokens),
        )

    @property
    def _framing(self) -> int:
        tools = self.parts.tools
        return PER_MESSAGE * self.parts.messages + (WITH_TOOLS + PER_TOOL * tools if tools else 0)

    def _ceiling(self, media: int, context_tokens: int) -> int:
        """Say what the prompt cannot exceed, which is what a report of its usage is judged by."""
        images = sum(isinstance(item, Image) for item in self.parts.media)
        seen = self.parts.size + self._framing + HIDDEN_TOKENS + max(media, images * IMAGE_CEILING)
        return max(seen, context_tokens) if any(map(_measureless, self.parts.media)) else seen


def measure(parts: PromptParts) -> PromptSize:
    """Count a prompt's text; up to about 50 µs a kilobyte."""
    text = "\n".join(parts.texts)
    return PromptSize(parts, count_tokens(text), len(text.encode()))


async def measure_off_loop(size: int, parts: Callable[[], PromptParts]) -> PromptSize:
    """Measure a request of this many bytes; a large one in a thread, the taking apart too."""
    return await off_loop(size, lambda: measure(parts()))


async def off_loop(size: int, work: Callable[[], T]) -> T:
    """Do what takes as long as a request is large: in a thread, if it is large."""
    return work() if size <= LARGE_BYTES else await asyncio.to_thread(work)


def strings_in(value: object) -> Iterator[str]:
    """Walk every text in a JSON value, names of fields included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield key
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from strings_in(inner)


def _measureless(item: Media) -> bool:
    """Tell what only the context bounds: a page may say more than its bytes, or be elsewhere."""
    return isinstance(item, Document | Findings) or (isinstance(item, Audio) and item.size is None)
