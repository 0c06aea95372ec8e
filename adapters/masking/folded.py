"""Texts without what makes no difference to a reader: case, compositions, and invisible marks.

They are folded a slice at a time, for all threads wait for one call of the library.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SLICE: Final = 4096
_WINDOW: Final = 32 * 1024
_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_MARKS: Final = (
    r"[\u0300-\u036f\u1160-\u11ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a"
    r"\ufe20-\ufe2f\uff9e\uff9f\u00ad\u200b-\u200d\u2060\ufeff"
    r"\u064b-\u065f\u0670\u093c\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56\u0cc2\u0cd5\u0cd6"
    r"\u0d3e\u0d57\u0dca\u0dcf\u0ddf\u102e\u1b35\U000110ba\U00011127\U0001133e\U00011357\U000114b0"
    r"\U000114ba\U000114bd\U000115af\U00011930]{0,30}"
)
"""What may become one with the character before it."""
_SLICE_END: Final = re.compile(_MARKS)
_CLUSTER: Final = re.compile(r"(?:[\x00-\x7f]{2,}(?![^\x00-\x7f])|(?s:.))" + _MARKS)
"""A character with the marks that may become one with it, or a run of plain ones."""
_SPELT: Final = {
    "\uff9e": "\u3099",  # in half width: else it is a letter to _CROWD
    "\uff9f": "\u309a",
    "\ufdfa": unicodedata.normalize("NFKC", "\ufdfa"),  # 18 letters, which take long one by one
}
_CROWD: Final = re.compile(r"[^\w\x00-\x7f]{32,}")
"""More marks than any language gives a character: sorting them takes the square of their number."""


def fold(text: str) -> str:
    """Make texts equal that look alike but for their case; i has its dot or not in any case."""
    if text.isascii():
        return text.lower()
    seen = text
    for mark in _INVISIBLE:
        seen = seen.replace(mark, "")  # far faster than a translation
    for mark, same in _SPELT.items():
        seen = seen.replace(mark, same)
    seen = _CROWD.sub(_without_marks, seen)
    seen = unicodedata.normalize("NFKC", seen).casefold()
    return unicodedata.normalize("NFKC", seen).replace("i\u0307", "i").replace("\u0131", "i")


def _without_marks(crowd: re.Match[str]) -> str:
    return "".join(character for character in crowd[0] if not _is_mark(character))


def _is_mark(character: str) -> bool:
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


def windows(text: str, overlap: int) -> Iterator[str]:
    """Fold a text into windows, each of which begins with the end of the one before."""
    if len(text) <= _SLICE:
        yield fold(text)
        return
    parts: list[str] = []
    size = 0
    for start, end in _slices(text):
        parts.append(part := fold(text[start:end]))
        size += len(part)
        if size >= _WINDOW:
            yield (window := "".join(parts))
            parts, size = [window[-overlap:]], 0
    yield "".join(parts)


@dataclass(frozen=True, slots=True)
class Folded:
    """A stretch of a folded text that knows where its characters came from."""

    text: str
    first: int
    """How many characters of the folded text come before it."""
    is_last: bool
    starts: "array[int]"
    ends: "array[int]"

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Tell which characters of the text as it was became these."""
        return self.starts[start], self.ends[end - 1]


def stretches(text: str, overlap: int) -> Iterator[Folded]:
    """Fold a text cluster by cluster, where each stretch begins with the end of the one before."""
    known: dict[str, str] = {}
    last = Folded("", 0, False, array("I"), array("I"))
    for start, end in _slices(text):
        gone = max(0, len(last.text) - overlap)
        parts, starts, ends = [last.text[gone:]], last.starts[gone:], last.ends[gone:]
        for match in _CLUSTER.finditer(text, start, end):
            cluster, (at, after) = match[0], match.span()
            if cluster.isascii():
                parts.append(cluster.lower())
                starts.extend(range(at, after))
                ends.extend(range(at + 1, after + 1))
                continue
            if (part := known.get(cluster)) is None:
                part = known[cluster] = fold(cluster)
            parts.append(part)
            starts.extend([at] * len(part))
            ends.extend([after] * len(part))
        last = Folded("".join(parts), last.first + gone, end == len(text), starts, ends)
        yield last


def _slices(text: str) -> Iterator[tuple[int, int]]:
    """Cut a text where no character becomes one with the next."""
    end = 0
    while end < len(text):
        start = end
        marks = _SLICE_END.match(text, start + _SLICE)
        assert marks is not None, "no marks are marks, too"
        end = marks.end()
        yield start, end
