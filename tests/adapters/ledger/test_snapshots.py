"""Snapshots and caches are only quicker: with or without them the books say the same."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.ledger import reader, snapshots, writer
from adapters.ledger.connection import connect
from adapters.ledger.snapshots import Snapshots
from adapters.ledger.sql import SAVE_SNAPSHOT
from domain.aggregate import Recorded
from domain.decision import Decision
from domain.ports import Books
from domain.wallet import Wallet
from tests.adapters.ledger.database import log_of, replayed, seen, topics_of
from tests.adapters.ledger.till import Till, dumped, mint, opened, run

CALLS = 520
"""Two facts of the wallet each."""


def rewrite(url: str, statement: str, parameters: Sequence[Any] = ()) -> int:
    with psycopg.connect(url) as conn:
        return conn.execute(statement.encode(), parameters).rowcount


async def cold(url: str, till: Till) -> bytes:
    """The wallet as a ledger sees it that has just begun; both of its sides must agree."""
    async with opened(url) as ledger:
        wallet = await ledger.execute(till.wallet)
        assert await ledger.read(till.wallet) == wallet
    return wallet


async def busy(url: str, calls: int) -> Till:
    async with opened(url) as ledger:
        till = await Till().open(ledger)
        made = [till.call() for _ in range(calls)]
        await asyncio.gather(*map(ledger.execute, made))
        await asyncio.gather(*(ledger.execute(till.charge(call)) for call in made[:-3]))
    return till


def test_a_long_history_is_snapshotted_and_loads_the_same(database_url: str) -> None:
    till = run(busy(database_url, CALLS))

    loaded = run(cold(database_url, till))

    version = "SELECT originator_version FROM ledger_snapshots WHERE topic = 'wallet/3'"
    assert 1_000 <= seen(database_url, version) <= len(log_of(database_url))
    assert loaded == dumped(replayed(database_url)[till.who.wallet_id])


def test_a_short_history_is_not(database_url: str) -> None:
    run(busy(database_url, 10))

    assert seen(database_url, "SELECT count(*) FROM ledger_snapshots") == 0


def test_a_cold_load_begins_at_the_snapshot(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVENTS_BETWEEN", 5)
    till = run(busy(database_url, 10))
    changed = """
        UPDATE ledger_snapshots
        SET state = convert_to(replace(convert_from(state, 'utf8'), 'absorbed', 'marked'), 'utf8')
        WHERE topic = 'wallet/3'
    """

    assert rewrite(database_url, changed) == 1

    assert b'"marked"' in run(cold(database_url, till))


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM ledger_snapshots",
        "UPDATE ledger_snapshots SET topic = split_part(topic, '/', 1) || '/99', state = '{}'",
        "UPDATE ledger_snapshots SET topic = 'gone_kind/1', state = '{}'",
    ],
    ids=["none left", "of another shape", "of a kind that is unknown"],
)
def test_without_usable_snapshots_everything_loads_the_same(
    database_url: str, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(snapshots, "EVENTS_BETWEEN", 5)
    till = run(busy(database_url, 10))
    before = run(cold(database_url, till))

    assert rewrite(database_url, change) > 0

    assert run(cold(database_url, till), seconds=10) == before
    assert before == dumped(replayed(database_url)[till.who.wallet_id])


def test_a_snapshot_of_another_shape_is_replaced(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVENTS_BETWEEN", 5)
    till = run(busy(database_url, 10))
    rewrite(database_url, "UPDATE ledger_snapshots SET topic = 'wallet/0', state = '{}'")

    async def story() -> None:
        async with opened(database_url) as ledger:
            await ledger.execute(till.call())

    run(story())

    replaced = "SELECT count(*) FROM ledger_snapshots WHERE topic = 'wallet/3'"
    assert seen(database_url, replaced) == 1
    assert run(cold(database_url, till)) == dumped(replayed(database_url)[till.who.wallet_id])


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ((3, "wallet/1"), (5, "wallet/1"), "5 wallet/1"),
        ((5, "wallet/1"), (3, "wallet/1"), "5 wallet/1"),
        ((5, "wallet/3"), (5, "wallet/1"), "5 wallet/1"),
    ],
    ids=["newer", "older", "of our shape"],
)
def test_of_two_snapshots_the_newer_is_kept_if_it_is_of_our_shape(
    database_url: str, first: tuple[int, str], second: tuple[int, str], kept: str
) -> None:
    wallet_id = mint()
    with connect(database_url) as conn:
        for version, topic in (first, second):
            conn.execute(SAVE_SNAPSHOT, (wallet_id, version, topic, b"{}"))

    assert (
        seen(database_url, "SELECT originator_version || ' ' || topic FROM ledger_snapshots")
        == kept
    )


def test_a_snapshot_that_cannot_be_saved_fails_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(snapshots, "EVENTS_BETWEEN", 1)
    rewrite(database_url, "REVOKE INSERT, UPDATE ON ledger_snapshots FROM tollbook_gateway")

    run(busy(database_url, 5))

    assert topics_of(database_url)["wallet.charged.2"] == 2
    assert "a snapshot was not saved" in caplog.messages


def test_a_snapshot_that_cannot_be_written_fails_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its facts are in the log already, so whatever happens now, its callers are answered."""

    def fail(aggregate: Recorded) -> None:
        message = "Integer exceeds 64-bit range"
        raise TypeError(message)

    monkeypatch.setattr(snapshots, "EVENTS_BETWEEN", 1)
    monkeypatch.setattr(snapshots, "take_snapshot", fail)

    run(busy(database_url, 5), seconds=10)

    assert topics_of(database_url)["wallet.charged.2"] == 2


