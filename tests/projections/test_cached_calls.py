"""Cached charges under the audit and in the operator's margins: free or at their tier, no cost."""

from typing import Any

import pytest

from domain import manage
from domain.correction_batch import Concerned, open_batch, rerate_call
from domain.inference_request import CACHED, Charged
from domain.price_page import Page, plain_page
from domain.settle_call import Outcome
from projections.supplier_costs import SupplierCosts
from tests.domain.shop import CARDS
from tests.projections.audited import Stored, audited, log_of
from tests.projections.history import History, follow, rows
from tests.projections.spoiling import pick

CHARGED = "inference_request.charged.3"
TENTH = {"m": {"service_tiers": {"cached": {"multiplier": [1, 10]}}}}


def told(terms: Any = None, **key: Any) -> History:
    """One cached call of `m` by the provider p."""
    history = History(customers=1, **key)
    history.publish(CARDS, terms=terms or {})
    held = history.reserve(tokens=100, cap=200)
    usage = {"input": 100, "output": 50}
    history.settle(held, Outcome(1, basis=CACHED, usage=usage, provider="p"))
    return history


def violations(log: list[Stored]) -> set[str]:
    found, _ = audited(log)
    return {finding.check for finding in found}


def spoil(log: list[Stored], **fields: Any) -> list[Stored]:
    """Let all three sides say the same, so that only the rule is broken."""
    for topic in (CHARGED, "wallet.charged.2", "api_key.charged.1"):
        state = pick(log, topic)[3]
        state.update({name: value for name, value in fields.items() if name in state})
    return log


@pytest.mark.parametrize(("terms", "amount"), [(None, 0), (TENTH, 20)])
def test_a_cached_charge_by_the_rule_is_believed(terms: Any, amount: int) -> None:
    log = log_of(told(terms))

    assert pick(log, CHARGED)[3]["amount"] == amount
    assert violations(log) == set()


@pytest.mark.parametrize(
    ("terms", "fields"),
    [
        (None, {"service_tier": "cached"}),
        (TENTH, {"service_tier": None}),
        (None, {"absorbed": 20}),
        (TENTH, {"absorbed": 1}),
        (TENTH, {"basis": "reported"}),
        (None, {"basis": "reported"}),
    ],
)
def test_a_cached_charge_by_another_rule_is_named(terms: Any, fields: dict[str, Any]) -> None:
    assert "price" in violations(spoil(log_of(told(terms)), **fields))


def test_a_cached_answer_from_beyond_the_keys_providers_is_named() -> None:
    log = log_of(told(allowed_providers=["p"]))
    believed = violations(log)
    pick(log, CHARGED)[3]["provider"] = "q"

    assert believed == set()
    assert violations(log) == {"keys"}


@pytest.mark.parametrize(("before", "after", "back"), [(TENTH, {}, 20), ({}, TENTH, -20)])
def test_a_cached_charge_is_rated_again_by_the_other_prices_rule(
    before: Any, after: Any, back: int
) -> None:
    history = told(before)
    (charged,) = history.facts(Charged)
    page: Page = {**plain_page(CARDS), "terms": after}
    version = history.do(manage.draft_prices(0, page, actor="operator"))
    batch_id = history.mint()
    facts = {"upto": 9, "count": 1, "amount": back, "reason_hash": "hash", "actor": "operator"}
    history.do(open_batch(batch_id, price_version=version, selector={}, **facts))
    call = Concerned(charged.originator_id, history.who.wallet_id, history.who.key_id)

    assert history.do(rerate_call(call, batch_id, history.mint())) == back
    log = log_of(history)
    assert violations(log) == set()
    for topic in ("inference_request.corrected.2", "wallet.corrected.2"):
        pick(log, topic)[3]["amount"] += 1
    assert "price" in violations(log)


def test_a_cached_charge_costs_us_nothing_and_is_no_suppliers(database_url: str) -> None:
    told(TENTH).store(database_url)

    follow(database_url, [SupplierCosts()])

    query = "SELECT provider, outcome, priced, attempts, charged, cost FROM read.supplier_costs"
    assert rows(database_url, query) == [("", "none", True, 0, 20, 0)]
