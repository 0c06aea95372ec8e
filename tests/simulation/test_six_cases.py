"""Where reserving gateways go wrong: six cases, measured by how much of a budget is spent."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
    echo,
    usage_of,
)
from tests.simulation.books import (
    CallBooks,
    WalletBooks,
    check_never_oversold,
    check_refusal_was_right,
    read_calls,
    read_wallet,
)
from tests.simulation.callers import Caller, Seen, amount, ask, ask_all, chat, nanos, run, together
from tests.simulation.conftest import Table
from tests.simulation.crashes import crashing_gateway
from tests.simulation.processes import serving, wait_for_workers, wait_until

INPUT, OUTPUT = 150, 600
"""Nanos a token of the model `small`."""
BROKE = "insufficient_balance"
PAUSE_SECONDS = 0.02
WORKERS, SHARE = 2, 30


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
            used = usage_of(10 + extra_input, output or request.cap)
            self.billed += used["prompt_tokens"] * INPUT + used["completion_tokens"] * OUTPUT
            return completion(usage=used)(request)

        self.upstream.default = answer
        self.billed = 0

    def spent(self, customer: Customer, funds: int, seen: list[Seen]) -> Spent:
        wait_until(lambda: read_wallet(self.conn, customer.customer_id).held == 0, "every charge")
        books = read_wallet(self.conn, customer.customer_id)
        calls = read_calls(self.conn, customer.customer_id)
        return Spent(funds, seen, self.billed, books, calls)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("six")
    with (
        ScriptedUpstream() as upstream,
        crashing_gateway(folder, upstream, workers=WORKERS, hold_seconds=60) as gateway,
    ):
        wait_for_workers(gateway, WORKERS)
        with gateway.database() as conn:
            yield House(gateway, upstream, conn)


@pytest.fixture(scope="module")
def rows(report: Table) -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    report("six cases: what is spent of a budget", [HEAD, *found])


def test_without_max_tokens_a_small_balance_is_clamped_not_refused(
    house: House, rows: list[str]
) -> None:
    house.bills()
    funds = 1_000_000
    customer = house.gateway.customer(amount(funds))
    fields = chat()

    first = run(ask(house.gateway.url, customer.api_key, chat("Only a little.", n=1)))
    assert first.status == 200
    asked = house.upstream.requests[-1]
    assert 1 <= (asked.cap or 0) < 4096, "what is left decides how much may be said"
    assert first.headers["x-billing-output-cap"] == str(asked.cap)

    house.bills(output=3)
    customer = house.gateway.customer(amount(funds))
    seen = run(keep_calling(house.gateway.url, customer.api_key, fields, callers=20))
    spent = house.spent(customer, funds, seen)
    rows.append(spent.row("no max_tokens"))
    spent.check()
    left = funds - spent.books.charged
    assert left < 21 * INPUT + OUTPUT + 10 * INPUT, "it was refused while a token could be had"


@pytest.mark.parametrize("extra_input", [0, 500], ids=["output", "input too"])
def test_an_upstream_that_bills_64_tokens_when_asked_for_1_cannot_spend_more_than_the_funds(
    house: House, rows: list[str], extra_input: int
) -> None:
    house.bills(output=64, extra_input=extra_input)
    funds = 400_000
    customer = house.gateway.customer(amount(funds))

    seen = run(
        keep_calling(house.gateway.url, customer.api_key, chat(max_tokens=1), callers=20)
    )

    spent = house.spent(customer, funds, seen)
    rows.append(spent.row("bills 64 for 1" + (", and more input" if extra_input else "")))
    spent.check()
    assert spent.billed > funds, "the upstream did try"
    for call in spent.calls.values():
        held, charged = call.fact("reserved"), call.fact("charged")
        assert "output_beyond_cap" in charged["flags"]
        assert charged["usage"]["output"] == 1
        if not extra_input:
            assert charged["amount"] <= held["amount"]


def test_the_first_calls_of_a_fresh_process_cannot_spend_more_than_the_funds(
    house: House, rows: list[str]
) -> None:
    house.bills()
    afforded, fields = 7, chat(max_tokens=100)
    hold = hold_of(house, fields)
    customer = house.gateway.customer(amount(afforded * hold))
    house.gateway.kill()
    house.gateway.start()

    seen = run(ask_all(house.gateway.url, customer.api_key, [fields] * 200))

    spent = house.spent(customer, afforded * hold, seen)
    rows.append(spent.row("freshly started"))
    spent.check()


def test_two_workers_without_a_shared_cache_cannot_spend_more_than_the_funds(
    house: House, rows: list[str]
) -> None:
    house.bills()
    afforded, fields = 7, chat(max_tokens=100)
    hold = hold_of(house, fields)
    customer = house.gateway.customer(amount(afforded * hold))

    seen = run(ask_both_workers(house.gateway, customer.api_key, fields))

    spent = house.spent(customer, afforded * hold, seen)
    rows.append(spent.row("two workers"))
    spent.check()


def test_calls_answered_before_a_kill_stay_charged_and_their_budget_is_not_served_again(
    tmp_path: Path, rows: list[str]
) -> None:
    with (
        ScriptedUpstream() as upstream,
        crashing_gateway(tmp_path, upstream, workers=WORKERS) as gateway,
    ):
        wait_for_workers(gateway, WORKERS)
        house = House(gateway, upstream, None)  # type: ignore[arg-type]
        house.bills(output=20)
        fields, charge = chat(max_tokens=20), 10 * INPUT + 20 * OUTPUT
        funds = 600 * charge
        customer = gateway.customer(amount(funds))

        before = run(call_until_killed(gateway, customer.api_key, fields, answers=500))
        gateway.start()
        with gateway.database() as house.conn:
            books = read_wallet(house.conn, customer.customer_id)
            assert all(books.charges[one.request_id] == [charge] for one in before)
            wait_until(
                lambda: not read_wallet(house.conn, customer.customer_id).holds, "the orphans"
            )
            after = run(keep_calling(gateway.url, customer.api_key, fields, callers=8))

            spent = house.spent(customer, funds, [*before, *after])
            rows.append(spent.row("kill -9 after 500 answers"))
            spent.check()
            assert len(before) >= 500
            assert len(spent.answered) <= 600


def test_an_upstream_that_answers_with_one_id_makes_twenty_entries_of_twenty_calls(
    house: House, rows: list[str]
) -> None:
    house.upstream.default = echo(same_id=True)
    house.billed = 0
    customer = house.gateway.customer("1.00")

    seen = run(ask_all(house.gateway.url, customer.api_key, [chat(max_tokens=5)] * 20))

    spent = house.spent(customer, nanos("1.00"), seen)
    rows.append(spent.row("one response id for twenty calls"))
    spent.check()
    assert {one.json["id"] for one in seen} == {"chatcmpl-same"}
    assert len({one.request_id for one in seen}) == 20
    assert len(spent.books.charges) == 20
    assert [call.outcome for call in spent.calls.values()] == ["charged"] * 20


def hold_of(house: House, fields: Mapping[str, Any]) -> int:
    broke = house.gateway.customer("0")
    refused = run(ask(house.gateway.url, broke.api_key, fields))
    return nanos(refused.error["metadata"]["required"])


async def ask_both_workers(
    gateway: GatewayProcess, key: str, fields: Mapping[str, Any]
) -> list[Seen]:
    """Connect until each worker has many callers, then ask all at once."""
    callers: list[Caller] = []
    shares: Counter[int] = Counter()
    while min(shares[worker] for worker in range(WORKERS)) < SHARE:
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
