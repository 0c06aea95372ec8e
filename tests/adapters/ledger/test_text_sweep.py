"""In the end only those texts are left that the log names: the sweeper asks it."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.ledger.connection import open_pool
from adapters.ledger.group_commit import PostgresLedger
from adapters.ledger.text_sweep import GRACE_SECONDS, sweep_texts
from adapters.ledger.texts import ErasableTexts, Naming
from domain.change_call_policy import change_security
from domain.change_routing import change_routing
from domain.manage import NewCustomer, publish_prices, register_customer
from domain.price_page import plain_page
from tests.adapters.ledger.till import CARDS, SHARD, mint, opened, run

KIND = "content_rules"


class Desk:
    """A customer who has rules, each set of them an erasable text."""

    def __init__(self, ledger: PostgresLedger, pool: AsyncConnectionPool) -> None:
        self.ledger = ledger
        self.pool = pool
        self.texts = ErasableTexts(pool)
        self.customer_id = mint()
        self.naming = Naming(self.customer_id, "rules_id")

    async def register(self) -> None:
        page = plain_page(CARDS)
        await self.ledger.execute(publish_prices(SHARD, page, currency="USD", actor="test"))
        new = NewCustomer(self.customer_id, mint(), "USD", "hash", "test")
        await self.ledger.execute(register_customer(new))

    async def keep(self) -> UUID:
        text_id = mint()
        await self.texts.put(text_id, KIND, "words", self.naming)
        return text_id

    async def name(self, text_id: UUID | None) -> None:
        """Commit the command that puts a text in force."""
        rules_id = text_id.hex if text_id else None
        change = {"rules_id": rules_id, "rules_hash": rules_id and "hash"}
        await self.ledger.execute(change_security(self.customer_id, change, actor="test"))

    async def left(self, *text_ids: UUID) -> list[bool]:
        return [await self.texts.get(text_id, KIND) is not None for text_id in text_ids]

    async def sweep(self) -> int:
        return await sweep_texts(self.pool, 0)


def at_desk(url: str, story: Callable[[Desk], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        pool = await open_pool(url, 1)
        try:
            async with opened(url) as ledger:
                desk = Desk(ledger, pool)
                await desk.register()
                await story(desk)
        finally:
            await pool.close()

    run(all_of_it())


def test_what_no_command_ever_named_is_erased(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        lost = await desk.keep()

        assert await desk.sweep() == 1
        assert await desk.left(lost) == [False]

    at_desk(database_url, story)


def test_what_is_in_force_stays(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        kept = await desk.keep()
        await desk.name(kept)

        assert [await desk.sweep(), await desk.sweep()] == [0, 0]
        assert await desk.left(kept) == [True]

    at_desk(database_url, story)


@pytest.mark.parametrize("swept_between", [False, True])
def test_what_another_text_took_the_place_of_is_erased(
    database_url: str, *, swept_between: bool
) -> None:
    async def story(desk: Desk) -> None:
        first = await desk.keep()
        await desk.name(first)
        if swept_between:
            await desk.sweep()
        second = await desk.keep()
        await desk.name(second)

        assert await desk.sweep() == 1
        assert await desk.left(first, second) == [False, True]

    at_desk(database_url, story)


def test_what_was_taken_away_is_erased(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        kept = await desk.keep()
        await desk.name(kept)
        await desk.sweep()
        await desk.texts.due(KIND, desk.naming)
        await desk.name(None)

        assert await desk.sweep() == 1
        assert await desk.left(kept) == [False]

    at_desk(database_url, story)


def test_a_command_that_was_refused_takes_nothing_away(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        kept = await desk.keep()
        await desk.name(kept)
        await desk.texts.due(KIND, desk.naming)
        refused = await desk.keep()

        assert await desk.sweep() == 1
        assert await desk.left(kept, refused) == [True, False]

    at_desk(database_url, story)


def test_commands_that_land_in_another_order_leave_the_text_of_the_last(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        last, first = await desk.keep(), await desk.keep()
        await desk.name(first)
        await desk.name(last)

        assert await desk.sweep() == 1
        assert await desk.left(first, last) == [False, True]

    at_desk(database_url, story)


def test_nothing_is_judged_before_its_command_must_have_ended(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        waiting = await desk.keep()

        assert await sweep_texts(desk.pool) == 0
        assert await desk.left(waiting) == [True]
        make_older(database_url, GRACE_SECONDS)
        assert await sweep_texts(desk.pool) == 1

    at_desk(database_url, story)


def test_a_command_that_still_waits_keeps_its_text_while_another_is_judged(
    database_url: str,
) -> None:
    async def story(desk: Desk) -> None:
        first = await desk.keep()
        await desk.name(first)
        make_older(database_url, GRACE_SECONDS)
        waiting = await desk.keep()

        assert await sweep_texts(desk.pool) == 0
        assert await desk.left(first, waiting) == [True, True]
        await desk.name(waiting)
        assert await desk.sweep() == 1
        assert await desk.left(first, waiting) == [False, True]

    at_desk(database_url, story)


def test_a_fact_that_only_mentions_the_fields_name_names_nothing(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        kept = await desk.keep()
        await desk.name(kept)
        other = change_routing(desk.customer_id, {"models": ("rules_id",)}, actor="test")
        await desk.ledger.execute(other)

        assert await desk.sweep() == 0
        assert await desk.left(kept) == [True]

    at_desk(database_url, story)


def test_where_many_are_in_force_only_those_nobody_named_are_erased(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        naming = Naming(desk.customer_id, "rules_id", one=False)
        texts = [mint() for _ in range(3)]
        for text_id in texts:
            await desk.texts.put(text_id, KIND, "words", naming)
        for text_id in texts[:2]:
            await desk.name(text_id)

        assert await desk.sweep() == 1
        assert await desk.left(*texts) == [True, True, False]

    at_desk(database_url, story)


def test_a_text_with_its_owners_id_stays_as_long_as_there_is_an_owner(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        nobody = mint()
        for subject_id in (desk.customer_id, nobody):
            await desk.texts.put(subject_id, KIND, "words")

        assert await desk.sweep() == 1
        assert await desk.left(desk.customer_id, nobody) == [True, False]

    at_desk(database_url, story)


def test_an_owners_first_text_goes_when_another_takes_its_place(database_url: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.texts.put(desk.customer_id, KIND, "words")
        second = await desk.keep()
        await desk.name(second)

        assert await desk.sweep() == 1
        assert await desk.left(desk.customer_id, second) == [False, True]

    at_desk(database_url, story)


def make_older(url: str, seconds: float) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("UPDATE texts_due SET due_at = due_at - make_interval(secs => %s)", (seconds,))
