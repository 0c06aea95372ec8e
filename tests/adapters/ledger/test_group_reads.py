"""Many lookers, few trips, and nobody pays for another's fault."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from adapters.ledger.reader import Reader
from domain.decision import Decision
from domain.errors import BillingUnavailableError, GatewayError, InvalidApiKeyError
from domain.ports import Books, Command
from domain.wallet import Wallet
from tests.adapters.ledger.till import Till, mint, opened, run


def test_lookers_of_one_moment_share_a_trip(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips: list[int] = []
    look = Reader.look

    def counted(reader: Reader, queries: Sequence[Command[Any]]) -> list[object]:
        trips.append(len(queries))
        return look(reader, queries)

    monkeypatch.setattr(Reader, "look", counted)

    async def story() -> list[bytes]:
        async with opened(database_url) as ledger:
            tills = [await Till().open(ledger, funds=1 + i) for i in range(5)]
            return await asyncio.gather(*(ledger.read(till.wallet) for till in tills))

    seen = run(story())

    assert trips == [5]
    assert len(set(seen)) == 5


def test_each_looker_is_told_its_own_refusal(database_url: str) -> None:
    def refuse(books: Books) -> None:
        raise InvalidApiKeyError

    async def story() -> list[Any]:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            refused = Decision((till.who.wallet_id,), refuse)
            asked = (ledger.read(till.wallet), ledger.read(refused), ledger.read(till.wallet))
            return await asyncio.gather(*asked, return_exceptions=True)

    first, refusal, last = run(story())

    assert isinstance(refusal, GatewayError)
    assert first == last
    assert first


def test_a_history_that_cannot_be_read_fails_only_who_asked_for_it(database_url: str) -> None:
    async def story() -> list[Any]:
        async with opened(database_url) as ledger:
            till, other = await Till().open(ledger), Till()
            strange = other.who.wallet_id
            with psycopg.connect(database_url) as conn:
                conn.execute(
                    "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
                    " VALUES (%s, 1, 'wallet.unheard_of.9', '{}')",
                    (strange,),
                )
            asked = (ledger.read(till.wallet), ledger.read(other.wallet), ledger.read(till.wallet))
            return await asyncio.gather(*asked, return_exceptions=True)

    first, failed, last = run(story())

    assert first == last
    assert first
    assert isinstance(failed, Exception)


def test_a_look_shows_what_was_committed_before_it_was_asked(database_url: str) -> None:
    async def story() -> list[int]:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger, funds=100)

            def available(books: Books) -> int:
                wallet = books.find(Wallet, till.who.wallet_id)
                assert wallet is not None
                return sum(lot.available for lot in wallet.lots.values())

            seen: list[int] = []
            for _ in range(5):
                await ledger.execute(till.grant(1))
                seen.append(await ledger.read(Decision((till.who.wallet_id,), available)))
            return seen

    assert run(story()) == [101, 102, 103, 104, 105]


def test_a_closed_ledger_looks_no_more(database_url: str) -> None:
    async def story() -> None:
        async with opened(database_url) as ledger:
            pass
        await ledger.read(Decision((mint(),), lambda books: None))

    with pytest.raises(BillingUnavailableError):
        run(story())
