"""Kept answers in the database: each customer's own, for as long as it wants, and no longer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import psycopg
import pytest

from adapters.answer_cache import postgres
from adapters.answer_cache.postgres import CUSTOMER_BYTES_MAX, Kept, Place, PostgresAnswers
from adapters.ledger.connection import open_pool
from domain.errors import BillingUnavailableError
from domain.kept_answer import Origin

T = TypeVar("T")

ADA, BOB = UUID(int=1), UUID(int=2)
KEY = b"k" * 32
ORIGIN = Origin("m", "p", "up", 77, {"input": 3, "output": 4})
HELLO = Kept(ORIGIN, b'{"text":"\x00hello"}', b"data: [DONE]\n\n")


def place(customer_id: UUID = ADA, key: bytes = KEY, seconds: int = 60) -> Place:
    return Place(customer_id, key, seconds)


def work(
    url: str,
    job: Callable[[PostgresAnswers], Awaitable[T]],
    bytes_max: int = CUSTOMER_BYTES_MAX,
) -> T:
    async def run() -> T:
        pool = await open_pool(url, 1)
        try:
            return await job(PostgresAnswers(pool, bytes_max))
        finally:
            await pool.close()

    return asyncio.run(run())


def aged(url: str, seconds: int) -> None:
    """Let what is kept be older than it is."""
    older = f"interval '{seconds} seconds'"
    change = f"stored_at = stored_at - {older}, expires_at = expires_at - {older}"
    with psycopg.connect(url) as conn:
        conn.execute(f"UPDATE answer_cache SET {change}".encode())  # noqa: S608  # our own


def count(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT count(*) FROM answer_cache").fetchone()
    assert row is not None
    return int(row[0])


def test_what_is_kept_is_found_as_it_was_and_only_there(database_url: str) -> None:
    async def job(answers: PostgresAnswers) -> list[Kept | None]:
        await answers.keep(place(), HELLO)
        asked = (place(), place(BOB), place(key=b"other"))
        return [await answers.find(where) for where in asked]

    assert work(database_url, job) == [HELLO, None, None]


def test_the_later_answer_takes_the_place_of_the_earlier(database_url: str) -> None:
    later = Kept(Origin("n", "q", "up2", 5, {"input": 1}), b"later", b"")

    async def job(answers: PostgresAnswers) -> Kept | None:
        await answers.keep(place(), HELLO)
        await answers.keep(place(), later)
        return await answers.find(place())

    assert work(database_url, job) == later
    assert count(database_url) == 1


@pytest.mark.parametrize(
    ("age", "seconds", "found"),
    [(59, 60, True), (61, 60, False), (61, 600, False), (31, 30, False), (29, 30, True)],
)
def test_it_is_found_while_it_was_to_be_kept_and_is_young_enough_now(
    database_url: str, age: int, seconds: int, found: bool
) -> None:
    work(database_url, lambda answers: answers.keep(place(), HELLO))
    aged(database_url, age)

    again = work(database_url, lambda answers: answers.find(place(seconds=seconds)))

    assert (again is not None) is found


def test_what_has_expired_is_deleted_and_nothing_else(database_url: str) -> None:
    work(database_url, lambda answers: answers.keep(place(), HELLO))
    work(database_url, lambda answers: answers.keep(place(BOB, seconds=600), HELLO))
    aged(database_url, 61)

    assert [work(database_url, lambda answers: answers.expire()) for _ in range(2)] == [1, 0]
    assert count(database_url) == 1
    assert work(database_url, lambda answers: answers.find(place(BOB, seconds=600))) == HELLO


def test_each_customer_is_left_so_many_of_its_newest(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ANSWERS_MAX", 2)

    async def job(answers: PostgresAnswers) -> list[bool]:
        for name in (b"1", b"2", b"3"):
            await answers.keep(place(key=name), HELLO)
        await answers.keep(place(BOB), HELLO)
        assert [await answers.trim(ADA), await answers.trim(BOB)] == [1, 0]
        asked = (place(key=b"1"), place(key=b"2"), place(key=b"3"), place(BOB))
        return [await answers.find(where) is not None for where in asked]

    assert work(database_url, job) == [False, True, True, True]


def test_each_customer_is_left_so_many_bytes_of_its_newest(database_url: str) -> None:
    size = len(HELLO.body) + len(HELLO.tail)

    async def job(answers: PostgresAnswers) -> list[bool]:
        for name in (b"1", b"2", b"3"):
            await answers.keep(place(key=name), HELLO)
        await answers.keep(place(BOB), HELLO)
        assert [await answers.trim(ADA), await answers.trim(BOB)] == [1, 0]
        asked = (place(key=b"1"), place(key=b"2"), place(key=b"3"), place(BOB))
        return [await answers.find(where) is not None for where in asked]

    assert work(database_url, job, 2 * size) == [False, True, True, True]
    assert work(database_url, lambda answers: answers.trim(ADA), 2 * size - 1) == 1


def test_what_a_customer_has_kept_is_forgotten_at_once(database_url: str) -> None:
    async def job(answers: PostgresAnswers) -> list[Kept | None]:
        await answers.keep(place(), HELLO)
        await answers.keep(place(BOB), HELLO)
        await answers.forget(ADA)
        return [await answers.find(where) for where in (place(), place(BOB))]

    assert work(database_url, job) == [None, HELLO]


def test_however_much_is_deleted_no_statement_deletes_it_all(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "DELETED_AT_ONCE", 2)
    monkeypatch.setattr(postgres, "ANSWERS_MAX", 1)
    with psycopg.connect(database_url) as conn:
        conn.execute(AT_MOST_TWO)

    async def fill(answers: PostgresAnswers) -> None:
        for name in b"12345":
            await answers.keep(place(key=bytes([name])), HELLO)

    async def job(answers: PostgresAnswers) -> list[int]:
        await fill(answers)
        surplus = await answers.trim(ADA)
        await fill(answers)
        await asyncio.to_thread(aged, database_url, 61)
        expired = await answers.expire()
        await fill(answers)
        await answers.forget(ADA)
        return [surplus, expired, await asyncio.to_thread(count, database_url)]

    assert work(database_url, job) == [4, 5, 0]


AT_MOST_TWO = b"""
    CREATE FUNCTION most() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT count(*) FROM gone) > 2 THEN
            RAISE query_canceled;
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER most AFTER DELETE ON answer_cache
    REFERENCING OLD TABLE AS gone EXECUTE FUNCTION most()
"""
"""Ends every statement that deletes more, as a server does with one that takes too long."""


def test_forgetting_that_cannot_be_done_is_told(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("ALTER TABLE answer_cache RENAME TO away")

    with pytest.raises(BillingUnavailableError):
        work(database_url, lambda answers: answers.forget(ADA))


def test_no_answer_is_in_the_servers_log(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        row = conn.execute("SELECT relpersistence FROM pg_class WHERE relname = 'answer_cache'")
        assert row.fetchone() == ("u",)
