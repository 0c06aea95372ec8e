"""Texts without what makes no difference to a reader: case, compositions, and invisible marks."""

import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_CLUSTER: Final = re.compile(
    r"(?:[\x00-\x7f]{2,}(?![^\x00-\x7f])|(?s:.))"
    r"[\u0300-\u036f\u1160-\u11ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a"
    r"\ufe20-\ufe2f\uff9e\uff9f\u00ad\u200b-\u200d\u2060\ufeff]{0,30}"
)
"""A character with the marks that may become one with it, or a run of plain ones."""
_HALF_WIDTH: Final = {"\uff9e": "\u3099", "\uff9f": "\u309a"}
_CROWD: Final = re.compile(r"[^\w\x00-\x7f]{32,}")
"""More marks than any language gives a character: sorting them takes the square of their number."""


def fold(text: str) -> str:
    """Make texts equal that look alike but for their case; i has its dot or not in any case."""
    if text.isascii():
        return text.lower()
    seen = text
    for mark in _INVISIBLE:
        seen = seen.replace(mark, "")  # far faster than a translation
    for mark, same in _HALF_WIDTH.items():
        seen = seen.replace(mark, same)  # else they are letters to _CROWD
    seen = _CROWD.sub(_without_marks, seen)
    seen = unicodedata.normalize("NFKC", seen).casefold()
    return unicodedata.normalize("NFKC", seen).replace("i\u0307", "i").replace("\u0131", "i")


def _without_marks(crowd: re.Match[str]) -> str:
    return "".join(character for character in crowd[0] if not _is_mark(character))


def _is_mark(character: str) -> bool:
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text that knows where its characters came from."""

    text: str
    _starts: Sequence[int]
    _ends: Sequence[int]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Tell which characters of the text as it was became these."""
        return self._starts[start], self._ends[end - 1]


def folded(text: str) -> Folded:
    """Fold a text, cluster by cluster."""
    if text.isascii():
        return Folded(text.lower(), range(len(text)), range(1, len(text) + 1))
    parts: list[str] = []
    starts, ends = array("I"), array("I")
    known: dict[str, str] = {}
    for match in _CLUSTER.finditer(text):
        cluster, (start, end) = match[0], match.span()
        if cluster.isascii():
            parts.append(cluster.lower())
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
            continue
        if (part := known.get(cluster)) is None:
            part = known[cluster] = fold(cluster)
        parts.append(part)
        starts.extend([start] * len(part))
        ends.extend([end] * len(part))
    return Folded("".join(parts), starts, ends)
