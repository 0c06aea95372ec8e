"""Texts are folded some at a time, only for rules that look for something, and found as one."""

import re
import unicodedata
from collections.abc import Iterator
from random import Random

import pytest

from adapters.masking import folded, placeholders, prompt, terms
from adapters.masking.folded import stretches, windows
from adapters.masking.placeholders import Placeholders
from adapters.masking.terms import Terms
from domain.content_rules import Action
from domain.errors import InvalidRequestError
from tests.adapters.masking.masks import MAIL, masked, rule, said

PIECES = ("a", "A\u0301", "\u00ad" * 3, "\ufb01", " ", "-", "\u0130")
RULES = [rule(term) for term in ("fi", "\u00e1", "a a", "a", "--", "i-", "\u00e1a")]


@pytest.mark.parametrize(("piece", "window"), [(1, 1), (2, 3), (3, 7), (4096, 5)])
def test_no_cut_hides_a_term_or_makes_one(
    piece: int, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random(5)  # noqa: S311  a sample, not a secret
    texts = ["".join(chance.choices(PIECES, k=14)) for _ in range(1000)]
    whole = [said(text, *RULES, kinds=()) for text in texts]

    monkeypatch.setattr(folded, "_SLICE", piece)
    monkeypatch.setattr(folded, "_WINDOW", window)

    assert [said(text, *RULES, kinds=()) for text in texts] == whole


@pytest.mark.parametrize(
    "text", ["\ufdfa", "e\u0301\u0316", "\u2014" * 31 + "a", "plain ", "\u00ad"]
)
def test_no_call_of_the_library_gets_more_than_a_slice(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []
    fold = folded.fold

    def spy(given: str) -> str:
        lengths.append(len(given))
        return fold(given)

    monkeypatch.setattr(folded, "fold", spy)
    long = text * (300_000 // len(text))

    searched = [len(window) for window in windows(long, 300)]
    searched += [len(stretch.text) for stretch in stretches(long, 300)]

    assert max(lengths) <= 4096 + 30
    assert max(searched) <= 110_000


def test_every_letter_that_has_a_decomposition_is_found_decomposed() -> None:
    """But for scripts that came with Unicode 16, which not every Python of ours knows."""
    codes = (*range(0x3100), *range(0x11000, 0x11380), *range(0x11400, 0x12000))
    letters = [letter for letter in map(chr, codes) if unicodedata.decomposition(letter)]

    for letter in [letter for letter in letters if unicodedata.is_normalized("NFC", letter)]:
        (stretch,) = stretches("x" + unicodedata.normalize("NFD", letter), 9)
        assert stretch.text == "x" + folded.fold(letter), f"{ord(letter):x}"


def test_what_one_letter_stands_for_is_spelt_at_once() -> None:
    assert folded.fold("\ufdfa") == "صلى الله عليه وسلم"


@pytest.mark.parametrize("action", ["mask", "block"])
def test_a_text_is_folded_only_for_rules_that_are_there(
    action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Terms([rule("falcon", action)])
    seen: list[str] = []

    def spy(text: str, overlap: int) -> list[str]:
        seen.append(text)
        return [text]

    monkeypatch.setattr(terms, "windows", spy)
    known.check("text")
    assert [*known.find("text")] == []

    assert seen == ["text"]


def test_a_term_is_looked_for_in_places_only_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "stretches", None)

    assert said("an eagle", rule("falcon"), kinds=()) == "an eagle"


def test_more_data_than_can_be_put_in_order_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt, "DATA_MAX", 3)

    assert masked({"prompt": f"{MAIL} {MAIL}", "suffix": MAIL})["suffix"] == "[EMAIL_1]"
    with pytest.raises(InvalidRequestError, match="more than 3 data"):
        masked({"prompt": f"{MAIL} {MAIL}", "suffix": f"{MAIL} x", "user": MAIL})


def test_a_callers_own_placeholders_are_looked_for_some_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lengths: list[int] = []
    pattern = placeholders.PLACEHOLDER

    class Spy:
        def finditer(self, text: str, start: int, end: int) -> Iterator[re.Match[str]]:
            lengths.append(min(end, len(text)) - start)
            return pattern.finditer(text, start, end)

    monkeypatch.setattr(placeholders, "PLACEHOLDER", Spy())
    made = Placeholders()

    made.avoid("[EMAIL_2] " + "[" * 200_000 + " [EMAIL_1]")

    assert made.of("email", MAIL) == "[EMAIL_3]"
    assert max(lengths) <= 64 * 1024
