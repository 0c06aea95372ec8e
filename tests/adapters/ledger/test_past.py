"""Looking back: any instant and any position is the fold of the log's prefix."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

import psycopg
import pytest
from hypothesis import given, settings, strategies as st

from adapters.ledger import past
from adapters.ledger.aggregates import Row, fold
from adapters.ledger.event_codec import encode
from adapters.ledger.past import Prefix, head, last_before, wallet_at, wallets_at
from domain.aggregate import Recorded
from domain.wallet import Wallet
from tests.projections.history import History, database, owner, rows

T = TypeVar("T")


@pytest.fixture(scope="module")
def told() -> History:
    history = History(seed=3)
    history.live(400)
    return history


@pytest.fixture(scope="module")
def url(server_url: str, told: History) -> Iterator[str]:
    """The history's log, with gaps between its positions."""
    insert = """
        INSERT INTO ledger_events (position, originator_id, originator_version, topic, state)
        OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s)
    """
    with database(server_url) as fresh:
        with psycopg.connect(fresh) as conn, conn.cursor() as cursor:
            stored = enumerate(map(encode, told.ledger.facts), 1)
            cursor.executemany(
                insert,
                [
                    (3 * n, e.originator_id, e.originator_version, e.topic, e.state)
                    for n, e in stored
                ],
            )
        yield fresh


def look(url: str, query: Callable[[Any], Awaitable[T]]) -> T:
    async def story() -> T:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            return await query(conn)

    return asyncio.run(story())


def folded(told: History, count: int) -> dict[Any, Recorded]:
    aggregates: dict[Any, Recorded] = {}
    stored = [encode(fact) for fact in told.ledger.facts[:count]]
    fold([Row(e.originator_id, e.originator_version, e.topic, e.state) for e in stored], aggregates)
    return aggregates


def states(wallets: dict[Any, Any]) -> dict[Any, Any]:
    return {i: w.to_state() for i, w in wallets.items() if isinstance(w, Wallet)}


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_every_position_is_the_fold_of_its_prefix(
    told: History, url: str, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(told.ledger.facts)))
    position = 3 * count + data.draw(st.integers(0, 2))
    expected = states(folded(told, count))

    with owner(url) as conn:
        assert states(wallets_at(conn, position, lambda done, total: None)) == expected
    for who in told.everyone:
        wallet = look(url, lambda conn, who=who: wallet_at(conn, who.wallet_id, position))
        assert (wallet and wallet.to_state()) == expected.get(who.wallet_id)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_an_instant_is_the_last_event_that_was_recorded_by_then(
    told: History, url: str, data: st.DataObject
) -> None:
    facts = told.ledger.facts
    around = data.draw(st.sampled_from([fact.timestamp for fact in facts]))
    instant = around + timedelta(microseconds=data.draw(st.integers(-1, 1)))
    count = sum(fact.timestamp <= instant for fact in facts)

    found = look(url, lambda conn: last_before(conn, instant))

    expected = Prefix(3 * count, facts[count - 1].timestamp) if count else None
    assert found == expected


def test_nothing_was_before_the_first_event(told: History, url: str) -> None:
    before = told.ledger.facts[0].timestamp - timedelta(days=1)

    assert look(url, lambda conn: last_before(conn, before)) is None


def test_an_empty_log_has_no_past(database_url: str) -> None:
    now = datetime.now().astimezone()

    assert look(database_url, head) is None
    assert look(database_url, lambda conn: last_before(conn, now)) is None
    with owner(database_url) as conn:
        assert wallets_at(conn, 0, lambda done, total: None) == {}


def test_a_long_history_is_folded_in_windows_and_shows_its_progress(
    told: History, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = 3 * len(told.ledger.facts)
    expected = states(folded(told, end))
    monkeypatch.setattr(past, "WINDOW", 7)
    monkeypatch.setattr(past, "POSITIONS", 11)
    shown: list[tuple[int, int]] = []

    with owner(url) as conn:
        found = wallets_at(conn, end, lambda done, total: shown.append((done, total)))
    wallet_id = told.everyone[0].wallet_id
    one = look(url, lambda conn: wallet_at(conn, wallet_id, end))

    assert states(found) == expected
    assert one is not None
    assert one.to_state() == expected[wallet_id]
    assert (shown[0], shown[-1]) == ((0, end), (end, end))
    assert rows(url, "SELECT max(position) FROM ledger_events") == [(end,)]
