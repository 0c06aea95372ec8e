"""The ledger goes on: every wait has an end, and no fault of one caller stops the next."""

import asyncio
import time
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.ledger import connection, group_commit
from adapters.ledger.connection import connect
from adapters.ledger.group_commit import PostgresLedger
from domain.decision import Decision
from domain.errors import BillingUnavailableError
from domain.ports import Books
from domain.reserve_call import Reservation
from tests.adapters.ledger.database import by_default, holding_the_lock, topics_of
from tests.adapters.ledger.proxy import Proxy
from tests.adapters.ledger.till import SHARD, Till, broken_midway, opened, run


def test_waiting_for_a_lock_that_somebody_keeps_has_an_end(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LOCK_TIMEOUT_MS", 200)
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.3)

    async def story() -> None:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            with holding_the_lock(database_url), pytest.raises(BillingUnavailableError):
                await ledger.execute(till.call())
            await ledger.execute(till.call())

    run(story(), seconds=10)

    assert topics_of(database_url)["wallet.reserved.2"] == 1


def test_a_bad_command_does_not_multiply_the_wait_for_a_lost_database(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.5)
    callers = 20

    async def story(proxy: Proxy) -> float:
        async with opened(proxy.url) as ledger:
            till = await Till().open(ledger)
            breaking = broken_midway(till, RuntimeError("a bug"))

            def lose_the_database(books: Books) -> None:
                proxy.go_away()
                breaking.decide(books)

            bad = Decision(breaking.ids, lose_the_database)
            started = time.monotonic()
            await asyncio.gather(
                *(ledger.execute(till.call()) for _ in range(callers)),
                ledger.execute(bad),
                return_exceptions=True,
            )
            return time.monotonic() - started

    with Proxy(database_url) as proxy:
        took = run(story(proxy))

    assert took < 6


def test_a_database_that_was_never_there_is_billing_unavailable(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.2)
    nowhere = make_conninfo(database_url, dbname=f"no_{uuid4().hex}")

    async def story() -> None:
        async with opened(nowhere) as ledger:
            with pytest.raises(BillingUnavailableError):
                await ledger.execute(Till().wallet)
            with pytest.raises(BillingUnavailableError):
                await ledger.read(Till().wallet)

    run(story(), seconds=10)


def test_a_database_that_takes_no_writes_is_billing_unavailable(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby answers, but only its primary can be written to."""
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.2)

    async def story() -> None:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
        by_default(database_url, "default_transaction_read_only", "on")
        async with opened(database_url) as ledger:
            with pytest.raises(BillingUnavailableError):
                await ledger.execute(till.call())
            assert b'"reserved":0' in await ledger.read(till.wallet)

    run(story(), seconds=10)


def test_closing_appends_what_is_queued(database_url: str) -> None:
    async def story() -> list[Reservation]:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            tasks = [asyncio.create_task(ledger.execute(till.call())) for _ in range(300)]
            await asyncio.sleep(0)
        return await asyncio.gather(*tasks)

    assert len(run(story())) == 300
    assert topics_of(database_url)["wallet.reserved.2"] == 300


def test_a_closed_ledger_says_that_billing_is_unavailable(database_url: str) -> None:
    async def story() -> None:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)

        with pytest.raises(BillingUnavailableError):
            await ledger.execute(till.call())
        with pytest.raises(BillingUnavailableError):
            await ledger.read(till.wallet)

    run(story(), seconds=10)


def test_closing_before_the_first_turn_of_the_loop_answers_everybody(database_url: str) -> None:
    async def story() -> object:
        ledger = PostgresLedger(lambda: connect(database_url), SHARD)
        asked = asyncio.ensure_future(ledger.execute(Till().wallet))
        await asyncio.sleep(0)
        await ledger.start()
        await ledger.close()
        return await asked

    assert run(story(), seconds=10) == b""


def test_a_fact_that_this_release_does_not_know_stops_only_those_who_need_it(
    database_url: str,
) -> None:
    async def story() -> None:
        async with opened(database_url) as ledger:
            till, other = await Till().open(ledger), await Till().open(ledger)
            with psycopg.connect(database_url) as conn:
                conn.execute(
                    "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
                    " SELECT originator_id, max(originator_version) + 1, 'wallet.invented.9',"
                    '        \'{"timestamp": "2026-11-20T12:00:00+00:00"}\''
                    " FROM ledger_events WHERE originator_id = %s GROUP BY 1",
                    (till.who.wallet_id,),
                )

            outcomes = await asyncio.gather(
                ledger.execute(till.call()), ledger.execute(other.call()), return_exceptions=True
            )

            assert isinstance(outcomes[0], Exception)
            assert isinstance(outcomes[1], Reservation)
            assert isinstance(await ledger.execute(other.call()), Reservation)

    run(story(), seconds=10)


def test_an_observer_that_fails_stops_nobody(database_url: str) -> None:
    def observe(size: int, seconds: float) -> None:
        message = "the metrics are broken"
        raise RuntimeError(message)

    async def story() -> None:
        async with opened(database_url, observe) as ledger:
            await ledger.execute(Till().wallet)
            await ledger.execute(Till().wallet)

    run(story(), seconds=10)


@pytest.mark.parametrize(
    ("setting", "theirs", "ours"),
    [
        ("lock_timeout", "0", "5s"),
        ("statement_timeout", "0", "10s"),
        ("idle_in_transaction_session_timeout", "0", "10s"),
        ("client_connection_check_interval", "0", "500ms"),
        ("synchronous_commit", "off", "on"),
        ("default_transaction_isolation", "serializable", "read committed"),
        ("timezone", "Asia/Tokyo", "UTC"),
    ],
)
def test_a_connection_does_not_depend_on_the_databases_defaults(
    database_url: str, setting: str, theirs: str, ours: str
) -> None:
    by_default(database_url, setting, theirs)

    with connect(database_url) as conn:
        assert conn.execute(f"SHOW {setting}".encode()).fetchone() == (ours,)
