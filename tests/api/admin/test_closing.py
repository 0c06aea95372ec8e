"""Closing months over the admin API: once, for all, in order, and whatever is cut off between."""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.ledger.connection import connect
from adapters.seal.keys import create_key
from adapters.seal.sealer import seal_now
from api.closing import Closed, Closer, Seal, SealPendingError
from api.sealed import waiting_on
from domain import ids
from domain.close_month import close_month
from domain.errors import ConflictError
from tests.api.helpers import TOKEN, data, refused
from tests.api.openapi.till import till
from tests.api.past import FIRST, SECOND, THIRD, Books, books, past
from tests.projections.history import database, rows


@pytest.fixture
def desk(server_url: str, tmp_path: Path) -> Iterator[Books]:
    with database(server_url) as url, books(url, tmp_path, past()) as opened:
        yield opened


def test_closing_a_month_closes_those_before_it_with_a_statement_each(desk: Books) -> None:
    done = desk.close(SECOND)

    register = desk.register()
    assert done == {
        "month": SECOND, "wallets": 2, "months_closed": 4, "statements_issued": 4,
    }  # fmt: skip
    assert [row["number"] for row in register] == [f"ST-{n:08d}" for n in (4, 3, 2, 1)]
    assert sorted(row["month"] for row in register) == [FIRST, FIRST, SECOND, SECOND]
    assert all(row["sha256"] for row in register)
    assert data(desk.admin("GET", "/statements"))["gaps"] == []


def test_closing_again_does_nothing_more(desk: Books) -> None:
    desk.close(SECOND)
    before = desk.register()

    done = desk.close(SECOND)

    assert (done["months_closed"], done["statements_issued"]) == (0, 0)
    assert desk.register() == before


def test_the_issued_hash_is_that_of_the_statement_text(desk: Books) -> None:
    desk.close(FIRST)

    for row in desk.register():
        text = desk.admin("GET", f"/statements/{row['number']}.json")
        shown = data(desk.admin("GET", f"/statements/{row['number']}"))

        assert hashlib.sha256(text.content).hexdigest() == row["sha256"] == shown["sha256"]
        assert shown["statement"] == orjson.loads(text.content)
        assert shown["issued_at"] == row["issued_at"] >= row["closed_at"]


def test_one_customers_month_can_be_closed_alone(desk: Books) -> None:
    one, other = desk.told.everyone
    customer_id = ids.public(ids.CUSTOMER, other.customer_id)

    done = desk.close(FIRST, customer_id=customer_id)

    assert (done["wallets"], done["months_closed"]) == (1, 1)
    assert [row["customer_id"] for row in desk.register()] == [customer_id]
    theirs = {"customer_id": ids.public(ids.CUSTOMER, one.customer_id)}
    assert desk.register(**theirs) == []
    assert desk.close(FIRST)["months_closed"] == 1


def test_a_month_that_is_not_over_with_its_grace_is_refused_with_the_time(desk: Books) -> None:
    ((month, until),) = rows(
        desk.url,
        "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'),"
        " date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month 12 hours'",
    )

    answer = desk.admin("POST", f"/periods/{month}/close")

    assert refused(answer) == (409, "month_not_over")
    assert f"{until.isoformat()}Z" in answer.json()["message"]
    assert desk.register() == []


def test_the_grace_counts(desk: Books) -> None:
    ((hours,),) = rows(
        desk.url,
        "SELECT extract(epoch FROM now() - date_trunc('month', now() AT TIME ZONE 'UTC')"
        " AT TIME ZONE 'UTC')::int / 3600",
    )
    ((last,),) = rows(
        desk.url, "SELECT to_char(now() AT TIME ZONE 'UTC' - interval '1 month', 'YYYY-MM')"
    )

    desk.set(close_grace_hours=hours + 2)
    assert refused(desk.admin("POST", f"/periods/{last}/close")) == (409, "month_not_over")

    desk.set(close_grace_hours=0)
    assert desk.close(last)["months_closed"] > 10


def test_a_month_before_the_first_wallet_is_not_found(desk: Books) -> None:
    assert refused(desk.admin("POST", "/periods/2025-02/close")) == (404, "not_found")


@pytest.mark.parametrize("month", ["2025-13", "2025-3", "1999-01", "march", "2025-00", "٢٠٢٥-٠٣"])
def test_what_is_no_month_is_refused(desk: Books, month: str) -> None:
    assert refused(desk.admin("POST", f"/periods/{month}/close"))[0] in {404, 422}


def test_an_unknown_customer_is_not_found(desk: Books) -> None:
    unknown = {"customer_id": f"cus_{'0' * 32}"}

    answer = desk.admin("POST", f"/periods/{FIRST}/close", json=unknown)

    assert refused(answer) == (404, "not_found")


