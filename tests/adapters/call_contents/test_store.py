"""Contents in the database: shown to their customer only while they may be, and really deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest

from adapters.call_contents import store as module
from adapters.call_contents.content import Content
from adapters.call_contents.store import CUSTOMER_BYTES_MAX, ContentStore
from adapters.ledger.connection import open_pool
from domain.errors import BillingUnavailableError

T = TypeVar("T")
ADA, BOB = UUID(int=1), UUID(int=2)


def with_store(
    url: str,
    work: Callable[[ContentStore], Awaitable[T]],
    bytes_max: int = CUSTOMER_BYTES_MAX,
) -> T:
    async def run() -> T:
        pool = await open_pool(url, 1)
        try:
            return await work(ContentStore(pool, bytes_max))
        finally:
            await pool.close()

    return asyncio.run(run())


def content(customer_id: UUID) -> Content:
    return Content(uuid4(), customer_id, b"\xffprompt", bytearray(b"answer"), cut=True)


def age(url: str, request_id: UUID, days: int) -> None:
    with psycopg.connect(url) as conn:
        conn.execute(
            "UPDATE call_contents SET kept_at = kept_at - make_interval(days => %s)"
            " WHERE request_id = %s",
            (days, request_id),
        )


def test_what_is_kept_is_found_by_its_customer_only(database_url: str) -> None:
    one = content(ADA)

    async def work(store: ContentStore) -> None:
        await store.keep([one, one, content(BOB)])
        found = await store.find(ADA, one.request_id, 1)
        assert found is not None
        assert (found.prompt, found.answer, found.cut) == (b"\xffprompt", b"answer", True)
        assert await store.find(BOB, one.request_id, 1) is None
        assert await store.find(ADA, uuid4(), 1) is None
        assert sorted(await store.customers()) == [ADA, BOB]

    with_store(database_url, work)


def test_what_is_too_old_is_not_found_even_before_it_is_deleted(database_url: str) -> None:
    one, two, other = content(ADA), content(ADA), content(BOB)

    async def work(store: ContentStore) -> None:
        await store.keep([one, two, other])
        age(database_url, one.request_id, 3)
        assert await store.find(ADA, one.request_id, 3) is None
        assert await store.find(ADA, one.request_id, 4) is not None
        assert await store.forget(ADA, 4) == 0
        assert await store.forget(ADA, 3) == 1
        assert await store.find(ADA, one.request_id, 9) is None
        assert await store.find(ADA, two.request_id, 9) is not None
        assert await store.forget(ADA) == 1
        assert await store.customers() == [BOB]

    with_store(database_url, work)


def test_much_is_deleted_some_at_a_time(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DELETED_AT_ONCE", 2)
    with psycopg.connect(database_url) as conn:
        conn.execute(AT_MOST_TWO)

    async def work(store: ContentStore) -> None:
        await store.keep([content(ADA) for _ in range(5)] + [content(BOB)])
        assert await store.forget(ADA) == 5
        assert await store.customers() == [BOB]

    with_store(database_url, work)


def test_of_what_is_too_much_the_oldest_is_deleted(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DELETED_AT_ONCE", 2)
    contents, other = [content(ADA) for _ in range(6)], content(BOB)
    size = contents[0].size
    with psycopg.connect(database_url) as conn:
        conn.execute(AT_MOST_TWO)

    async def work(store: ContentStore) -> None:
        for one in (other, *contents):
            await store.keep([one])
        assert [await store.trim(ADA) for _ in range(2)] == [4, 0]
        left = [await store.find(ADA, one.request_id, 1) is not None for one in contents]
        assert left == [False] * 4 + [True] * 2
        assert await store.trim(BOB) == 0
        assert await store.find(BOB, other.request_id, 1) is not None

    with_store(database_url, work, 3 * size - 1)


AT_MOST_TWO = b"""
    CREATE FUNCTION most() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT count(*) FROM gone) > 2 THEN
            RAISE query_canceled;
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER most AFTER DELETE ON call_contents
    REFERENCING OLD TABLE AS gone EXECUTE FUNCTION most()
"""
"""Ends every statement that deletes more, as a server does with one that takes too long."""


def test_without_a_database_nothing_is_said_to_be_kept(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("DROP TABLE call_contents")

    async def work(store: ContentStore) -> None:
        with pytest.raises(BillingUnavailableError):
            await store.keep([content(ADA)])
        with pytest.raises(BillingUnavailableError):
            await store.customers()

    with_store(database_url, work)


def test_the_gateway_may_not_change_what_is_kept(database_url: str) -> None:
    async def change(store: ContentStore) -> None:
        async with store._pool.connection() as conn:
            await conn.execute("UPDATE call_contents SET prompt = ''")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        with_store(database_url, change)
