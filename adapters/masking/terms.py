"""A customer's own terms: taken literally, in any case, as whole words."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from adapters.masking.folded import Folded, fold, folded
from adapters.masking.span import Span, scan
from domain.content_rules import ContentBlockedError, ContentRule

KIND: Final = "term"
_WORD: Final = re.compile(r"\w")
_UNSPACED: Final = re.compile(
    r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Scripts that put no spaces between words, so that a word's edges cannot be seen."""


class Terms:
    """Finds a customer's terms; most texts hold none, and say so at once."""

    def __init__(self, rules: Sequence[ContentRule]) -> None:
        named = [(rule, fold(rule.term)) for rule in rules]
        self._rules = [(rule, term, _pattern(term)) for rule, term in named if term]

    def __len__(self) -> int:
        return len(self._rules)

    def check(self, text: str) -> None:
        """Raise ContentBlockedError for the first rule that refuses this text."""
        for rule, _ in self._matches(text, "block"):
            raise ContentBlockedError(rule.id)

    def find(self, text: str) -> Iterator[Span]:
        """Give what is to be masked."""
        for _, (start, end) in self._matches(text, "mask"):
            yield Span(start, end, KIND)

    def _matches(self, text: str, action: str) -> Iterator[tuple[ContentRule, tuple[int, int]]]:
        seen = fold(text) if self._rules else ""
        placed: Folded | None = None
        for rule, term, pattern in self._rules:
            if rule.action == action and term in seen:
                placed = placed or folded(text)
                for match in scan(pattern, placed.text, len(term) + 1):
                    yield rule, placed.place(*match.span())


def _pattern(term: str) -> re.Pattern[str]:
    before = r"(?<!\w)" if _has_edge(term[0]) else ""
    after = r"(?!\w)" if _has_edge(term[-1]) else ""
    return re.compile(before + re.escape(term) + after)


def _has_edge(character: str) -> bool:
    return _WORD.match(character) is not None and _UNSPACED.match(character) is None