def test_a_close_that_was_cut_off_is_finished_by_the_next(desk: Books) -> None:
    wallet_id = desk.told.everyone[0].wallet_id
    desk.till.do(close_month(wallet_id, FIRST, grace=timedelta(), actor="operator"))
    (pending,) = desk.register()
    answer = desk.admin("GET", f"/statements/{pending['number']}")
    gaps = data(desk.admin("GET", "/statements"))["gaps"]

    done = desk.close(FIRST)

    assert pending["sha256"] is None
    assert refused(answer) == (409, "statement_pending")
    assert gaps == [{"number": "ST-00000001", "reason": "closed, not issued yet"}]
    assert (done["months_closed"], done["statements_issued"]) == (1, 2)
    assert all(row["sha256"] for row in desk.register())


def test_two_who_close_at_once_come_to_one_result(desk: Books) -> None:
    gateway = desk.till.gateway

    def closer() -> Any:
        found = Closer(gateway.ledger, gateway.pool, grace=timedelta(), actor="operator")
        return found.close(SECOND)

    async def both() -> list[Any]:
        return await asyncio.gather(closer(), closer(), closer())

    results = desk.till._runner.run(both())

    assert sum(result.months_closed for result in results) == 4
    register = desk.register()
    assert [row["number"] for row in register] == [f"ST-{n:08d}" for n in (4, 3, 2, 1)]
    issued = rows(desk.url, "SELECT count(*) FROM ledger_events WHERE topic = 'statement.issued.1'")
    assert issued == [(4,)]


def test_the_list_of_months_says_what_is_open_and_from_when_it_can_be_closed(desk: Books) -> None:
    desk.close(FIRST)

    months = data(desk.admin("GET", "/periods"))["items"]

    first, second = months[-1], months[-2]
    assert first == {
        "month": FIRST, "status": "closed", "wallets": 2, "wallets_closed": 2,
        "statements_issued": 2, "closable_from": None,
    }  # fmt: skip
    assert second == {
        "month": SECOND, "status": "open", "wallets": 2, "wallets_closed": 0,
        "statements_issued": 0, "closable_from": "2025-05-01T12:00:00Z",
    }  # fmt: skip
    assert months[-3]["month"] == THIRD


def test_the_zone_of_a_customer_moves_its_next_months(desk: Books) -> None:
    customer_id = ids.public(ids.CUSTOMER, desk.told.who.customer_id)

    changed = data(
        desk.admin("POST", f"/customers/{customer_id}/time-zone", json={"zone": "Asia/Tokyo"})
    )
    wrong = desk.admin("POST", f"/customers/{customer_id}/time-zone", json={"zone": "Mars/Base"})

    ((next_month,),) = rows(
        desk.url, "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY-MM')"
    )
    assert changed["zone"] == "Asia/Tokyo"
    assert changed["from_month"] == next_month
    assert refused(wrong) == (422, "unknown_time_zone")


def test_a_close_waits_for_the_seal_and_can_be_made_again(desk: Books, tmp_path: Path) -> None:
    key = create_key(tmp_path / "key.pem")
    gateway = desk.till.gateway

    def closing(seal: Seal) -> Closed:
        closer = Closer(
            gateway.ledger, gateway.pool, grace=timedelta(), actor="operator", seal=seal
        )
        return desk.till._runner.run(closer.close(FIRST))

    with pytest.raises(SealPendingError):
        closing(waiting_on(gateway.pool, 0))
    pending = desk.register()
    head = seal_now(partial(connect, desk.url, role=None), key)
    done = closing(waiting_on(gateway.pool, 5))

    assert [row["sha256"] for row in pending] == [None, None]
    assert (done.months_closed, done.statements_issued) == (0, 2)
    assert head is not None
    assert {row["tree_size"] for row in desk.register()} == {head.tree_size}
    for row in desk.register():
        shown = data(desk.admin("GET", f"/statements/{row['number']}"))["statement"]
        assert shown["log"] == {"position": row["position"], "tree_size": head.tree_size}


def test_with_a_key_the_close_asks_for_the_seal(desk: Books, tmp_path: Path) -> None:
    desk.set(seal_key_file=tmp_path / "key.pem", seal_seconds=-60)

    answer = desk.admin("POST", f"/periods/{FIRST}/close")

    assert refused(answer) == (503, "seal_pending")
    assert answer.headers["retry-after"] == "30"


def test_a_close_that_one_wallet_refuses_says_why(desk: Books) -> None:
    """The clock that decides is the wallet's own, under the lock."""
    gateway = desk.till.gateway
    closer = Closer(gateway.ledger, gateway.pool, grace=timedelta(), actor="operator")
    closer._check_over = _believe  # type: ignore[method-assign]
    ((month,),) = rows(desk.url, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')")

    with pytest.raises(ConflictError, match="can be closed from"):
        desk.till._runner.run(closer.close(month))


async def _believe(*_: object) -> None:
    """Find every month over."""


def test_there_are_no_months_without_a_wallet(server_url: str, tmp_path: Path) -> None:
    with database(server_url) as url, till(url, str(tmp_path)) as opened:
        answer = opened.request("GET", "/admin/v1/periods", TOKEN)

        assert data(answer)["items"] == []
