"""What the API reads: pages joined by cursors, filters, names, and suspects for the sweeper."""

import base64
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.manage import create_key
from projections.pages import clamp, read_cursor, write_cursor
from projections.read_balances import Filters, balance, transaction, transactions
from projections.read_customers import api_key, api_keys, customer, customers
from tests.projections.history import History, database, follow, rows
from tests.projections.looking import Looking, ask


@pytest.fixture(scope="module")
def shown(server_url: str) -> Iterator[tuple[History, str]]:
    """A history and the database that shows it, to look at only."""
    with database(server_url) as url:
        told = History(11)
        told.live(400)
        told.store(url)
        follow(url)
        told.who = told.everyone[0]
        yield told, url


def test_a_balance_is_found_by_its_wallet(shown: tuple[History, str]) -> None:
    history, url = shown
    found = ask(url, lambda conn: balance(conn, history.who.wallet_id))

    assert found is not None
    assert (found.available, found.reserved) == (history.wallet.available, history.wallet.reserved)
    assert found.customer_id == history.who.customer_id
    assert ask(url, lambda conn: balance(conn, UUID(int=1))) is None


def test_pages_join_to_the_whole_list(shown: tuple[History, str]) -> None:
    history, url = shown
    wallet_id = history.who.wallet_id

    async def all_pages(conn: Looking) -> list[Any]:
        found, cursor = [], None
        while True:
            page = await transactions(conn, wallet_id, cursor=cursor, limit=7)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    found = ask(url, all_pages)

    expected = rows(
        url,
        "SELECT position, entry FROM read.transactions WHERE wallet_id = %s"
        " ORDER BY position DESC, entry DESC",
        wallet_id,
    )
    assert [(row.position, row.entry) for row in found] == expected
    assert len({row.transaction_id for row in found}) == len(expected)


def test_filters_narrow_the_list(shown: tuple[History, str]) -> None:
    history, url = shown
    wallet_id = history.who.wallet_id

    def listed(**filters: Any) -> Any:
        found = ask(
            url,
            lambda conn: transactions(conn, wallet_id, Filters(**filters), limit=1_000),
        )
        return found.items

    everything = listed()
    charges = [row for row in everything if row.type == "charge"]
    middle = everything[len(everything) // 2].created_at
    assert listed(type="charge") == charges
    assert listed(since=middle) == [row for row in everything if row.created_at >= middle]
    assert listed(until=middle) == [row for row in everything if row.created_at < middle]
    request_id = charges[0].request_id
    of_request = [row for row in everything if row.request_id == request_id]
    assert listed(request_id=request_id) == of_request
    assert listed(request_id=request_id, type="charge") == [charges[0]]


def test_one_transaction_is_found_by_its_id_and_only_in_its_wallet(
    shown: tuple[History, str],
) -> None:
    history, url = shown
    mine, other = history.who.wallet_id, history.everyone[1].wallet_id

    def find(wallet_id: UUID, transaction_id: str) -> Any:
        return ask(url, lambda conn: transaction(conn, wallet_id, transaction_id))

    (last,) = ask(url, lambda conn: transactions(conn, mine, limit=1)).items
    assert last.transaction_id.startswith("txn_")
    assert find(mine, last.transaction_id) == last
    assert find(other, last.transaction_id) is None
    for nonsense in ("", "txn_1", "txn_0_0", "txn_01_0", "txn_1_-1", "txn_1_0 ", "req_1_0"):
        assert find(mine, nonsense) is None
    assert find(mine, "txn_fffffffffffffff_9999") is None


def test_a_transaction_keeps_its_id_when_all_is_made_again(
    database_url: str,
) -> None:
    history = History(11, customers=1)
    history.live(60)
    history.store(database_url)
    follow(database_url)

    def named() -> Any:
        return ask(database_url, lambda conn: transactions(conn, history.who.wallet_id, limit=99))

    before = named()
    with psycopg.connect(database_url) as conn:
        conn.execute("DROP SCHEMA read CASCADE")
    follow(database_url, window=3)

    assert named() == before


@pytest.mark.parametrize("place", [(2**64 - 1, 0), (0, 2**64 - 1), (2**63, 1)])
def test_a_cursor_beyond_every_place_is_no_cursor(place: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cursor"):
        read_cursor("list", write_cursor("list", *place))


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "é",
        "====",
        base64.urlsafe_b64encode(b"\0" * 16).decode(),
        write_cursor("transactions of another wallet", 3),
    ],
)
def test_a_forged_cursor_is_refused(shown: tuple[History, str], forged: str) -> None:
    history, url = shown
    for question in (
        lambda conn: transactions(conn, history.who.wallet_id, cursor=forged),
        lambda conn: customers(conn, cursor=forged),
        lambda conn: api_keys(conn, history.who.customer_id, cursor=forged),
    ):
        with pytest.raises(ValueError, match="cursor"):
            ask(url, question)


