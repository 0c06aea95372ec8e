"""A wallet's whole list of transactions: batch by batch, the same as page by page."""

from collections.abc import Sequence
from contextlib import nullcontext

import pytest

from projections.read_balances import (
    NO_FILTERS,
    Filters,
    Transaction,
    all_transactions,
    transactions,
)
from tests.projections.history import database, follow
from tests.projections.looking import Looking, ask
from tests.projections.months import Months


@pytest.mark.parametrize(
    "filters",
    [NO_FILTERS, Filters(type="charge"), Filters(type="void")],
    ids=["all", "some", "few"],
)
def test_batches_hold_every_transaction_once_the_oldest_first(
    server_url: str, filters: Filters
) -> None:
    history = Months(14, customers=1)
    history.live(300)
    wallet_id = history.who.wallet_id

    async def batched(conn: Looking) -> list[Sequence[Transaction]]:
        rows = all_transactions(lambda: nullcontext(conn), wallet_id, filters, upto=2**60, batch=7)
        return [batch async for batch in rows]

    async def paged(conn: Looking) -> Sequence[Transaction]:
        return (await transactions(conn, wallet_id, filters, limit=1_000)).items

    with database(server_url) as url:
        history.store(url)
        follow(url)
        batches, newest_first = ask(url, batched), ask(url, paged)

    assert [row for batch in batches for row in batch] == list(newest_first)[::-1]
    assert all(len(batch) == 7 for batch in batches[:-1])
    assert len(newest_first) > 20 or filters.type == "void"


def test_what_came_later_is_left_out(database_url: str) -> None:
    history = Months(customers=1)
    history.store(database_url)
    follow(database_url)
    wallet_id = history.who.wallet_id

    async def asked(conn: Looking) -> int:
        ((first,),) = [
            list(batch)
            async for batch in all_transactions(lambda: nullcontext(conn), wallet_id, upto=2**60)
        ]
        upto = first.position - 1
        rows = all_transactions(lambda: nullcontext(conn), wallet_id, upto=upto)
        return sum([len(batch) async for batch in rows])

    assert ask(database_url, asked) == 0
