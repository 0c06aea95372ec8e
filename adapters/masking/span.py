"""A stretch of a text that holds one datum, and how such stretches are put together."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

START: Final = r"(?:(?<![\w.+-])|(?<=\\[bfnrt]))"
"""Where a datum may begin: not within a word, but right after an escape of JSON in a text."""
WINDOW: Final = 32 * 1024
_LONGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end`, and what they are."""

    start: int
    end: int
    kind: str


def scan(pattern: re.Pattern[str], text: str, longest: int = _LONGEST) -> Iterator[re.Match[str]]:
    """Find as `finditer` does, some characters at a time, for all threads wait for one search.

    A match, with what is looked at behind it, is at most `longest` characters.
    """
    at = 0
    for start in range(0, len(text), WINDOW):
        end = start + WINDOW
        for match in pattern.finditer(text, at, end + longest):
            if match.start() >= end:
                break
            at = match.end()
            yield match
        at = max(at, end)


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Make one of those that overlap, of the widest one's kind: nothing of either may stay."""
    kept: Span | None = None
    widest = 0
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        width = span.end - span.start
        if kept is None or span.start >= kept.end:
            if kept is not None:
                yield kept
            kept, widest = span, width
            continue
        kind, widest = (span.kind, width) if width > widest else (kept.kind, widest)
        kept = Span(kept.start, max(kept.end, span.end), kind)
    if kept is not None:
        yield kept
