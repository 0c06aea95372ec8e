"""Spending a budget from many sides, and what became of it in three books."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from tests.gateway_process import Customer, GatewayProcess
from tests.scripted_upstream import Received, ScriptedUpstream, Step, completion, usage_of
from tests.simulation.books import (
    CallBooks,
    WalletBooks,
    check_never_oversold,
    check_refusal_was_right,
    read_calls,
    read_wallet,
)
from tests.simulation.callers import Caller, Seen, ask, nanos, run, together
from tests.simulation.processes import serving, wait_until

INPUT, OUTPUT = 150, 600
"""Nanos a token of the model `small`."""
PROMPT = 10
"""Tokens that the upstream counts in a prompt unless told otherwise."""
BROKE = "insufficient_balance"
PAUSE_SECONDS = 0.02
SHARE = 30


@dataclass
class Spent:
    """What became of a customer's funds: by the callers, by the upstream's bill, by the log."""

    funds: int
    seen: list[Seen]
    billed: int
    books: WalletBooks
    calls: dict[str, CallBooks]

    @property
    def answered(self) -> list[Seen]:
        return [one for one in self.seen if one.status == 200]

    @property
    def refused(self) -> list[Seen]:
        return [one for one in self.seen if one.status == 402]

    def row(self, case: str) -> str:
        charged, funds = self.books.charged, self.funds
        return (
            f"{case:34} {len(self.seen):5} {len(self.answered):9} {len(self.refused):8}"
            f" {self.billed / funds:9.2f}× {charged / funds:9.2f}×"
        )

    def check(self) -> None:
        """The three promises, for whoever called."""
        assert len(self.answered) + len(self.refused) == len(self.seen)
        check_never_oversold(self.books)
        assert self.books.charged <= self.funds
        assert self.books.held == 0
        for one in self.refused:
            check_refusal_was_right(self.books, one.error)
        for one in self.answered:
            charge = nanos(one.headers["x-billing-charge"])
            assert self.books.charges[one.request_id] == [charge]
            assert self.calls[one.request_id].fact("charged")["amount"] == charge


HEAD = f"{'case':34} {'calls':>5} {'answered':>9} {'refused':>8} {'upstream':>10} {'charged':>10}"


@dataclass
class House:
    """A running gateway, its upstream, and the upstream's own bill in nanos."""

    gateway: GatewayProcess
    upstream: ScriptedUpstream
    conn: Connection
    billed: int = 0

    def bills(self, output: int | None = None, extra_input: int = 0) -> None:
        """Answer everybody so: by default exactly the cap is used."""

        def answer(request: Received) -> Iterable[Step]:
            assert request.cap is not None
            used = usage_of(PROMPT + extra_input, output or request.cap)
            self.billed += used["prompt_tokens"] * INPUT + used["completion_tokens"] * OUTPUT
            return completion(usage=used)(request)

        self.upstream.default = answer
        self.billed = 0

    def spent(self, customer: Customer, funds: int, seen: list[Seen]) -> Spent:
        wait_until(lambda: read_wallet(self.conn, customer.customer_id).held == 0, "every charge")
        books = read_wallet(self.conn, customer.customer_id)
        calls = read_calls(self.conn, customer.customer_id)
        return Spent(funds, seen, self.billed, books, calls)


def hold_of(house: House, fields: Mapping[str, Any]) -> int:
    broke = house.gateway.customer("0")
    refused = run(ask(house.gateway.url, broke.api_key, fields))
    return nanos(refused.error["metadata"]["required"])


async def ask_every_worker(
    gateway: GatewayProcess, key: str, fields: Mapping[str, Any], *, workers: int
) -> list[Seen]:
    """Connect until each worker has many callers, then ask all at once."""
    callers: list[Caller] = []
    shares: Counter[int] = Counter()
    while min(shares[worker] for worker in range(workers)) < SHARE:
        callers += await together(Caller.connect(gateway.url) for _ in range(SHARE))
        await asyncio.sleep(PAUSE_SECONDS)
        shares = Counter(serving(gateway, {caller.port for caller in callers}).values())
    seen = await together(caller.ask(key, fields) for caller in callers)
    await together(caller.close() for caller in callers)
    return list(seen)


async def keep_calling(
    url: str, key: str, fields: Mapping[str, Any], *, callers: int
) -> list[Seen]:
    """Call from several sides until the money is out; who only meets open holds tries again."""

    async def one() -> list[Seen]:
        seen: list[Seen] = []
        while not seen or seen[-1].status == 200 or seen[-1].error["code"] != BROKE:
            if seen and seen[-1].status != 200:
                await asyncio.sleep(PAUSE_SECONDS)
            seen.append(await ask(url, key, fields))
            assert seen[-1].status in {200, 402}, seen[-1]
        return seen

    return [seen for part in await together(one() for _ in range(callers)) for seen in part]


async def call_until_killed(
    gateway: GatewayProcess, key: str, fields: Mapping[str, Any], *, answers: int
) -> list[Seen]:
    """Kill everything once so many calls are answered, others being in flight."""
    answered: list[Seen] = []
    enough = asyncio.Event()

    async def one() -> None:
        while True:
            try:
                seen = await ask(gateway.url, key, fields)
            except OSError:
                return
            if not seen.ended:
                return
            answered.append(seen)
            if len(answered) >= answers:
                enough.set()

    calling = asyncio.gather(*(one() for _ in range(16)))
    await enough.wait()
    await asyncio.to_thread(gateway.kill)
    await calling
    return answered
