"""A term is found however its letters are written, and never within another word."""

import pytest

from domain.content_rules import ContentBlockedError
from tests.adapters.masking.masks import masked, rule, said

ALIKE = {
    "dotted capital i": ("istanbul", "İSTANBUL"),
    "dotted term": ("İstanbul", "istanbul"),
    "dotless i": ("\u0131ş\u0131k", "IŞIK"),
    "sharp s": ("straße", "STRASSE"),
    "sharp s in the text": ("strasse", "Straße"),
    "composed": ("caf\u00e9", "CAFE\u0301"),
    "decomposed": ("cafe\u0301", "Caf\u00c9"),
    "soft hyphens": ("falcon", "fal\u00adcon"),
    "soft hyphen in the term": ("fal\u00adcon", "falcon"),
    "zero width": ("falcon", "f\u200ba\u2060l\u200dcon"),
    "full width": ("falcon", "\uff26\uff21\uff2c\uff23\uff2f\uff2e"),
    "hard space": ("project falcon", "Project\u00a0Falcon"),
    "half width": ("ガ", "\uff76\uff9e"),
    "final sigma": ("ΟΔΟΣ", "οδος"),
}


@pytest.mark.parametrize("name", ALIKE)
def test_letters_that_are_alike_are_the_same(name: str) -> None:
    term, text = ALIKE[name]

    assert said(f"ä {text}, ß {text}!", rule(term)) == "ä [TERM_1], ß [TERM_1]!"
    with pytest.raises(ContentBlockedError):
        masked({"prompt": f"({text})"}, rule(term, "block"))


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("cafe", "cafe\u0301"),
        ("cafe", "café"),
        ("か", "か\u3099"),
        ("falcon", "fal\u00adcons"),
        ("falcon", "gyrfalcon"),
        ("falcon", "gyr\u00adfalcon"),
        ("\uff46al", "falcon"),
        ("가", "각"),
    ],
)
def test_a_letter_with_a_mark_is_another_and_words_stay_whole(term: str, text: str) -> None:
    assert said(text, rule(term)) == text


def test_a_long_term_is_found_across_the_edge_of_what_is_searched_at_once() -> None:
    term = "\ufdfa" * 150

    assert said("ä" * 32_700 + f" {term} x", rule(term)) == "ä" * 32_700 + " [TERM_1] x"


def test_a_term_without_a_visible_character_is_nowhere() -> None:
    assert said("a\u00adb", rule("\u00ad")) == "a\u00adb"
