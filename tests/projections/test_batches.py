"""Batches: whatever their size and wherever they break off, the rows are the same."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.api_key_events import Reserved as KeyReserved
from domain.inference_request import Charged
from domain.upcasters import UPCASTERS
from domain.wallet import Wallet
from domain.wallet_events import Granted
from projections.advance import advance
from projections.balances import Balances
from projections.catalogue import ALL
from projections.customers import Customers
from projections.events import Log, head
from projections.shelf import LIVE, Shelf
from tests.projections.history import History, everything, figures, follow, installed, rows


@pytest.fixture
def history(database_url: str) -> History:
    """A history in a database of its own, not yet projected."""
    told = History(8)
    told.live(300)
    told.store(database_url)
    return told


def test_projecting_twice_changes_nothing(history: History, database_url: str) -> None:
    follow(database_url)
    once = everything(database_url)

    follow(database_url)

    assert everything(database_url) == once


@pytest.mark.parametrize("window", [1, 13, 100_000])
def test_the_size_of_a_batch_makes_no_difference(database_url: str, window: int) -> None:
    history = History(7)
    history.live(200)
    history.store(database_url)
    follow(database_url, window=37)
    expected = everything(database_url)
    with psycopg.connect(database_url) as conn:
        Shelf(LIVE).drop(conn)

    follow(database_url, window=window)

    assert everything(database_url) == expected


def test_any_prefix_of_the_log_can_be_shown(database_url: str) -> None:
    history = History(4)
    for _ in range(20):
        history.live(20)
        history.store(database_url)
        follow(database_url)

        shown = rows(
            database_url,
            "SELECT wallet_id, customer_id, currency, posted, reserved, available, debt,"
            " open_holds FROM read.balances ORDER BY wallet_id",
        )
        assert shown == sorted(figures(wallet) for wallet in history.aggregates(Wallet))


def test_gaps_in_positions_are_passed_over(database_url: str) -> None:
    history = History(5)
    history.store(database_url)
    with psycopg.connect(database_url) as conn:
        conn.execute("SELECT setval('ledger_events_position_seq', 10000)")
    history.live(50)
    history.store(database_url)

    follow(database_url, window=3_000)

    ((last,),) = rows(database_url, "SELECT max(position) FROM ledger_events")
    positions = rows(database_url, "SELECT DISTINCT position FROM read.projection_positions")
    assert positions == [(last,)]


def test_a_projection_moves_on_over_topics_that_it_does_not_need(database_url: str) -> None:
    history = History(6, customers=1)
    history.store(database_url)
    follow(database_url, [Customers()])
    before = everything(database_url, [Customers()])
    history.live(60)
    history.store(database_url)

    follow(database_url, [Customers()])

    ((last,),) = rows(database_url, "SELECT max(position) FROM ledger_events")
    assert rows(database_url, "SELECT name, position FROM read.projection_positions") == [
        ("customers", last)
    ]
    assert everything(database_url, [Customers()]) == before


def test_only_the_needed_topics_are_read_and_bare_ones_without_their_state(
    history: History, database_url: str
) -> None:
    log = Log({Granted.TOPIC}, {Charged.TOPIC})

    with psycopg.connect(database_url) as conn:
        events = log.window(conn, 0, head(conn))

    assert {event.topic for event in events} == {Granted.TOPIC, Charged.TOPIC}
    assert all(bool(event.fields) == (event.topic == Granted.TOPIC) for event in events)


def test_facts_of_earlier_releases_are_read_as_todays(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        UPCASTERS, "wallet.granted.0", (Granted.TOPIC, lambda old: {**old, "amount": old["sum"]})
    )
    monkeypatch.setitem(UPCASTERS, "inference_request.charged.0", (Charged.TOPIC, dict))
    monkeypatch.setitem(UPCASTERS, "api_key.reserved.0", (KeyReserved.TOPIC, dict))
    with psycopg.connect(database_url) as conn:
        for number, topic in enumerate(("wallet.granted.0", "inference_request.charged.0"), 1):
            conn.execute(
                "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
                " VALUES (%s, 1, %s, %s)",
                (UUID(int=number), topic, b'{"sum": 5}'),
            )
        conn.commit()

        granted, charged = Log({Granted.TOPIC}, {Charged.TOPIC}).window(conn, 0, 10)

    assert (granted.topic, granted.fields["amount"]) == (Granted.TOPIC, 5)
    assert (charged.topic, charged.fields) == (Charged.TOPIC, {})


def test_a_batch_that_dies_leaves_nothing_and_is_done_again(
    history: History, database_url: str
) -> None:
    class DiesAfterWriting(Balances):
        def project(self, *args: Any) -> None:
            super().project(*args)
            raise psycopg.OperationalError

    others = [projection for projection in ALL if projection.name != "balances"]
    with installed(database_url) as conn:
        nothing = everything(database_url)
        with pytest.raises(psycopg.OperationalError):
            advance(conn, Shelf(LIVE), [*others, DiesAfterWriting()])
        assert everything(database_url) == nothing

    follow(database_url)

    shown = rows(
        database_url,
        "SELECT wallet_id, customer_id, currency, posted, reserved, available, debt, open_holds"
        " FROM read.balances ORDER BY wallet_id",
    )
    assert shown == sorted(figures(wallet) for wallet in history.aggregates(Wallet))
