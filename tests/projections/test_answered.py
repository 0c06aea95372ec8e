"""A call that another model answered than was first held for, everywhere in the books."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from adapters.ledger.connection import GATEWAY_ROLE
from domain import manage
from domain.correction_batch import Concerned, open_batch, rerate_call
from domain.price_page import plain_page
from domain.reserve_call import Reservation
from domain.settle_call import Attempt, Outcome
from projections.calls import Calls
from projections.exports.focus.export import write_focus
from projections.exports.journal.export import write_journal
from projections.exports.sheets import CSV
from projections.rebuild import rebuild
from projections.supplier_costs import SupplierCosts
from tests.domain.shop import MILLION
from tests.projections.audited import Stored, audited, log_of
from tests.projections.exports.told import rows_in, written
from tests.projections.history import History, everything, follow, owner, rows
from tests.projections.spoiling import changed, more

CARDS = {
    "cheap": {"input": MILLION, "output": MILLION},
    "dear": {"input": 9 * MILLION, "output": 9 * MILLION},
    "other": {"input": 2 * MILLION, "output": 2 * MILLION},
}
R = "inference_request"
DAYS = "SELECT model, day::text, calls, charges, amount, corrected FROM read.usage_days"
CALLS = "SELECT model, requested, amount, corrected FROM read.calls"


def a_shop(**key: Any) -> History:
    return History(customers=1, cards=CARDS, **key)


def hold(shop: History) -> Reservation:
    return shop.reserve(10, 20, model="cheap", others=("dear",))


def answer(shop: History, held: Reservation, model: str = "dear") -> None:
    usage = {"input": 10, "output": 5}
    attempts = (
        Attempt("p", "c-1", "status_500", None, "USD", 3),
        Attempt("q", "d-1", "ok", 4, "USD", 9),
    )
    shop.settle(held, Outcome(1, basis="reported", usage=usage, model=model), attempts=attempts)


def test_a_call_and_its_charge_count_for_the_model_that_answered(database_url: str) -> None:
    shop = a_shop()
    held = hold(shop)
    answer(shop, held)
    shop.correct(held, 7)
    shop.store(database_url)

    follow(database_url, [Calls()])

    assert rows(database_url, CALLS) == [("dear", "auto", 135, 7)]
    assert sorted(rows(database_url, DAYS)) == [
        ("cheap", "2026-11-20", 0, 0, 0, 0),
        ("dear", "2026-11-20", 1, 1, 135, 7),
    ]


def test_the_call_moves_though_it_was_held_for_in_an_earlier_batch_and_day(
    database_url: str,
) -> None:
    shop = a_shop()
    shop.tick(hours=11, minutes=59)
    held = hold(shop)
    shop.store(database_url)
    follow(database_url, [Calls()])
    assert rows(database_url, DAYS) == [("cheap", "2026-11-20", 1, 0, 0, 0)]

    shop.tick(minutes=2)
    answer(shop, held)
    shop.store(database_url)
    follow(database_url, [Calls()])
    shop.correct(held, 7)
    shop.store(database_url)
    follow(database_url, [Calls()])

    assert rows(database_url, CALLS) == [("dear", "auto", 135, 7)]
    assert sorted(rows(database_url, DAYS)) == [
        ("cheap", "2026-11-20", 0, 0, 0, 0),
        ("dear", "2026-11-20", 1, 0, 0, 0),
        ("dear", "2026-11-21", 0, 1, 135, 7),
    ]
    live = everything(database_url, [Calls()])
    (compared,) = rebuild(lambda: owner(database_url), GATEWAY_ROLE, [Calls()])
    assert compared.different == 0
    assert everything(database_url, [Calls()]) == live


def test_a_call_that_the_first_model_answered_stays_where_it_is(database_url: str) -> None:
    shop = a_shop()
    answer(shop, hold(shop), "cheap")
    shop.store(database_url)

    follow(database_url, [Calls()])

    assert rows(database_url, CALLS) == [("cheap", "auto", 15, 0)]
    assert rows(database_url, DAYS) == [("cheap", "2026-11-20", 1, 1, 15, 0)]


def test_what_its_suppliers_cost_counts_for_the_model_that_answered(database_url: str) -> None:
    shop = a_shop()
    answer(shop, hold(shop))
    shop.store(database_url)

    follow(database_url, [SupplierCosts()])

    query = "SELECT upstream_model, model, charged, cost FROM read.supplier_costs ORDER BY 1"
    assert rows(database_url, query) == [("c-1", "dear", 0, 0), ("d-1", "dear", 135, 4)]


def test_exports_tell_of_the_model_that_answered(database_url: str) -> None:
    shop = a_shop()
    held = hold(shop)
    answer(shop, held)
    shop.correct(held, 7)
    answer(shop, hold(shop), "cheap")
    shop.store(database_url)
    follow(database_url)

    focus = rows_in(written(database_url, partial(write_focus, issuer="A"), CSV)[0], CSV)
    journal = rows_in(written(database_url, write_journal, CSV)[0], CSV)

    request_id = f"req_{held.request_id.hex}"
    assert {row["x_Model"] for row in focus if row["x_RequestId"] == request_id} == {"dear"}
    assert {row["x_Model"] for row in focus if row["x_RequestId"]} == {"dear", "cheap"}
    assert {row["model"] for row in journal if row["request_id"] == request_id} == {"dear"}
    assert {row["model"] for row in journal if row["request_id"]} == {"dear", "cheap"}


def failing(log: list[Stored]) -> list[str]:
    return [f"{found.check}: {found.message}" for found in audited(log)[0]]


def test_the_audit_believes_it() -> None:
    shop = a_shop(allowed_models=["cheap", "dear"])
    answer(shop, hold(shop))

    assert failing(log_of(shop)) == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (changed(f"{R}.charged.3", model="other"), "other answered, which was not held for"),
        (changed(f"{R}.charged.3", model="unheard-of"), "there is no price to rate it by"),
        (changed(f"{R}.charged.3", model=None), "rated again 15"),
        (changed(f"{R}.reserved.3", alternatives={}), "dear answered, which was not held for"),
        (changed(f"{R}.reserved.3", alternatives={"dear": 21}), "the hold comes to 279"),
        (changed(f"{R}.reserved.3", alternatives={"dear": 4}), "5 output tokens are charged"),
        (changed(f"{R}.reserved.3", alternatives={"x": 1}), "no price for x"),
        (
            changed(f"{R}.reserved.3", alternatives={"dear": 20, "other": 20}),
            "keys: the key may not call other",
        ),
        (changed(f"{R}.reserved.3", amount=more), "hold"),
    ],
)
def test_the_audit_does_not_believe_what_cannot_be(
    spoil: Callable[[list[Stored]], Stored], told: str
) -> None:
    shop = a_shop(allowed_models=["cheap", "dear"])
    answer(shop, hold(shop))
    log = log_of(shop)

    spoil(log)

    assert any(told in said for said in failing(log)), failing(log)


def test_re_rating_rates_the_model_that_answered_and_the_audit_agrees() -> None:
    shop = a_shop()
    held = hold(shop)
    answer(shop, held)
    cheaper = {**CARDS, "dear": {"input": 5 * MILLION, "output": 5 * MILLION}}
    version = shop.do(manage.draft_prices(0, plain_page(cheaper), actor="operator"))
    batch_id, who = shop.mint(), shop.who
    facts = {"selector": {}, "upto": 99, "count": 1, "amount": 60, "reason_hash": "hash"}
    shop.do(open_batch(batch_id, price_version=version, actor="operator", **facts))

    call = Concerned(held.request_id, who.wallet_id, who.key_id)
    given_back = shop.do(rerate_call(call, batch_id, shop.mint()))

    assert (given_back, shop.request(held).total) == (60, 75)
    assert failing(log_of(shop)) == []