def test_a_cursor_that_was_changed_in_any_place_is_refused() -> None:
    cursor = write_cursor("list", 123_456, 2)
    assert read_cursor("list", cursor) == (123_456, 2)

    for place in range(len(cursor)):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(ValueError, match="cursor"):
            read_cursor("list", changed)
    for other in (cursor + "A", cursor + "=", cursor[:-1], cursor + "\n"):
        with pytest.raises(ValueError, match="cursor"):
            read_cursor("list", other)


def test_a_cursor_is_good_for_its_own_filters_only(shown: tuple[History, str]) -> None:
    history, url = shown
    wallet_id = history.who.wallet_id
    page = ask(url, lambda conn: transactions(conn, wallet_id, limit=1))
    cursor = page.next_cursor

    with pytest.raises(ValueError, match="cursor"):
        ask(
            url,
            lambda conn: transactions(conn, wallet_id, Filters(type="charge"), cursor=cursor),
        )


@pytest.mark.parametrize(("asked", "given"), [(-1, 1), (0, 1), (50, 50), (10**9, 1_000)])
def test_a_page_is_of_a_reasonable_size(asked: int, given: int) -> None:
    assert clamp(asked) == given


def test_customers_are_listed_the_newest_first_with_their_names(database_url: str) -> None:
    history = History(customers=3)
    history.store(database_url)
    follow(database_url)
    newest = history.everyone[-1].customer_id
    name_it(database_url, newest, "customer_name", "Ada")
    name_it(database_url, newest, "something_else", "no")

    first = ask(database_url, lambda conn: customers(conn, limit=2))
    rest = ask(database_url, lambda conn: customers(conn, cursor=first.next_cursor, limit=2))

    assert [row.customer_id for row in (*first.items, *rest.items)] == [
        who.customer_id for who in reversed(history.everyone)
    ]
    assert [row.name for row in first.items] == ["Ada", None]
    assert rest.next_cursor is None
    assert ask(database_url, lambda conn: customer(conn, newest)) == first.items[0]
    assert ask(database_url, lambda conn: customer(conn, UUID(int=1))) is None


def test_a_customers_keys_are_listed_and_nobody_elses(database_url: str) -> None:
    history = History(customers=2)
    history.store(database_url)
    follow(database_url)
    mine, other = history.everyone
    name_it(database_url, mine.key_id, "api_key_name", "laptop")

    page = ask(database_url, lambda conn: api_keys(conn, mine.customer_id))

    assert [(row.key_id, row.display, row.name) for row in page.items] == [
        (mine.key_id, "tb_1234", "laptop")
    ]
    (shown,) = page.items
    assert ask(database_url, lambda conn: api_key(conn, mine.customer_id, mine.key_id)) == shown
    assert ask(database_url, lambda conn: api_key(conn, other.customer_id, mine.key_id)) is None
    assert page.next_cursor is None


def test_keys_come_in_pages(database_url: str) -> None:
    history = History(customers=1)
    made = [history.who.key_id, *(another_key(history) for _ in range(4))]
    history.store(database_url)
    follow(database_url)
    customer_id = history.who.customer_id

    async def all_pages(conn: Looking) -> list[UUID]:
        first = await api_keys(conn, customer_id, limit=3)
        rest = await api_keys(conn, customer_id, cursor=first.next_cursor, limit=3)
        return [row.key_id for row in (*first.items, *rest.items)]

    assert ask(database_url, all_pages) == made[::-1]


def name_it(url: str, subject_id: UUID, kind: str, body: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute(
            "INSERT INTO erasable_texts VALUES (%s, %s, 'salt', %s)", (subject_id, kind, body)
        )


def another_key(history: History) -> UUID:
    key_id, credential_id = history.mint(), history.mint()
    new = history.new_key(key_id=key_id, credential_id=credential_id)
    return history.do(create_key(history.who.customer_id, history.who.wallet_id, new))
