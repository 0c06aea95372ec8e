"""Everything at once: callers who hang up, an upstream that lies, and processes that are killed."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.gateway_process import Customer, GatewayProcess
from tests.scripted_upstream import (
    Received,
    ScriptedUpstream,
    Step,
    completion,
    error,
    in_stream_error,
    reset,
    stall,
    stream,
    truncated_stream,
    usage_of,
)
from tests.simulation.books import check_never_oversold, read_calls, read_quota, read_wallet
from tests.simulation.callers import Caller, Seen, chat, run
from tests.simulation.conftest import Table
from tests.simulation.crashes import crashing_gateway, outcomes
from tests.simulation.processes import check_verified, wait_for_workers, wait_until

WORKERS, CALLERS, KILLS = 3, 24, 12
KILL_EVERY_SECONDS = 1.2
PAUSE_SECONDS = 0.1
RUNS = 1
EXPECTED = {0, 200, 402, 429, 502, 503, 504}
"""What a caller may see, 0 being nothing at all; above all, never a 500."""

Told = tuple[Customer, Seen]


@dataclass
class Storm:
    """Callers and kills, all by one seed."""

    gateway: GatewayProcess
    customers: list[Customer]
    chance: random.Random
    told: list[Told] = field(default_factory=list[Told])
    kills: Counter[str] = field(default_factory=Counter[str])
    over: bool = False

    async def rage(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CALLERS):
                tasks.create_task(self._call())
            await self._kill()
            self.over = True

    async def _call(self) -> None:
        while not self.over:
            customer = self.chance.choice(self.customers)
            try:
                seen = await self._ask(customer.api_key)
            except OSError:
                seen = None
            if seen is not None:
                self.told.append((customer, seen))
            if seen is None or seen.status != 200:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _ask(self, key: str) -> Seen | None:
        """Call once, or begin to and hang up."""
        streamed = self.chance.random() < 0.5
        capped = {"max_tokens": self.chance.randint(1, 60)} if self.chance.random() < 0.8 else {}
        caller = await Caller.connect(self.gateway.url)
        try:
            asking = caller.ask(key, chat("Say something.", stream=streamed, **capped))
            if self.chance.random() < 0.1:
                await asyncio.wait({task := asyncio.create_task(asking)}, timeout=0.01)
                task.cancel()
                return None
            return await asking
        finally:
            await caller.close()

    async def _kill(self) -> None:
        for turn in range(KILLS):
            await asyncio.sleep(KILL_EVERY_SECONDS)
            what = self.chance.choice(["worker", "worker", "worker", "background"])
            if turn == KILLS // 2:
                what = "everything"
                await asyncio.to_thread(self.gateway.kill)
                await asyncio.to_thread(self.gateway.start)
            elif found := self.gateway.children(what):
                self.chance.choice(found).kill()
            self.kills[what] += 1


def moody(chance: random.Random) -> Callable[[Received], Iterable[Step]]:
    """An upstream that mostly answers, and else does any rude thing it can."""

    def answer(request: Received) -> Iterable[Step]:
        streamed = bool(request.json.get("stream"))
        whole = stream if streamed else completion
        moods: list[Any] = [
            *[whole()] * 12,
            whole(usage=usage_of(10, 10_000)),
            whole(usage=usage_of(2_000, 64)),
            whole(usage=usage_of(10**8, 10**8)),
            whole(usage=None),
            whole(usage=usage_of(0, 0)),
            error(429),
            error(500),
            reset(),
            stall(0.2),
            stall(4.0),
            *([in_stream_error(), truncated_stream(), reset(2)] if streamed else []),
        ]
        return chance.choice(moods)(request)

    return answer


@pytest.mark.parametrize("seed", range(RUNS))
def test_the_books_balance_after_any_storm(tmp_path: Path, report: Table, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # a test, not a secret
    with (
        ScriptedUpstream(moody(random.Random(seed))) as upstream,  # noqa: S311  # as above
        crashing_gateway(tmp_path, upstream, workers=WORKERS) as gateway,
    ):
        wait_for_workers(gateway, WORKERS)
        poor = [gateway.customer("0.002") for _ in range(2)]
        limited = gateway.customer(quota={"amount": "0.002", "window": "none"})
        customers = [*poor, limited, gateway.customer("0.05")]
        storm = Storm(gateway, customers, chance)

        run(storm.rage())

        assert {seen.status for _, seen in storm.told} <= EXPECTED
        report(f"a storm, seed {seed}", rows(storm))
        with gateway.database() as conn:
            wait_until(lambda: all(is_settled(conn, one) for one in customers), "every settling")
            for customer in customers:
                check_books(conn, customer, [s for c, s in storm.told if c is customer])
        check_verified(gateway)


def is_settled(conn: Connection, customer: Customer) -> bool:
    ended = all(what != "reserved" for what, _ in outcomes(conn, customer).values())
    return ended and read_wallet(conn, customer.customer_id).held == 0


def check_books(conn: Connection, customer: Customer, told: list[Seen]) -> None:
    books = read_wallet(conn, customer.customer_id)
    calls = read_calls(conn, customer.customer_id)
    spent, held = read_quota(conn, customer.api_key_id)
    check_never_oversold(books)
    assert (spent, held) == (books.charged, 0)
    for seen in told:
        if seen.status == 402:
            assert seen.request_id not in calls
        elif seen.status == 200 and seen.ended:
            assert calls[seen.request_id].outcome in {"charged", "released"}
        elif seen.status in {429, 502, 504} and seen.request_id in calls:
            assert calls[seen.request_id].outcome == "released"


def rows(storm: Storm) -> list[str]:
    statuses = Counter(seen.status for _, seen in storm.told)
    return [
        f"killed: {dict(storm.kills)}",
        f"callers saw: {dict(sorted(statuses.items()))}",
    ]
