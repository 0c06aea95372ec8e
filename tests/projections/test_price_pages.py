"""A version of a price book is believed only if all that it says are prices."""

from typing import Any

import pytest

from domain.money import NANOS_MAX
from projections.audit.price_pages import is_priced

CARDS = {"m": {"input": 5, "request": 0}}
LIST: dict[str, Any] = {"multiplier": None, "models": None, "cards": {}, "terms": {}}
TIER: dict[str, Any] = {"multiplier": [1, 2], "prices": {"output": 3}, "above": [[9, {"input": 1}]]}


def page(cards: Any = CARDS, lists: Any = None, **terms: Any) -> Any:
    return {"cards": cards, "terms": {"m": terms}, "lists": lists or {}}


@pytest.mark.parametrize(
    "said",
    [
        page(),
        page({}),
        page({"m": {"input": NANOS_MAX}}),
        page(multiplier=[0, 1], above=[[0, {"input": 1}]], service_tiers={"flex": TIER}),
        page(lists={"gold": {**LIST, "multiplier": [2, 3]}, "own": {**LIST, "cards": CARDS}}),
    ],
)
def test_prices_steps_tiers_and_lists_are_believed(said: Any) -> None:
    assert is_priced(said)


@pytest.mark.parametrize("share", [[1, 0], [-1, 2], [1, -2], [1.5, 1], [1], ["a", 1], [True, 1], 5])
def test_a_share_is_two_whole_numbers_the_second_above_zero(share: Any) -> None:
    assert not is_priced(page(multiplier=share))
    assert not is_priced(page(service_tiers={"flex": {"multiplier": share}}))
    assert not is_priced(page(lists={"gold": {**LIST, "multiplier": share}}))
    assert not is_priced(page({}, lists={"gold": {**LIST, "multiplier": share}}))


@pytest.mark.parametrize(
    "prices",
    [{"input": -5}, {"input": 1.5}, {"input": "5"}, {"input": NANOS_MAX + 1}, {"inptu": 5}, [5]],
)
def test_a_price_is_a_whole_number_of_something_known(prices: Any) -> None:
    assert not is_priced(page({"m": prices}))
    assert not is_priced(page(above=[[9, prices]]))
    assert not is_priced(page(service_tiers={"flex": {"prices": prices}}))
    assert not is_priced(page(service_tiers={"flex": {"above": [[9, prices]]}}))
    assert not is_priced(page(lists={"own": {**LIST, "cards": {"m": prices}}}))


@pytest.mark.parametrize("tokens", [-1, 1.5, "9", None])
def test_a_step_is_at_a_whole_number_of_tokens(tokens: Any) -> None:
    assert not is_priced(page(above=[[tokens, {"input": 1}]]))


@pytest.mark.parametrize("said", [page(lists={"gold": {}}), page(above=5), page([])])
def test_what_cannot_even_be_read_is_not_believed(said: Any) -> None:
    assert not is_priced(said)
