"""A call that was answered from its customer's cache: rated by the stated rule, and again so."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from domain.correction_batch import rerated_by
from domain.errors import UnsupportedParameterError
from domain.explanation import explain
from domain.inference_request import CACHED, Charged
from domain.pricing import RateCard, ServiceTier, rate
from domain.quote import Quote
from domain.rerating import due
from domain.service_tier import from_cache
from domain.settle_call import CAPPED_AT_HOLD, Outcome
from domain.usage import METERED, exclusive
from tests.domain.shop import CARDS, MILLION, Shop

USAGE = {"input": 10, "output": 5}
TENTH = {"m": {"service_tiers": {"cached": {"multiplier": [1, 10]}}}}
TENFOLD = {"m": {"service_tiers": {"cached": {"multiplier": [10, 1]}}}}


def cached(tier: str | None = None) -> Outcome:
    return Outcome(1, basis=CACHED, usage=dict(USAGE), provider="p", service_tier=tier)


def test_without_a_tier_for_it_it_is_free_and_its_usage_is_told() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()

    settled = shop.settle(held, cached())

    assert (settled.amount, settled.available) == (0, 100)
    assert settled.usage.buckets == USAGE
    (charged,) = shop.facts(Charged)
    assert (charged.basis, charged.service_tier, charged.flags) == ("cached", None, [])
    assert shop.request(held).state == "charged"


def test_with_a_tier_for_it_it_is_rated_at_that_whatever_else_was_asked_for() -> None:
    shop = Shop(funds=1_000)
    terms = {
        "m": {"service_tiers": {**TENTH["m"]["service_tiers"], "fast": {"multiplier": [9, 1]}}}
    }
    shop.publish(CARDS, terms=terms)
    quote = Quote(10, 20, clamps=False, service_tier="fast")
    held = shop.reserve(quote=quote)

    settled = shop.settle(held, cached("fast"))

    assert settled.amount == 2
    assert shop.facts(Charged)[0].service_tier == "cached"


def test_it_never_comes_to_more_than_its_hold() -> None:
    shop = Shop(funds=1_000)
    shop.publish(CARDS, terms=TENFOLD)
    held = shop.reserve()

    assert shop.settle(held, cached()).amount == held.amount == 50
    assert shop.facts(Charged)[0].flags == [CAPPED_AT_HOLD]


def test_nobody_can_ask_for_its_tier() -> None:
    card = RateCard({"input": 1}, tiers={"cached": ServiceTier((1, 10))})

    with pytest.raises(UnsupportedParameterError, match="'cached'"):
        Quote(1, 1, clamps=False, service_tier="cached").check_priced(card)


def test_it_is_rated_again_by_the_other_prices_own_rule() -> None:
    shop = Shop(funds=1_000)
    shop.publish(CARDS, terms=TENTH)
    held = shop.reserve()
    shop.settle(held, cached())
    versions = {}
    for name, terms in (("tenfold", TENFOLD), ("none", {})):
        shop.publish(CARDS, terms=terms)
        versions[name] = shop.book.version_at(shop.now)
    request, book = shop.request(held), shop.book

    given_back = {name: rerated_by(request, book, version) for name, version in versions.items()}

    assert given_back == {"tenfold": 2 - 50, "none": 2}


@given(
    buckets=st.dictionaries(st.sampled_from(METERED), st.integers(1, 10**6)),
    price=st.integers(0, 10**9),
    share=st.none() | st.tuples(st.integers(0, 9), st.integers(1, 9)),
)
def test_charge_explanation_and_re_rating_agree(
    buckets: dict[str, int], price: int, share: tuple[int, int] | None
) -> None:
    usage = exclusive(**buckets)
    tiers = {"cached": ServiceTier(share)} if share else {}
    card = RateCard(dict.fromkeys(buckets, price), (1, 3), tiers=tiers)

    again, tier = from_cache(card)
    amount = rate(usage, again, tier)

    list_price = Fraction(sum(buckets.values()) * price, 3 * MILLION)
    assert amount == round(list_price * Fraction(*share)) if share else amount == 0
    explained = explain(usage, card, basis=CACHED, hold=amount, tier=tier)
    assert (explained.rounded, explained.rated) == (amount, amount)
    assert due(Call(amount, usage.buckets), card, card) == amount
    assert due(Call(amount, usage.buckets), card, replace(card, tiers={})) == 0


class Call:
    """A charge as far as re-rating asks."""

    basis = CACHED
    service_tier = None

    def __init__(self, charged: int, usage: object) -> None:
        self.charged = self.hold = charged
        self.usage = usage
