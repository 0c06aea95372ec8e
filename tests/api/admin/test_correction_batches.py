"""Batches of corrections and what-if reports: a dry run first, then each call once."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.inference_request import REPORTED
from domain.settle_call import Outcome
from tests.api.helpers import Office, data, office, projecting, refused
from tests.domain.shop import CARDS, MILLION, Shop
from tests.projections.history import append, rows


@pytest.fixture
def shop() -> Shop:
    """Three charged calls of `m` with 100 tokens in, and one that was corrected already."""
    shop = Shop(funds=100_000, cards={**CARDS, "m": {"input": MILLION, "output": MILLION}})
    for number in range(4):
        held = shop.reserve(200, 20)
        usage = {"input": 100}
        shop.settle(held, Outcome(1, basis=REPORTED, usage=usage, provider="p"))
        if number == 3:
            shop.correct(held, 30)
    shop.release(shop.reserve(10, 10))
    return shop


@pytest.fixture
def desk(database_url: str, shop: Shop) -> Iterator[Office]:
    append(database_url, shop.ledger.facts)
    with projecting(database_url), office(database_url) as opened:
        yield opened


def half(desk: Office) -> str:
    body = {"prices": {"m": {"input": "0.0005", "output": "0.0005"}}}
    return str(data(desk.post("/price-versions", body), 201)["price_version"])


def dry(desk: Office, version: str, **selector: object) -> dict[str, Any]:
    body = {"to_price_version": version, **(selector or {"model": "m"})}
    return data(desk.post("/correction-batches", body))


def commit(desk: Office, version: str, **expected: Any) -> str:
    body = {
        "to_price_version": version, "model": "m", "dry_run": False, "expected": expected,
        "reason": "the wrong price",
    }  # fmt: skip
    return str(data(desk.post("/correction-batches", body), 201)["batch_id"])


def run_all(desk: Office, batch_id: str, limit: int = 2) -> list[dict[str, Any]]:
    done: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        part = {"after": after, "limit": limit}
        done.append(data(desk.post(f"/correction-batches/{batch_id}/run", part)))
        after = done[-1]["after"]
    return done


def count(url: str, topic: str) -> int:
    return int(rows(url, "SELECT count(*) FROM ledger_events WHERE topic = %s", topic)[0][0])


def test_a_dry_run_tells_count_and_sum_and_writes_nothing(desk: Office, database_url: str) -> None:
    version = half(desk)
    before = rows(database_url, "SELECT max(position) FROM ledger_events")

    found = dry(desk, version)

    assert found == {"dry_run": True, "looked_at": 4, "count": 4, "amount": "0.0000002"}
    assert rows(database_url, "SELECT max(position) FROM ledger_events") == before


def test_each_call_is_corrected_once_and_linked_to_its_batch(
    desk: Office, database_url: str
) -> None:
    version = half(desk)
    batch_id = commit(desk, version, count=4, amount="0.0000002")

    parts = run_all(desk, batch_id)
    again = run_all(desk, batch_id)

    assert [(part["looked_at"], part["count"]) for part in parts] == [(2, 2), (2, 2), (0, 0)]
    assert sum(part["count"] for part in again) == 0
    found = data(desk.get(f"/correction-batches/{batch_id}"))
    assert (found["done_count"], found["done_amount"]) == (4, "0.0000002")
    assert (found["completed"], found["reason"]) == (True, "the wrong price")
    assert data(desk.get("/correction-batches"))["items"] == [found]
    assert count(database_url, "wallet.corrected.2") == 5
    assert count(database_url, "correction_batch.completed.1") == 1
    linked = "SELECT count(*) FROM ledger_events WHERE convert_from(state, 'UTF8') LIKE %s"
    assert rows(database_url, linked, f'%"batch_id":"{batch_id[4:]}"%') == [(8,)]


def test_a_batch_whose_figures_have_changed_is_refused(desk: Office, database_url: str) -> None:
    body = {
        "to_price_version": half(desk), "model": "m", "dry_run": False,
        "expected": {"count": 3, "amount": "0.0000002"},
    }  # fmt: skip

    assert refused(desk.post("/correction-batches", body)) == (409, "conflict")
    assert count(database_url, "correction_batch.opened.1") == 0


def test_a_selector_narrows_the_batch(desk: Office, shop: Shop) -> None:
    version = half(desk)
    customer = f"cus_{shop.who.customer_id.hex}"

    assert dry(desk, version, period="2026-11")["count"] == 4
    assert dry(desk, version, period="2026-10")["count"] == 0
    assert dry(desk, version, customer_id=customer, model="m")["count"] == 4
    assert dry(desk, version, price_version="pv_other")["looked_at"] == 0
    assert refused(
        desk.post("/correction-batches", {"to_price_version": version, "customer_id": "cus_1"})
    ) == (404, "not_found")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"model": "m", "dry_run": False},
        {"period": "2026-13"},
        {"model": "m", "dry_run": False, "expected": {"count": 0, "amount": "0"}},
        {"model": "m", "expected": {"count": 1, "amount": 0.5}},
        {"model": "m", "surprise": 1},
    ],
)
def test_a_malformed_batch_is_refused(desk: Office, fields: dict[str, object]) -> None:
    answer = desk.post("/correction-batches", {"to_price_version": "pv_1", **fields})

    assert refused(answer)[0] == 422


def test_an_unknown_version_or_batch_is_not_found(desk: Office) -> None:
    body = {"to_price_version": "pv_none", "model": "m"}

    assert refused(desk.post("/correction-batches", body)) == (404, "not_found")
    nothing = "bat_" + "0" * 32
    assert refused(desk.post(f"/correction-batches/{nothing}/run", {})) == (404, "not_found")
    assert refused(desk.get(f"/correction-batches/{nothing}")) == (404, "not_found")


def test_versions_are_listed_drafts_last(desk: Office) -> None:
    version = half(desk)

    items = data(desk.get("/price-versions"))["items"]

    assert [item["effective_at"] is None for item in items] == [False] * (len(items) - 1) + [True]
    assert items[-1] == {
        "price_version": version,
        "effective_at": None,
        "models": 1,
        "price_lists": [],
    }


def test_a_price_must_be_of_a_component(desk: Office) -> None:
    body = {"prices": {"m": {"inputs": "1"}}}

    assert refused(desk.post("/price-versions", body)) == (422, "invalid_value")


def test_a_month_is_rated_again_for_looking_only(desk: Office, shop: Shop) -> None:
    question = {"period": "2026-11", "prices": {"m": {"input": "0.002"}}}

    found = data(desk.post("/what-if", question))

    in_all = {name: found[name] for name in ("calls", "charged", "would_be", "difference")}
    assert in_all == {
        "calls": 4, "charged": "0.0000004", "would_be": "0.0000008", "difference": "0.0000004",
    }  # fmt: skip
    assert [(entry["model"], entry["calls"]) for entry in found["by_model"]] == [("m", 4)]
    assert found["by_customer"][0]["customer_id"] == f"cus_{shop.who.customer_id.hex}"


def test_a_model_that_the_other_prices_do_not_know_stays_as_it_was(desk: Office) -> None:
    question = {"period": "2026-11", "prices": {"other": {"input": "9"}}}

    found = data(desk.post("/what-if", question))

    assert (found["difference"], found["unpriced_calls"]) == ("0.00", 4)


@pytest.mark.parametrize("more", [{}, {"price_version": "pv_1", "prices": {"m": {"input": "1"}}}])
def test_a_question_names_one_kind_of_prices(desk: Office, more: dict[str, object]) -> None:
    assert refused(desk.post("/what-if", {"period": "2026-11", **more}))[0] == 422


def test_a_question_about_an_unknown_version_is_not_found(desk: Office) -> None:
    question = {"period": "2026-11", "price_version": "pv_none"}

    assert refused(desk.post("/what-if", question)) == (404, "not_found")


def test_what_was_held_after_the_dry_run_is_not_of_the_batch(
    desk: Office, shop: Shop, database_url: str
) -> None:
    batch_id = commit(desk, half(desk), count=4, amount="0.0000002")
    before = len(shop.ledger.facts)
    held = shop.reserve(200, 20)
    shop.settle(held, Outcome(1, basis=REPORTED, usage={"input": 100}, provider="p"))
    append(database_url, shop.ledger.facts[before:])

    parts = run_all(desk, batch_id, limit=100)

    assert sum(part["looked_at"] for part in parts) == 4


def test_a_model_that_no_text_can_name_is_refused(desk: Office) -> None:
    body = {"to_price_version": "pv_1", "model": "a\x00b"}

    assert refused(desk.post("/correction-batches", body))[0] == 422
