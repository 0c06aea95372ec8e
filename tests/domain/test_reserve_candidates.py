"""Several models under one hold: who may answer, and what is held for the dearest."""

from typing import Any

import pytest

from domain import errors
from domain.candidates import Candidate
from domain.change_routing import change_routing
from domain.inference_request import Charged, Reserved
from domain.quota import Quota
from domain.quote import Quote
from domain.reserve_call import Reservation
from domain.routing_policy import RoutingPolicyError
from domain.settle_call import BEYOND_CAP, CAPPED_AT_HOLD, Outcome
from tests.domain.shop import MILLION, Shop, candidate

CARDS = {
    "cheap": {"input": MILLION, "output": MILLION},
    "mid": {"input": 2 * MILLION, "output": 2 * MILLION},
    "dear": {"input": 10 * MILLION, "output": 10 * MILLION},
}
"""A call of 10 tokens in and 20 out comes to 30, 60 and 300 nanos at most."""


def one(model: str, **changes: Any) -> Candidate:
    quote = Quote(**{"input_tokens": 10, "output_cap": 20, "clamps": False, **changes})
    return candidate(model, ("p", "q"), quote, regions=("eu", "us"))


def a_shop(funds: int = 1_000, **changes: Any) -> Shop:
    return Shop(funds=funds, cards=CARDS, **changes)


def hold(shop: Shop, *candidates: Candidate, **changes: Any) -> Reservation:
    found = candidates or (one("cheap"), one("dear"), one("mid"))
    facts = {"requested": "auto", "open_choice": True, **changes}
    return shop.do(shop.call(candidates=found, **facts))


def route(shop: Shop, **fields: Any) -> None:
    shop.do(change_routing(shop.who.customer_id, fields, actor="operator"))


def models(held: Reservation) -> list[str]:
    return [kept.candidate.model.id for kept in held.kept]


def test_the_hold_covers_the_dearest_candidate_and_names_them_all() -> None:
    shop = a_shop()

    held = hold(shop)

    assert (held.amount, models(held)) == (300, ["cheap", "dear", "mid"])
    assert shop.wallet.reserved == 300
    (fact,) = shop.facts(Reserved)
    assert (fact.model, fact.requested, fact.amount) == ("cheap", "auto", 300)
    assert fact.alternatives == {"dear": 20, "mid": 20}


def test_candidates_dearer_than_the_funds_are_skipped_if_a_cheaper_one_fits() -> None:
    shop = a_shop(funds=60)

    held = hold(shop, one("dear"), one("mid"), one("cheap"))

    assert (held.amount, models(held)) == (60, ["mid", "cheap"])
    assert shop.facts(Reserved)[0].alternatives == {"cheap": 20}


def test_the_quota_of_the_key_skips_a_candidate_as_the_balance_does() -> None:
    shop = a_shop(quota=Quota(59))

    assert models(hold(shop)) == ["cheap"]


def test_if_none_fits_the_first_ones_refusal_is_told_and_nothing_is_held() -> None:
    shop = a_shop(funds=29)

    with pytest.raises(errors.InsufficientBalanceError) as refused:
        hold(shop, one("dear"), one("cheap"))

    assert refused.value.required == 300
    assert not shop.facts(Reserved)


def test_output_is_only_cut_where_no_candidate_fits_whole() -> None:
    whole = hold(a_shop(funds=59), one("dear", clamps=True), one("cheap", clamps=True))
    cut = hold(a_shop(funds=29), one("mid", clamps=True), one("cheap", clamps=True))

    assert [(k.candidate.model.id, k.output_cap) for k in whole.kept] == [("cheap", 20)]
    assert [(k.candidate.model.id, k.output_cap) for k in cut.kept] == [("mid", 4), ("cheap", 19)]
    assert cut.amount == 29


def test_each_candidate_has_its_own_output_cap_but_one_size_of_prompt() -> None:
    shop = a_shop(funds=10_000)
    long, short = one("cheap", input_tokens=50, output_cap=200), one("dear", output_cap=30)

    held = hold(shop, short, long)

    (fact,) = shop.facts(Reserved)
    assert held.amount == (50 + 30) * 10
    assert (fact.output_cap, fact.input_tokens, fact.alternatives) == (30, 50, {"cheap": 200})


