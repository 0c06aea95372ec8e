"""Each read model agrees with the aggregates, whatever has happened and however it was read."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from domain.api_key import ApiKey
from domain.credential import Credential
from domain.customer import Customer
from domain.decision import Decision
from domain.inference_request import RESERVED, InferenceRequest
from domain.manage import disable_key
from domain.ports import Books
from domain.quota import DAY, Quota
from domain.wallet import Wallet
from projections.catalogue import ALL
from projections.transactions import TYPES
from tests.projections.history import History, database, figures, follow, rows

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


def test_grants_know_what_is_left_and_what_is_held(shown: tuple[History, str]) -> None:
    history, url = shown

    found = rows(
        url,
        "SELECT wallet_id, grant_id, category, priority, expires_at, remaining, held, expiring"
        " FROM read.grants ORDER BY grant_id",
    )
    assert found == sorted(
        (
            (
                wallet.id,
                UUID(lot.grant_id),
                lot.category,
                lot.priority,
                lot.expires_at,
                lot.available,
                lot.held,
                lot.expires_at is not None and lot.available > 0,
            )
            for wallet in history.aggregates(Wallet)
            for lot in wallet.lots.values()
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
