"""Each read model agrees with the aggregates, whatever has happened and however it was read."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.api_key import ApiKey
from domain.api_key_events import Reserved as KeyReserved
from domain.credential import Credential
from domain.customer import Customer
from domain.decision import Decision
from domain.inference_request import RESERVED, Charged, InferenceRequest
from domain.manage import disable_key
from domain.ports import Books
from domain.quota import DAY, Quota
from domain.upcasters import UPCASTERS
from domain.wallet import Wallet
from domain.wallet_events import Granted
from projections.advance import advance
from projections.balances import Balances
from projections.catalogue import ALL
from projections.customers import Customers
from projections.events import Log, head
from projections.shelf import LIVE, Shelf
from projections.transactions import TYPES
from tests.projections.history import History, database, everything, follow, installed, rows

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def shown(request: pytest.FixtureRequest, server_url: str) -> Iterator[tuple[History, str]]:
    """A history and the database that shows it, to look at only."""
    with database(server_url) as url:
        told = History(request.param)
        told.live(800)
        told.store(url)
        follow(url, window=97)
        yield told, url


@pytest.fixture
def history(database_url: str) -> History:
    """A history in a database of its own, not yet projected."""
    told = History(8)
    told.live(300)
    told.store(database_url)
    return told


def test_balances_agree_with_the_wallets(shown: tuple[History, str]) -> None:
    history, url = shown

    found = rows(
        url,
        "SELECT wallet_id, customer_id, currency, posted, reserved, available, debt, open_holds"
        " FROM read.balances ORDER BY wallet_id",
    )
    assert found == sorted(figures(wallet) for wallet in history.aggregates(Wallet))


def test_transactions_add_up_to_the_balance(shown: tuple[History, str]) -> None:
    _, url = shown

    sums = rows(
        url,
        "SELECT wallet_id, sum(available)::bigint, sum(posted)::bigint"
        " FROM read.transactions GROUP BY 1 ORDER BY 1",
    )
    balances = rows(url, "SELECT wallet_id, available, posted FROM read.balances ORDER BY 1")
    assert sums == balances


def test_the_figure_after_each_transaction_is_the_sum_of_those_before(
    shown: tuple[History, str],
) -> None:
    _, url = shown

    wrong = rows(
        url,
        "SELECT * FROM (SELECT available_after, sum(available) OVER"
        " (PARTITION BY wallet_id ORDER BY position, entry) AS total FROM read.transactions) AS t"
        " WHERE available_after <> total",
    )
    assert wrong == []


def test_every_type_of_transaction_happens(shown: tuple[History, str]) -> None:
    _, url = shown

    types = {name for (name,) in rows(url, "SELECT DISTINCT type FROM read.transactions")}

    assert types <= set(TYPES)
    assert types >= {"recharge", "reservation", "charge", "release", "correction", "expiry"}


def test_open_requests_are_those_without_an_end(shown: tuple[History, str]) -> None:
    history, url = shown

    found = rows(
        url,
        "SELECT request_id, wallet_id, key_id, amount FROM read.open_requests ORDER BY 1",
    )
    assert found == sorted(
        (call.id, UUID(call.wallet_id), UUID(call.key_id), call.hold)
        for call in history.aggregates(InferenceRequest)
        if call.state == RESERVED
    )


def test_grants_that_expire_know_what_is_left(shown: tuple[History, str]) -> None:
    history, url = shown

    found = rows(
        url,
        "SELECT wallet_id, grant_id, expires_at, remaining FROM read.expiring_grants"
        " ORDER BY grant_id",
    )
    assert found == sorted(
        (
            (wallet.id, UUID(lot.grant_id), lot.expires_at, lot.available + lot.held)
            for wallet in history.aggregates(Wallet)
            for lot in wallet.lots.values()
            if lot.expires_at is not None
        ),
        key=lambda row: str(row[1]),
    )


def test_customers_and_keys_are_those_that_were_made(database_url: str) -> None:
    history = History(customers=2)
    quota = Quota(7_000, DAY)
    history.join(quota=quota, allowed_models=["m"], allowed_providers=["p"], permissions=["manage"])
    history.do(disable_key(history.who.key_id, actor="operator"))
    history.do(another_credential(history))
    history.store(database_url)

    follow(database_url)

    customers = rows(database_url, "SELECT customer_id, wallet_id, currency FROM read.customers")
    assert sorted(customers) == sorted(
        (c.id, UUID(c.wallet_id), c.currency) for c in history.aggregates(Customer)
    )
    (last,) = rows(
        database_url,
        "SELECT display, allowed_models, allowed_providers, permissions, quota_amount,"
        " quota_window, disabled FROM read.api_keys WHERE key_id = %s",
        history.who.key_id,
    )
    assert last == ("tb_second", ["m"], ["p"], ["manage"], 7_000, "day", True)
    assert len(rows(database_url, "TABLE read.api_keys")) == len(history.aggregates(ApiKey))


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


def test_the_gateways_role_may_look_and_not_touch(database_url: str) -> None:
    follow(database_url)

    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("SET ROLE tollbook_gateway")
        for projection in ALL:
            for table in projection.tables:
                conn.execute(f"TABLE read.{table.name}".encode())
        conn.execute("TABLE read.projection_positions")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("DELETE FROM read.balances")


def test_projections_have_names_and_tables_of_their_own() -> None:
    names = Counter(projection.name for projection in ALL)
    tables = Counter(table.name for projection in ALL for table in projection.tables)

    assert max(names.values()) == max(tables.values()) == 1


def figures(wallet: Wallet) -> tuple[Any, ...]:
    """What a wallet says of itself, as a row of balances."""
    holds = [hold for hold in wallet.holds.values() if hold.amount]
    return (
        wallet.id,
        UUID(wallet.customer_id),
        wallet.currency,
        wallet.available + wallet.reserved,
        wallet.reserved,
        wallet.available,
        wallet.debt,
        len(holds),
    )


def another_credential(history: History) -> Decision[None]:
    """A key is rotated."""
    who, credential_id = history.who, history.mint()

    def decide(books: Books) -> None:
        issued = Credential.issue(
            books.at,
            credential_id,
            key_id=who.key_id.hex,
            wallet_id=who.wallet_id.hex,
            customer_id=who.customer_id.hex,
            display="tb_second",
        )
        books.add(issued)

    return Decision((who.key_id, credential_id), decide)
