"""What is in a prompt besides text, and how many tokens it may come to (wire-facts §5).

Nobody looks at pixels, samples or pages: headers tell enough to bound what a model makes of them.
Base64 is never counted as text.
"""

import base64
import re
from dataclasses import dataclass
from typing import Final

from adapters.image_size import HEADER_BYTES, dimensions
from domain.margin import Margin

PATCH_PIXELS: Final = 28
PATCH_PERCENT: Final = 120
IMAGE_MIN, IMAGE_HIGH_MAX, IMAGE_MAX = 1_120, 4_096, 16_384
"""Some models take this much for a dot; `high` detail ends there; and no size costs more."""
IMAGE_CEILING = 65_536
"""The small tile models charge the same picture many times over; more is not believed."""
AUDIO_TOKENS_PER_SECOND: Final = 32
AUDIO_BYTES_PER_SECOND: Final = 750
"""The thinnest bit rate that speech is sent at, where no header tells another."""
WAVE_BYTES_PER_SECOND_MAX: Final = 400_000
PAGE_TOKENS: Final = 3_000
"""Text and picture of a dense page."""
ELSEWHERE_MAX = 65_536
"""Tokens of a file or a recording that we cannot look into."""

_HEADER_CHARS: Final = HEADER_BYTES * 4 // 3 + 4
_WAVE_SAMPLES, _WAVE_RATE, _WAVE_FRAME = slice(24, 28), slice(28, 32), slice(32, 34)
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_PAGE_COUNT: Final = re.compile(rb"/Count\s+(\d{1,6})(?!\d)")


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by the beginning of its data; None when its data is elsewhere or unreadable."""

    header: bytes | None = None
    detail: str | None = None

    def tokens(self, margin: Margin) -> int:
        """Bound its tokens: by patches of 28 pixels a side and a fifth more.

        That is above what any vendor of wire-facts §5 charges at any size; a model whose every
        image costs the same says so in the catalogue.
        """
        if margin.image_tokens is not None:
            return margin.image_tokens
        size = dimensions(self.header) if self.header else None
        most = self._most(margin)
        if size is None:
            return most
        across, down = (-(-pixels // PATCH_PIXELS) for pixels in size)
        return min(most, max(IMAGE_MIN, -(-across * down * PATCH_PERCENT // 100)))

    def _most(self, margin: Margin) -> int:
        if margin.honours_detail and self.detail == "low":
            return IMAGE_MIN
        return IMAGE_HIGH_MAX if margin.honours_detail and self.detail == "high" else IMAGE_MAX


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording by its size in bytes and how it begins; no size when it is elsewhere."""

    size: int | None = None
    header: bytes = b""

    def tokens(self, margin: Margin) -> int:  # the same for every model
        """Bound its tokens by its length in seconds, told by a WAVE header or the bit rate."""
        if self.size is None:
            return ELSEWHERE_MAX
        return -(-self.size * AUDIO_TOKENS_PER_SECOND // self._bytes_per_second)

    @property
    def _bytes_per_second(self) -> int:
        if self.header[:4] != b"RIFF" or self.header[8:16] != b"WAVEfmt ":
            return AUDIO_BYTES_PER_SECOND
        samples, rate, frame = (
            int.from_bytes(self.header[where], "little")
            for where in (_WAVE_SAMPLES, _WAVE_RATE, _WAVE_FRAME)
        )
        # The rate is for players to skip by; what is played is frames, so many a second.
        told = min(rate, samples * frame)
        return min(max(told, AUDIO_BYTES_PER_SECOND), WAVE_BYTES_PER_SECOND_MAX)


@dataclass(frozen=True, slots=True)
class Document:
    """A file by its size in bytes and its pages; None for what is not known."""

    size: int | None = None
    pages: int | None = None

    def tokens(self, margin: Margin) -> int:  # the same for every model
        """Bound its tokens by its pages, else by its bytes."""
        if self.pages is not None:
            return self.pages * PAGE_TOKENS
        return ELSEWHERE_MAX if self.size is None else min(self.size, ELSEWHERE_MAX)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a provider's own tools put into the prompt, by how often they may be used."""

    uses: int

    def tokens(self, margin: Margin) -> int:  # the same for every model
        """Bound its tokens: each use may find a page of any length."""
        return self.uses * ELSEWHERE_MAX


Media = Image | Audio | Document | Findings


def image_at(address: str, detail: str | None = None) -> Image:
    """Take an image by its address: a data URL is looked into, any other is never fetched."""
    data = _data_of(address)
    return Image(None, detail) if data is None else image_of(data, detail)


def image_of(data: str, detail: str | None = None) -> Image:
    """Take an image as base64; only its beginning is decoded."""
    return Image(_decoded(data[:_HEADER_CHARS]), detail)


def audio_of(data: str) -> Audio:
    """Take a recording as base64, or as a data URL."""
    data = _data_of(data) or data
    return Audio(_size_of(data), _decoded(data[:64]) or b"")


def document_of(data: str) -> Document:
    """Take a file as base64, or as a data URL; a PDF's pages are counted if they can be."""
    data = _data_of(data) or data
    raw = _decoded(data)
    return Document(_size_of(data)) if raw is None else Document(len(raw), _pages(raw))


def _pages(raw: bytes) -> int | None:
    """Count a PDF's pages; None where they may hide in compressed objects."""
    if not raw.startswith(b"%PDF-") or b"/ObjStm" in raw:
        return None
    told = max((int(count) for count in _PAGE_COUNT.findall(raw)), default=0)
    return max(told, len(_PAGE.findall(raw))) or None


def _data_of(address: str) -> str | None:
    if address[:5].lower() != "data:":
        return None
    return address.partition(",")[2]


def _size_of(data: str) -> int:
    return len(data) * 3 // 4 - data[-2:].count("=")


def _decoded(data: str) -> bytes | None:
    """Decode base64 as far as it goes in whole groups; None for what is none."""
    packed = "".join(data.split())
    try:
        return base64.b64decode(packed[: len(packed) // 4 * 4])
    except ValueError:
        return None
