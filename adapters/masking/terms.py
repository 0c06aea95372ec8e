"""A customer's own terms: taken literally, in any case, as whole words."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.masking.folded import Folded, fold, stretches, windows
from adapters.masking.span import Span
from domain.content_rules import ContentBlockedError, ContentRule

KIND: Final = "term"
_WORD: Final = re.compile(r"\w")
_UNSPACED: Final = re.compile(
    r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Scripts that put no spaces between words, so that a word's edges cannot be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class _Term:
    rule_id: str
    text: str
    pattern: re.Pattern[str]


class _Sought:
    """Terms of one action."""

    def __init__(self, rules: Iterable[ContentRule]) -> None:
        named = [(rule, fold(rule.term)) for rule in rules]
        self.terms = [_Term(rule.id, term, _pattern(term)) for rule, term in named if term]
        self._overlap = max((len(term.text) for term in self.terms), default=0) + 1

    def find(self, text: str) -> Iterator[tuple[_Term, tuple[int, int]]]:
        """Give each term that stands there as a whole word, and where."""
        present = self._present(text) if self.terms else ()
        after = dict.fromkeys(present, 0)
        for stretch in stretches(text, self._overlap) if present else ():
            for term in [term for term in present if term.text in stretch.text]:
                for start, end in _matches(term.pattern, stretch, after[term]):
                    after[term] = stretch.first + end
                    yield term, stretch.place(start, end)

    def _present(self, text: str) -> Sequence[_Term]:
        """Keep the terms that stand there at all: to tell that takes a fraction of the time."""
        absent = self.terms
        for window in windows(text, self._overlap):
            absent = [term for term in absent if term.text not in window]
        if len(absent) == len(self.terms):
            return ()
        gone = {*absent}
        return [term for term in self.terms if term not in gone]


class Terms:
    """Finds a customer's terms; most texts hold none, and say so at once."""

    def __init__(self, rules: Sequence[ContentRule]) -> None:
        self._blocks = _Sought(rule for rule in rules if rule.action == "block")
        self._masks = _Sought(rule for rule in rules if rule.action == "mask")

    def __bool__(self) -> bool:
        return bool(self._blocks.terms or self._masks.terms)

    def check(self, text: str) -> None:
        """Raise ContentBlockedError for the first rule met that refuses this text."""
        for term, _ in self._blocks.find(text):
            raise ContentBlockedError(term.rule_id)

    def find(self, text: str) -> Iterator[Span]:
        """Give what is to be masked."""
        for _, (start, end) in self._masks.find(text):
            yield Span(start, end, KIND)


def _matches(pattern: re.Pattern[str], stretch: Folded, after: int) -> Iterator[tuple[int, int]]:
    """Find what the stretches before, of which this one has the end, have not shown already."""
    seen = 1 if stretch.first else 0  # what is before that is not known
    for match in pattern.finditer(stretch.text, max(seen, after - stretch.first)):
        if match.end() == len(stretch.text) and not stretch.is_last:
            break  # what is behind it is told by the next
        yield match.span()


def _pattern(term: str) -> re.Pattern[str]:
    # The term comes first, and what is before it is looked at last: to find a literal is fast.
    before = rf"(?<!\w(?s:.{{{len(term)}}}))" if _has_edge(term[0]) else ""
    after = r"(?!\w)" if _has_edge(term[-1]) else ""
    return re.compile(re.escape(term) + after + before)


def _has_edge(character: str) -> bool:
    return _WORD.match(character) is not None and _UNSPACED.match(character) is None
