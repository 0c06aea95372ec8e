"""One wallet, four processes, a thousand callers at once, and money for exactly 37 of them."""

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.gateway_process import CATALOG, Customer, GatewayProcess
from tests.scripted_upstream import (
    Received,
    ScriptedUpstream,
    Step,
    completion,
    stream,
    usage_of,
)
from tests.simulation.books import (
    WalletBooks,
    check_never_oversold,
    check_refusal_was_right,
    read_balance,
    read_quota,
    read_wallet,
)
from tests.simulation.callers import (
    PATIENCE_SECONDS,
    STREAM,
    Caller,
    Seen,
    amount,
    ask,
    chat,
    nanos,
    run,
    together,
)
from tests.simulation.conftest import Table
from tests.simulation.processes import serving, wait_for_workers, wait_until

CALLERS, AFFORDED, WORKERS = 1_000, 37, 4
RUNS = [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 20))]
INPUT_PRICE, OUTPUT_PRICE = 150, 600
"""Nanos a token of the model `small`."""


@dataclass
class House:
    """A running gateway, and its upstream, which answers nobody before the gate opens."""

    gateway: GatewayProcess
    upstream: ScriptedUpstream
    conn: Connection
    broke: Customer
    """Has a key and no money: his refusals tell what a call holds."""
    gate: threading.Event
    prompt_tokens: int = 0

    def answer(self, request: Received) -> Iterable[Step]:
        """Bill every token that the call was held for, so that nothing is given back."""
        assert request.cap is not None
        usage = usage_of(self.prompt_tokens, request.cap)
        yield self.gate
        answered = stream if request.json.get("stream") else completion
        yield from answered(usage=usage)(request)

    def hold_of(self, fields: dict[str, Any]) -> int:
        """Learn from a refusal what a call holds, and so how many tokens of prompt it counts."""
        refused = run(ask(self.gateway.url, self.broke.api_key, fields))
        assert (refused.status, refused.error["code"]) == (402, "insufficient_balance")
        hold = nanos(refused.error["metadata"]["required"])
        self.prompt_tokens = (hold - fields["max_tokens"] * OUTPUT_PRICE) // INPUT_PRICE
        return hold


@dataclass
class Crowd:
    """What became of a thousand callers, and which worker served each of them."""

    answered: list[Seen]
    refused: list[Seen]
    workers: dict[int, int]
    winners: list[int]
    seconds: float

    def row(self, seed: int) -> str:
        callers = Counter(self.workers.values())
        winners = Counter(self.workers[port] for port in self.winners)
        cells = (f"{callers[n]:4} ▶ {winners[n]:2}" for n in range(WORKERS))
        return f"{seed:4}  {self.seconds:5.2f} s   " + "    ".join(cells)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ScriptedUpstream() as upstream:
        folder: Path = tmp_path_factory.mktemp("overspend")
        catalog = CATALOG.format(url=upstream.url)
        with GatewayProcess(folder, catalog=catalog, workers=WORKERS) as gateway:
            wait_for_workers(gateway, WORKERS)
            with gateway.database() as conn:
                house = House(gateway, upstream, conn, gateway.customer("0"), threading.Event())
                upstream.default = house.answer
                yield house


@pytest.fixture(scope="module")
def tables(report: Table) -> Iterator[dict[str, list[str]]]:
    """Collects a row a run, by what limits the callers."""
    found: dict[str, list[str]] = {"wallet": [], "key quota": []}
    yield found
    head = " run   time     " + "    ".join(f"worker {n} " for n in range(WORKERS))
    for limit, rows in ((limit, rows) for limit, rows in found.items() if rows):
        report(f"no overspend, one {limit}: callers ▶ admitted, by worker", [head, *rows])


@pytest.mark.parametrize("seed", RUNS)
@pytest.mark.parametrize("limit", ["wallet", "key quota"])
def test_of_a_thousand_calls_at_once_37_succeed_when_the_money_is_for_37(
    house: House, tables: dict[str, list[str]], limit: str, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # a test, not a secret
    fields = chat(max_tokens=chance.randint(16, 4000))
    hold = house.hold_of(fields)
    funds = amount(AFFORDED * hold)
    if limit == "wallet":
        customer = house.gateway.customer(funds)
    else:
        customer = house.gateway.customer("1000.00", quota={"amount": funds, "window": "none"})
    bodies = [fields | (STREAM if chance.random() < 0.5 else {}) for _ in range(CALLERS)]

    crowd = run(rush(house, customer, bodies))

    tables[limit].append(crowd.row(seed))
    assert len(crowd.answered) == AFFORDED
    assert all(seen.ended for seen in crowd.answered)
    assert len(crowd.refused) == CALLERS - AFFORDED
    books = read_wallet(house.conn, customer.customer_id)
    check_never_oversold(books)
    assert (books.charged, books.absorbed, books.held) == (AFFORDED * hold, 0, 0)
    assert len(books.charges) == AFFORDED
    if limit == "wallet":
        check_wallet_was_spent(house, customer, books, crowd)
    else:
        check_quota_was_spent(house, customer, crowd, AFFORDED * hold)


def check_wallet_was_spent(
    house: House, customer: Customer, books: WalletBooks, crowd: Crowd
) -> None:
    assert books.available == 0
    for seen in crowd.refused:
        check_refusal_was_right(books, seen.error)
        # While all 37 were upstream, nothing else could be the reason.
        assert seen.error["code"] == "holds_in_flight"
        assert nanos(seen.error["metadata"]["available"]) == 0
        assert nanos(seen.error["metadata"]["reserved"]) == books.charged
    wait_until(
        lambda: read_balance(house.conn, customer.customer_id) == (0, 0, 0, 0), "the read model"
    )


def check_quota_was_spent(house: House, customer: Customer, crowd: Crowd, quota: int) -> None:
    assert read_quota(house.conn, customer.api_key_id) == (quota, 0)
    for seen in crowd.refused:
        told = seen.error["metadata"]
        assert seen.error["code"] == "key_quota_exhausted"
        assert told["limit_source"] == "api_key_quota"
        # The key's own figures, not the rich wallet's: all of its quota is held.
        assert nanos(told["available"]) == 0 < nanos(told["required"])
        assert nanos(told["reserved"]) == quota


async def rush(house: House, customer: Customer, bodies: list[dict[str, Any]]) -> Crowd:
    """Connect everybody, ask all at once, and open the gate when all have been decided."""
    house.gate.clear()
    before = len(house.upstream.requests)
    callers = await together(Caller.connect(house.gateway.url) for _ in bodies)
    started = time.monotonic()
    asking = [
        asyncio.create_task(caller.ask(customer.api_key, fields))
        for caller, fields in zip(callers, bodies, strict=True)
    ]
    try:
        deadline = started + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            admitted = len(house.upstream.requests) - before
            if admitted + sum(task.done() for task in asking) >= len(bodies):
                break
            await asyncio.sleep(0.01)
        decided = time.monotonic() - started
        workers = serving(house.gateway, {caller.port for caller in callers})
    finally:
        house.gate.set()
    seen = await asyncio.gather(*asking)
    await together(caller.close() for caller in callers)
    winners = [c.port for c, s in zip(callers, seen, strict=True) if s.status == 200]
    answered = [one for one in seen if one.status == 200]
    refused = [one for one in seen if one.status == 402]
    return Crowd(answered, refused, workers, winners, decided)
