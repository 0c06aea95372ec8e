"""A version of the price book: what it is named by, and which card whom it gives."""

from typing import Any

import pytest

from domain.price_page import Page, card_on, models_on, plain_page, version_of
from domain.pricing import RateCard, ServiceTier, Step

CARDS = {"a": {"input": 100, "output": 200}, "b": {"input": 50}}
STEP = {"above": [[10, {"input": 300}]]}


def page(lists: dict[str, Any] | None = None, terms: dict[str, Any] | None = None) -> Page:
    return Page(cards=CARDS, terms=terms or {}, lists=lists or {})


def listed(**said: Any) -> dict[str, Any]:
    return {"gold": {"multiplier": None, "models": None, "cards": {}, "terms": {}, **said}}


def test_a_version_is_named_by_what_it_says() -> None:
    plain = plain_page({"a": {"input": 1, "output": 2}, "b": {}})
    name = version_of(plain, "USD")

    assert name == version_of(plain_page({"b": {}, "a": {"output": 2, "input": 1}}), "USD")
    assert name != version_of(plain, "EUR")
    assert name != version_of(plain_page({"a": {"input": 1, "output": 3}, "b": {}}), "USD")
    assert name == "pv_" + name[3:]
    assert len(name) == 27


def test_plain_prices_have_the_name_that_they_had_before_there_were_terms() -> None:
    assert version_of(plain_page({"m": {"input": 1}}), "USD") == "pv_3db717decc9bb46c5fd54c0c"


def test_terms_and_lists_are_part_of_what_a_version_says() -> None:
    pages = [
        page(),
        page(terms={"a": STEP}),
        page(terms={"b": STEP}),
        page(listed(multiplier=[1, 2])),
        page(listed(multiplier=[1, 3])),
        page(listed(multiplier=[1, 2]), terms={"a": STEP}),
    ]

    assert len({version_of(each, "USD") for each in pages}) == len(pages)
    # What stands among the terms is something else among the lists.
    assert version_of(page(terms={"x": {}}), "USD") != version_of(page(lists={"x": {}}), "USD")


def test_terms_are_read_with_the_prices() -> None:
    terms = {
        "multiplier": [3, 5],
        "above": [[10, {"input": 300}]],
        "service_tiers": {
            "flex": {"multiplier": [1, 2]},
            "fast": {"prices": {"input": 7}, "above": [[5, {"input": 9}]]},
        },
    }

    card = card_on(page(terms={"a": terms}), "a")

    assert card == RateCard(
        CARDS["a"],
        (3, 5),
        (Step(10, {"input": 300}),),
        {
            "flex": ServiceTier((1, 2)),
            "fast": ServiceTier(prices={"input": 7}, above=(Step(5, {"input": 9}),)),
        },
    )


def test_a_model_that_is_not_there_has_no_card() -> None:
    assert card_on(page(), "c") is None
    assert card_on(page(listed(multiplier=[1, 2])), "c", "gold") is None


def test_a_lists_share_is_of_list_prices_and_not_of_the_public_discount() -> None:
    told = page(listed(multiplier=[4, 5]), terms={"a": {"multiplier": [1, 2], **STEP}})

    public, gold = card_on(told, "a"), card_on(told, "a", "gold")

    assert public is not None
    assert public.multiplier == (1, 2)
    assert gold == RateCard(CARDS["a"], (4, 5), (Step(10, {"input": 300}),))


def test_a_share_may_be_for_some_models_only() -> None:
    told = page(listed(multiplier=[4, 5], models=["b"]))

    assert card_on(told, "a", "gold") == RateCard(CARDS["a"])
    assert card_on(told, "b", "gold") == RateCard(CARDS["b"], (4, 5))


def test_a_lists_own_prices_come_before_its_share() -> None:
    own = {"a": {"input": 9}, "z": {"input": 1}}
    told = page(listed(multiplier=[4, 5], cards=own, terms={"a": {"multiplier": [1, 2]}}))

    assert card_on(told, "a", "gold") == RateCard({"input": 9}, (1, 2))
    assert card_on(told, "b", "gold") == RateCard(CARDS["b"], (4, 5))
    assert card_on(told, "z", "gold") == RateCard({"input": 1})


@pytest.mark.parametrize("price_list", [None, "silver"])
def test_who_is_on_no_list_or_on_one_that_is_gone_pays_what_everybody_pays(
    price_list: str | None,
) -> None:
    told = page(listed(multiplier=[4, 5], cards={"z": {"input": 1}}))

    assert card_on(told, "a", price_list) == RateCard(CARDS["a"])
    assert card_on(told, "z", price_list) is None
    assert models_on(told, price_list) == ["a", "b"]


def test_a_list_that_says_nothing_of_a_model_leaves_the_public_card() -> None:
    told = page(listed(cards={"z": {"input": 1}}))

    assert card_on(told, "a", "gold") == RateCard(CARDS["a"])
    assert models_on(told, "gold") == ["a", "b", "z"]
