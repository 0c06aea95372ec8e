"""Looking ahead: the first reason is what the call is refused with, and no reason means a hold."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st

from domain import manage
from domain.candidates import Candidate
from domain.change_call_policy import change_security
from domain.change_limits import change_customer_limits, change_key_limits
from domain.change_routing import change_routing
from domain.decision import Decision
from domain.errors import InvalidApiKeyError, RefusalError
from domain.limits import Limits
from domain.ports import Books
from domain.preflight import Outlook, callable_models, look_ahead, parties_ids, parties_of
from domain.quota import Quota
from domain.quote import Quote
from domain.reserve_call import Identity, ReserveCall
from tests.domain.shop import MILLION, T0, Shop, candidate

CARDS = {
    "m": {"input": MILLION, "output": 2 * MILLION},
    "n": {"input": 3 * MILLION, "output": 3 * MILLION},
    "free": {"input": 0, "output": 0},
}
SMALLEST = Quote(10, 1, clamps=False)
"""Held for 12 nanos of `m`, for 33 of `n`; our count of the prompt is 1, so 3 and 6 at least."""


def one(model: str, quote: Quote = SMALLEST) -> Candidate:
    return candidate(model, ("p", "q"), quote, regions=("eu", None))


def a_call(shop: Shop, *models: str, **changes: Any) -> ReserveCall:
    named = models or ("m",)
    fields = {"candidates": tuple(map(one, named)), "open_choice": len(named) > 1, **changes}
    return shop.call(model=named[0], **fields)


def ahead(shop: Shop, call: ReserveCall) -> Outlook:
    """Look without a fact, as somebody who makes the call only later."""
    asked = replace(call.asked, request_id=None)
    before = len(shop.ledger.facts)
    query = Decision(
        parties_ids(call.identity),
        lambda books: look_ahead(asked, parties_of(books, call.identity)),
    )
    found = shop.do(query)
    assert len(shop.ledger.facts) == before, "looking leaves no fact"
    return found


def codes(outlook: Outlook) -> list[str]:
    return [refusal.code for refusal in outlook.refusals]


def test_a_call_that_fits_is_callable_at_what_it_would_be_held_and_charged_for() -> None:
    shop = Shop(funds=12, cards=CARDS)

    found = ahead(shop, call := a_call(shop))

    assert (found.callable, found.refusals, found.required) == (True, (), 12)
    assert found.cost == 3
    assert shop.do(call).amount == 12


def test_of_several_models_the_dearest_is_required_and_the_cheapest_may_be_charged() -> None:
    found = ahead(shop := Shop(funds=40, cards=CARDS), a_call(shop, "m", "n"))

    assert (found.required, found.cost) == (33, 3)


def test_a_prompt_is_charged_by_its_count_and_held_for_with_the_margin() -> None:
    shop = Shop(funds=100, cards=CARDS)
    counted = one("m")
    candidates = (replace(counted, estimate=replace(counted.estimate, count=4)),)

    found = ahead(shop, a_call(shop, candidates=candidates))

    assert (found.required, found.cost) == (12, 6)


def test_a_model_that_answers_without_output_costs_its_prompt() -> None:
    shop = Shop(funds=100, cards=CARDS)
    vectors = one("m", Quote(10, 0, clamps=False))

    assert ahead(shop, a_call(shop, candidates=(vectors,))).cost == 1


def test_all_that_stands_in_the_way_is_told_in_the_order_of_the_reserve() -> None:
    shop = Shop(funds=11, cards=CARDS, allowed_models=["n"], permissions=["manage"])
    shop.freeze()
    shop.do(change_key_limits(shop.who.key_id, Limits(parallel_calls=0), actor="operator"))

    found = ahead(shop, a_call(shop))

    assert codes(found) == [
        "permission_denied", "wallet_frozen", "rate_limit_exceeded", "model_not_allowed",
        "insufficient_balance",
    ]  # fmt: skip
    assert (found.required, found.cost, found.callable) == (12, 3, False)


def test_a_model_without_a_price_has_no_cost() -> None:
    shop = Shop(funds=100, cards=CARDS)

    found = ahead(shop, a_call(shop, "unpriced"))

    assert (codes(found), found.required, found.cost) == (["model_not_found"], None, None)


def test_without_a_candidate_the_key_and_the_wallet_are_looked_at_all_the_same() -> None:
    shop = Shop(cards=CARDS)
    shop.freeze()

    found = ahead(shop, a_call(shop, candidates=()))

    assert (codes(found), found.required, found.cost) == (["wallet_frozen"], None, None)


def test_a_refusal_over_prices_requires_nothing_of_the_wallet() -> None:
    shop = Shop(cards=CARDS)
    dearer = one("m", Quote(10, 1, clamps=False, service_tier="priority"))

    found = ahead(shop, a_call(shop, candidates=(dearer,)))

    assert (codes(found), found.required) == (["unsupported_parameter"], None)


def test_a_key_that_is_not_there_is_invalid() -> None:
    shop = Shop(cards=CARDS)
    nobody = Identity(UUID(int=1), UUID(int=1 << 16), shop.who.wallet_id, shop.who.customer_id)

    with pytest.raises(InvalidApiKeyError):
        ahead(shop, a_call(shop, identity=nobody))


def test_the_models_of_the_security_policy_are_the_only_ones() -> None:
    shop = Shop(funds=100, cards=CARDS)
    shop.do(change_security(shop.who.customer_id, {"models": ("n",)}, actor="operator"))

    assert codes(ahead(shop, a_call(shop, "m"))) == ["model_not_allowed"]
    assert ahead(shop, a_call(shop, "n")).callable
    assert ahead(shop, a_call(shop, "m", "n")).required == 33


def test_a_rollout_that_lets_some_calls_through_is_no_reason_against_a_call() -> None:
    shop = Shop(funds=100, cards=CARDS)
    route(shop, rollout={"m": 1, "n": 0})

    assert ahead(shop, a_call(shop, "m", "n")).required == 12
    route(shop, rollout={"m": 0, "n": 0})
    assert codes(ahead(shop, a_call(shop, "m", "n"))) == ["routing_policy"]


def test_a_model_is_callable_by_scope_policies_and_prices_whatever_the_funds() -> None:
    shop = Shop(cards=CARDS, allowed_models=["m", "n", "unpriced"])
    models = [one(name).model for name in ("free", "m", "n", "unpriced")]
    route(shop, rollout={"n": 0})

    def callable_now(*, open_choice: bool = False) -> list[str]:
        query = Decision(
            parties_ids(shop.who),
            lambda books: callable_models(
                models, parties_of(books, shop.who), open_choice=open_choice
            ),
        )
        return [model.id for model in shop.do(query)]

    assert callable_now() == ["m", "n"]
    assert callable_now(open_choice=True) == ["m"]


@pytest.mark.parametrize(
    ("funds", "models", "expected"),
    [(40, ("m", "n"), (12, 3)), (40, ("n", "m"), (33, 6)), (12, ("n", "m"), (12, 3))],
)
def test_without_fallback_only_the_first_that_fits_counts(
    funds: int, models: tuple[str, ...], expected: tuple[int, int]
) -> None:
    shop = Shop(funds=funds, cards=CARDS)
    route(shop, fallback=False)

    found = ahead(shop, call := a_call(shop, *models))

    assert (found.required, found.cost) == expected
    assert shop.do(call).amount == found.required


def route(shop: Shop, **fields: Any) -> None:
    shop.do(change_routing(shop.who.customer_id, fields, actor="operator"))


SCOPES = st.sampled_from([["m"], ["n"], ["free"], ["m", "n"]])
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "quota": st.builds(Quota, st.integers(0, 80), st.sampled_from(["none", "day"])),
    "allowed_models": SCOPES,
    "allowed_providers": st.sampled_from([["p"], ["q"], ["elsewhere"]]),
    "permissions": st.sampled_from([["inference"], ["manage"]]),
    "expires_at": st.just(T0 + timedelta(minutes=1)),
}
HINDRANCES: dict[str, st.SearchStrategy[Any]] = KEYS | {
    "funds": st.sampled_from([0, 11, 12, 32, 33]),
    "overdraft": st.sampled_from([12, 20]),
    "past": st.sampled_from(["held", "owed"]),
    "routing": st.fixed_dictionaries(
        {}, optional={"regions": st.sampled_from([["eu"], ["us"]]), "models": SCOPES}
    ),
    "security": SCOPES,
    "parallel": st.integers(0, 1),
    "parallel_of_customer": st.integers(0, 1),
    "frozen": st.just(value=True),
    "disabled": st.just(value=True),
    "seconds": st.sampled_from([60, 3_600]),
}
"""What may stand in the way of a call, alone or beside another."""


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """A shop in which up to three of them do, or nothing."""
    names = draw(st.lists(st.sampled_from(sorted(HINDRANCES)), max_size=3, unique=True))
    drawn = {name: draw(HINDRANCES[name]) for name in names}
    funds = drawn.get("funds", 1_000)
    shop = Shop(funds, CARDS, **{name: drawn[name] for name in KEYS if name in drawn})
    who = shop.who
    shop.terms(limit=drawn.get("overdraft", 0))
    _happen(shop, drawn.get("past"))
    route(shop, **drawn.get("routing", {}))
    shop.do(
        change_security(who.customer_id, {"models": tuple(drawn.get("security", ()))}, actor="o")
    )
    of_key, of_customer = (drawn.get(name) for name in ("parallel", "parallel_of_customer"))
    shop.do(change_key_limits(who.key_id, Limits(parallel_calls=of_key), actor="o"))
    shop.do(change_customer_limits(who.customer_id, Limits(parallel_calls=of_customer), actor="o"))
    if "frozen" in drawn:
        shop.freeze()
    if "disabled" in drawn:
        shop.do(manage.disable_key(who.key_id, actor="o"))
    shop.tick(seconds=drawn.get("seconds", 0))
    return shop


def _happen(shop: Shop, what: str | None) -> None:
    """Another call is open, or cost more than there was, unless the key may make none."""
    if what is None:
        return
    try:
        held = shop.do(a_call(shop))
    except RefusalError:
        return
    if what == "owed":
        shop.terms(policy="debt")
        shop.charge(held, {"input": 2_000})


@settings(max_examples=300, deadline=None, derandomize=True)
@given(shop=shops(), models=st.sampled_from([("m",), ("n",), ("free",), ("m", "n"), ("none",)]))
def test_no_reason_means_a_hold_and_the_first_reason_is_the_refusal(
    shop: Shop, models: tuple[str, ...]
) -> None:
    version = shop.do(_policy_version(shop))
    call = a_call(shop, *models, policy_version=version)

    found = ahead(shop, call)

    if found.callable:
        assert shop.do(call).amount == found.required
    else:
        with pytest.raises(RefusalError) as refused:
            shop.do(call)
        assert (refused.value.code, str(refused.value)) == (
            found.refusals[0].code, str(found.refusals[0]),
        )  # fmt: skip


def _policy_version(shop: Shop) -> Decision[int]:
    def look(books: Books) -> int:
        return parties_of(books, shop.who).customer.policy_version

    return Decision(parties_ids(shop.who), look)