def test_snapshots_are_loaded_only_of_what_is_asked_for(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVENTS_BETWEEN", 1)
    till, _ = run(busy(database_url, 5)), run(busy(database_url, 5))

    with connect(database_url) as conn:
        loaded = Snapshots().load(conn, [till.who.wallet_id, mint()])

    assert list(loaded) == [till.who.wallet_id]


@pytest.mark.parametrize("cache", [0, 1, 3], ids=["none", "one", "few"])
def test_forgetting_changes_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch, cache: int
) -> None:
    monkeypatch.setattr(writer, "CACHE_MAX", cache)
    monkeypatch.setattr(reader, "CACHE_MAX", cache)

    async def story() -> list[Till]:
        async with opened(database_url) as ledger:
            tills = [await Till().open(ledger) for _ in range(4)]
            calls = [till.call() for _ in range(3) for till in tills]
            for call in calls:
                await ledger.execute(call)
            for call, till in zip(calls, tills * 3, strict=True):
                await ledger.execute(till.charge(call))
            for till in tills:
                assert await ledger.read(till.wallet) == await ledger.execute(till.wallet)
        return tills

    tills = run(story())

    books = replayed(database_url)
    wallets = [books[till.who.wallet_id] for till in tills]
    assert [type(wallet) for wallet in wallets] == [Wallet] * 4
    assert topics_of(database_url)["wallet.charged.2"] == 12


def test_a_query_sees_everything_it_names_however_small_the_cache(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "CACHE_MAX", 1)

    async def story() -> list[UUID]:
        async with opened(database_url) as ledger:
            tills = [await Till().open(ledger) for _ in range(3)]
            wallets = [till.who.wallet_id for till in tills]

            def found(books: Books) -> list[UUID]:
                return [i for i in wallets if books.find(Wallet, i) is not None]

            assert await ledger.execute(Decision(wallets, found)) == wallets
            assert await ledger.read(Decision(wallets, found)) == wallets
        return wallets

    run(story())


def test_the_cache_is_bounded_and_forgets_what_has_ended(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CACHE_MAX", 6)

    async def story() -> None:
        async with opened(database_url) as ledger:
            cache = ledger._writer._cache
            for _ in range(5):
                till = await Till().open(ledger)
            call = till.call()
            await ledger.execute(call)
            assert len(cache) == 6
            assert call.request_id in cache

            await ledger.execute(till.charge(call))
            assert len(cache) == 5
            assert call.request_id not in cache

    run(story())
