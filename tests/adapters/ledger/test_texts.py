import hashlib
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from adapters.ledger.connection import open_pool
from adapters.ledger.texts import ErasableTexts
from domain.errors import BillingUnavailableError
from tests.adapters.ledger.till import run

ADA = UUID(int=1)
SALT = b"0123456789abcdef"


def with_texts(url: str, work: Callable[[ErasableTexts], Awaitable[None]]) -> None:
    async def opened() -> None:
        pool = await open_pool(url, 1)
        try:
            await work(ErasableTexts(pool, lambda: SALT))
        finally:
            await pool.close()

    run(opened())


def test_a_text_is_found_by_its_subject_and_kind(database_url: str) -> None:
    async def work(texts: ErasableTexts) -> None:
        await texts.put(ADA, "name", "Ada")
        await texts.put(ADA, "title", "Countess")

        assert await texts.get(ADA, "name") == "Ada"
        assert await texts.get(ADA, "title") == "Countess"
        assert await texts.get(uuid4(), "name") is None

    with_texts(database_url, work)


def test_an_event_gets_the_salted_hash_of_the_text(database_url: str) -> None:
    async def work(texts: ErasableTexts) -> None:
        salted = await texts.put(ADA, "name", "Ada Lovelace ♥")

        assert salted == hashlib.sha256(SALT + "Ada Lovelace ♥".encode()).hexdigest()

    with_texts(database_url, work)


def test_two_equal_texts_have_different_hashes(database_url: str) -> None:
    async def work() -> None:
        pool = await open_pool(database_url, 1)
        texts = ErasableTexts(pool)

        hashes = {await texts.put(uuid4(), "name", "Ada") for _ in range(3)}
        await pool.close()

        assert len(hashes) == 3

    run(work())


def test_a_second_text_takes_the_place_of_the_first(database_url: str) -> None:
    async def work(texts: ErasableTexts) -> None:
        await texts.put(ADA, "name", "Ada")
        await texts.put(ADA, "name", "Lovelace")

        assert await texts.get(ADA, "name") == "Lovelace"

    with_texts(database_url, work)


def test_an_erased_text_is_gone_and_erasing_it_again_does_no_harm(database_url: str) -> None:
    async def work(texts: ErasableTexts) -> None:
        await texts.put(ADA, "name", "Ada")
        await texts.put(ADA, "title", "Countess")

        await texts.erase(ADA, "name")
        await texts.erase(ADA, "name")

        assert await texts.get(ADA, "name") is None
        assert await texts.get(ADA, "title") == "Countess"

    with_texts(database_url, work)


def test_without_a_database_billing_is_unavailable(database_url: str) -> None:
    async def work() -> None:
        pool = await open_pool(database_url, 1)
        await pool.close()

        with pytest.raises(BillingUnavailableError):
            await ErasableTexts(pool).get(ADA, "name")

    run(work())
