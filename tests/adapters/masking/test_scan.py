"""Long texts are searched a piece at a time, and what is found is what one search finds."""

import re

import phonenumbers
import pytest

from adapters.masking import span
from adapters.masking.span import scan
from tests.adapters.masking.masks import KEY, MAIL, PHONE, said


@pytest.mark.parametrize("window", [1, 2, 3, 5, 8])
def test_no_edge_cuts_a_match_in_two_or_makes_one(
    window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span, "WINDOW", window)
    pattern = re.compile(r"(?<!a)b{1,4}(?!c)|ab|dd")

    for number in range(5**5):
        text = "".join("abcd "[number // 5**place % 5] for place in range(5)) * 2
        expected = [match.span() for match in pattern.finditer(text)]
        assert [match.span() for match in scan(pattern, text, 6)] == expected


def test_data_are_found_where_the_pieces_of_a_text_meet() -> None:
    for before in range(span.WINDOW - 40, span.WINDOW + 2, 3):
        text = "-" * before + f" {MAIL} {KEY} {PHONE} x"
        assert said(text).endswith(" [EMAIL_1] [API_KEY_1] [PHONE_1] x")


def test_a_long_token_is_one_wherever_it_begins() -> None:
    token = f"eyJ{'a' * 7000}.eyJ{'b' * 7000}.{'c' * 1000}"

    assert said(" " * (span.WINDOW - 100) + token + " x").strip() == "[API_KEY_1] x"


def test_one_search_is_no_longer_than_a_piece() -> None:
    lengths: list[int] = []

    class Spy:
        def finditer(self, text: str, start: int, end: int) -> list[re.Match[str]]:
            lengths.append(min(end, len(text)) - start)
            return []

    assert [*scan(Spy(), "x" * 200_000)] == []  # type: ignore[arg-type]  # a spy

    assert len(lengths) == 7
    assert max(lengths) <= 64 * 1024


def test_a_prompt_of_almost_numbers_costs_a_bounded_number_of_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each takes up to a tenth of a millisecond, and a number may want a dozen of them."""
    looks: list[str] = []

    def parse(text: str, region: str | None) -> phonenumbers.PhoneNumber:
        looks.append(text)
        return look_up(text, region)

    look_up = phonenumbers.parse
    monkeypatch.setattr(phonenumbers, "parse", parse)

    said("+9(9)9(9)9(9)9(9)9(9)9(9) " * 2000)

    assert len(looks) == 500