def test_the_scope_of_the_key_leaves_candidates_out() -> None:
    shop = a_shop(allowed_models=["mid"])

    assert (hold(shop).amount, models(hold(shop))) == (60, ["mid"])
    with pytest.raises(errors.ModelNotAllowedError):
        hold(shop, one("cheap"), one("dear"))


def test_candidates_without_a_price_are_left_out() -> None:
    shop = a_shop()

    assert models(hold(shop, one("unheard-of"), one("mid"))) == ["mid"]
    with pytest.raises(errors.ModelNotFoundError, match="auto"):
        hold(shop, one("unheard-of"))


def test_the_policy_of_the_customer_is_obeyed_on_the_very_next_call() -> None:
    shop = a_shop()
    assert models(hold(shop)) == ["cheap", "dear", "mid"]

    route(shop, models=("mid", "dear"))
    assert models(hold(shop)) == ["dear", "mid"]
    route(shop, models=(), rollout={"dear": 0})
    assert models(hold(shop)) == ["cheap", "mid"]
    route(shop, regions=("us",))
    held = hold(shop)
    assert {r.provider for kept in held.kept for r in kept.candidate.routes} == {"q"}
    route(shop, regions=("moon",))
    with pytest.raises(RoutingPolicyError):
        hold(shop)
    route(shop, regions=())
    assert len(hold(shop).kept[0].candidate.routes) == 2


def test_a_policy_without_fallback_holds_for_the_first_candidate_only() -> None:
    shop = a_shop()
    route(shop, fallback=False)

    held = hold(shop)

    assert (held.amount, models(held)) == (30, ["cheap"])
    assert not held.policy.fallback
    assert shop.facts(Reserved)[0].alternatives == {}


def test_a_model_out_of_scope_cannot_be_named_either_but_a_rollout_does_not_matter() -> None:
    shop = a_shop()
    route(shop, rollout={"mid": 0})
    assert models(hold(shop, one("mid"), requested="mid", open_choice=False)) == ["mid"]

    route(shop, models=("cheap",))

    with pytest.raises(RoutingPolicyError, match="mid"):
        hold(shop, one("mid"), requested="mid", open_choice=False)


def charge(shop: Shop, held: Reservation, model: str | None, **changes: Any) -> int:
    facts = {"basis": "reported", "usage": {"input": 10, "output": 5}, **changes}
    return shop.settle(held, Outcome(1, model=model, **facts)).amount


@pytest.mark.parametrize(("model", "amount"), [("cheap", 15), ("dear", 150), ("mid", 30)])
def test_the_charge_is_by_the_prices_of_the_model_that_answered(model: str, amount: int) -> None:
    shop = a_shop()
    held = hold(shop)

    assert charge(shop, held, model) == amount

    fact = shop.facts(Charged)[0]
    assert fact.model == (None if model == "cheap" else model)
    assert shop.request(held).model == model
    assert (shop.wallet.reserved, shop.wallet.available) == (0, 1_000 - amount)


def test_a_charge_without_a_model_is_of_the_one_first_held_for() -> None:
    shop = a_shop()

    assert charge(shop, hold(shop), None) == 15


def test_output_is_capped_by_what_was_sent_to_the_model_that_answered() -> None:
    shop = a_shop(funds=10_000)
    held = hold(shop, one("cheap", output_cap=30), one("mid", output_cap=7))

    assert charge(shop, held, "mid", usage={"input": 10, "output": 20}) == (10 + 7) * 2
    assert shop.facts(Charged)[0].flags == [BEYOND_CAP]


def test_a_counted_charge_stays_within_the_hold_of_the_dearest() -> None:
    shop = a_shop()
    held = hold(shop, one("cheap"), one("mid"))

    assert charge(shop, held, "mid", basis="estimated", usage={"input": 99}) == 60
    assert shop.facts(Charged)[0].flags == [CAPPED_AT_HOLD]


def test_a_model_that_was_not_held_for_never_answers() -> None:
    shop = a_shop()

    with pytest.raises(AssertionError):
        charge(shop, hold(shop, one("cheap")), "dear")
