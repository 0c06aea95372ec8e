"""A till: one customer with money and a key, and the commands that spend it, for any ledger."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

import orjson

from adapters.ledger.connection import connect
from adapters.ledger.group_commit import PostgresLedger
from domain import ids, manage
from domain.aggregate import Recorded
from domain.api_key import PERMISSIONS
from domain.decision import Decision
from domain.inference_request import REPORTED
from domain.ports import Books, Command, Ledger
from domain.price_page import Cards, plain_page
from domain.quote import Quote
from domain.reserve_call import Claim, Identity, ReserveCall
from domain.settle_call import Outcome, SettleCall
from domain.wallet import Wallet
from tests.domain.shop import candidate

T = TypeVar("T")

SHARD = 0
CARDS: Cards = {"m": {"input": 1_000_000, "output": 2_000_000}}
"""A token of `m` costs 1 nano in and 2 nanos out."""
HELD, PRICE = 50, 30
"""What a till's call holds, and what it costs in the end, in nanos."""
HOLD_FOR = timedelta(minutes=10)


def run(work: Coroutine[Any, Any, T], seconds: float = 30) -> T:
    """Run it in a loop of its own; whoever hangs fails."""

    async def bounded() -> T:
        async with asyncio.timeout(seconds):
            return await work

    return asyncio.run(bounded())


@asynccontextmanager
async def opened(
    url: str, observe: Callable[[int, float], None] = lambda size, seconds: None
) -> AsyncIterator[PostgresLedger]:
    ledger = PostgresLedger(lambda: connect(url), SHARD, observe)
    await ledger.start()
    try:
        yield ledger
    finally:
        await ledger.close()


def mint() -> UUID:
    return ids.in_shard(uuid4(), SHARD)


class Till:
    """Everything is done by commands, so several ledgers may share one till."""

    def __init__(self, who: Identity | None = None) -> None:
        self.who = who or Identity(mint(), mint(), mint(), mint())

    async def open(self, ledger: Ledger, funds: int = 1_000_000) -> Self:
        who = self.who
        await ledger.execute(
            manage.publish_prices(SHARD, plain_page(CARDS), currency="USD", actor="operator")
        )
        await ledger.execute(
            manage.register_customer(
                manage.NewCustomer(who.customer_id, who.wallet_id, "USD", "hash", "operator")
            )
        )
        await ledger.execute(self.new_key())
        if funds:
            await ledger.execute(self.grant(funds))
        return self

    def new_key(self) -> Decision[UUID]:
        who = self.who
        new = manage.NewKey(
            key_id=who.key_id,
            credential_id=who.credential_id,
            display="tb_1234",
            name_hash="hash",
            actor="operator",
            allowed_models=[],
            allowed_providers=[],
            permissions=list(PERMISSIONS),
        )
        return manage.create_key(who.customer_id, who.wallet_id, new)

    def grant(self, amount: int, claim: Claim | None = None) -> Decision[str]:
        new = manage.NewGrant(grant_id=mint(), amount=amount, category="paid", actor="operator")
        return manage.grant_credit(self.who.wallet_id, new, claim)

    def call(self, claim: Claim | None = None, hold_for: timedelta = HOLD_FOR) -> ReserveCall:
        """A call that is held for 50 nanos."""
        return ReserveCall(
            request_id=mint(),
            identity=self.who,
            requested="m",
            candidates=(candidate("m", ("p", "q"), Quote(10, 20, clamps=False)),),
            surface="chat",
            hold_for=hold_for,
            claim=claim,
        )

    def charge(self, call: ReserveCall) -> SettleCall:
        """A settling that costs 30 nanos."""
        usage = {"input": 10, "output": 10}
        outcome = Outcome(1, basis=REPORTED, usage=usage, provider="p")
        return SettleCall(call.request_id, self.who, outcome)

    def release(self, call: ReserveCall) -> SettleCall:
        return SettleCall(call.request_id, self.who, Outcome(1, reason="upstream_error"))

    def freeze(self) -> Decision[None]:
        return manage.freeze_wallet(self.who.wallet_id, frozen=True, actor="operator")

    @property
    def wallet(self) -> "Decision[bytes]":
        return state_of(Wallet, self.who.wallet_id)


def state_of(kind: type[Recorded], aggregate_id: UUID) -> Decision[bytes]:
    """Look at an aggregate's version and whole state, as bytes."""

    def look(books: Books) -> bytes:
        found = books.find(kind, aggregate_id)
        return dumped(found) if found else b""

    return Decision((aggregate_id,), look)


def dumped(aggregate: Recorded) -> bytes:
    return orjson.dumps([aggregate.version, aggregate.to_state()], option=orjson.OPT_SORT_KEYS)


def broken_midway(till: Till, error: BaseException) -> Command[None]:
    """A command that breaks our rule: it fails after it has recorded something."""

    def decide(books: Books) -> None:
        wallet = books.find(Wallet, till.who.wallet_id)
        assert wallet is not None
        wallet.freeze(books.at, actor="nobody")
        raise error

    return Decision((till.who.wallet_id,), decide)
