"""Many callers, few commits, and nobody pays for another's fault."""

import asyncio

import pytest

from adapters.ledger.gathering import BATCH_MAX
from domain.errors import (
    GatewayError,
    HoldsInFlightError,
    IdempotencyInProgressError,
)
from domain.reserve_call import Claim, Reservation
from domain.settle_call import Settlement
from tests.adapters.ledger.database import (
    fields,
    holding_the_lock,
    log_of,
    seen,
    topics_of,
    until_waiting,
)
from tests.adapters.ledger.till import Till, broken_midway, mint, opened, run

COMMITS = "SELECT count(DISTINCT xmin::text) FROM ledger_events"


def test_callers_of_one_moment_share_a_commit(database_url: str) -> None:
    batches: list[int] = []

    async def story() -> int:
        async with opened(database_url, lambda size, seconds: batches.append(size)) as ledger:
            till = await Till().open(ledger)
            batches.clear()
            before: int = seen(database_url, COMMITS)
            await asyncio.gather(*(ledger.execute(till.call()) for _ in range(BATCH_MAX + 44)))
            return before

    before = run(story())

    assert batches == [BATCH_MAX, 44]
    assert seen(database_url, COMMITS) == before + 2
    assert topics_of(database_url)["wallet.reserved.2"] == BATCH_MAX + 44


def test_callers_gather_while_a_batch_is_under_way(database_url: str) -> None:
    batches: list[int] = []

    async def story() -> None:
        async with opened(database_url, lambda size, seconds: batches.append(size)) as ledger:
            till = await Till().open(ledger)
            batches.clear()
            with holding_the_lock(database_url):
                first = asyncio.create_task(ledger.execute(till.call()))
                await until_waiting(database_url)
                others = [asyncio.create_task(ledger.execute(till.call())) for _ in range(20)]
                await asyncio.sleep(0)
            await asyncio.gather(first, *others)

    run(story())

    assert batches == [1, 20]


def test_each_of_a_batch_decides_on_what_the_one_before_it_left(database_url: str) -> None:
    async def story() -> list[object]:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger, funds=3 * 50)
            return await asyncio.gather(
                *(ledger.execute(till.call()) for _ in range(10)), return_exceptions=True
            )

    outcomes = run(story())

    assert [type(outcome) for outcome in outcomes] == [Reservation] * 3 + [HoldsInFlightError] * 7
    assert topics_of(database_url)["wallet.reserved.2"] == 3


def test_what_one_command_begins_the_next_of_its_batch_may_use(database_url: str) -> None:
    async def story() -> list[object]:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            call = till.call()
            return await asyncio.gather(
                ledger.execute(call), ledger.execute(till.charge(call)), return_exceptions=True
            )

    outcomes = run(story())

    assert [type(outcome) for outcome in outcomes] == [Reservation, Settlement]


def test_an_idempotency_key_twice_in_one_batch_holds_once(database_url: str) -> None:
    async def story() -> list[object]:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            nonlocal before
            before = seen(database_url, COMMITS)
            claim = Claim(mint(), "body")
            return await asyncio.gather(
                *(ledger.execute(till.call(claim)) for _ in range(5)), return_exceptions=True
            )

    before = 0
    first, *others = run(story())

    assert seen(database_url, COMMITS) == before + 1
    assert isinstance(first, Reservation)
    assert [type(other) for other in others] == [IdempotencyInProgressError] * 4
    assert topics_of(database_url)["wallet.reserved.2"] == 1


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), GatewayError("late")], ids=["a bug", "a late refusal"]
)
def test_one_bad_command_does_not_hurt_the_others_of_its_batch(
    database_url: str, error: Exception
) -> None:
    async def story() -> tuple[list[object], bytes]:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            commands = [till.call() for _ in range(20)]
            outcomes = await asyncio.gather(
                *(ledger.execute(command) for command in commands[:10]),
                ledger.execute(broken_midway(till, error)),
                *(ledger.execute(command) for command in commands[10:]),
                return_exceptions=True,
            )
            return list(outcomes), await ledger.execute(till.wallet)

    outcomes, wallet = run(story())

    assert [type(o) for o in outcomes] == [Reservation] * 10 + [type(error)] + [Reservation] * 10
    assert topics_of(database_url)["wallet.reserved.2"] == 20
    assert b'"frozen":false' in wallet


def test_facts_of_a_batch_stand_in_the_log_in_the_order_of_its_commands(database_url: str) -> None:
    async def story() -> list[str]:
        async with opened(database_url) as ledger:
            tills = [await Till().open(ledger) for _ in range(5)]
            calls = [till.call() for _ in range(20) for till in tills]
            await asyncio.gather(*(ledger.execute(call) for call in calls))
            return [call.request_id.hex for call in calls]

    asked = run(story())

    reserved = [row for row in log_of(database_url) if ".reserved." in row.topic]
    of_wallets = [fields(row)["request_id"] for row in reserved if row.topic[0] == "w"]
    of_requests = [row.originator_id.hex for row in reserved if row.topic[0] == "i"]
    assert of_wallets == asked
    assert of_requests == asked


def test_a_caller_who_left_the_queue_is_not_served(database_url: str) -> None:
    async def story() -> None:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger)
            with holding_the_lock(database_url):
                first = asyncio.create_task(ledger.execute(till.call()))
                await until_waiting(database_url)
                gone, second = (asyncio.create_task(ledger.execute(till.call())) for _ in "ab")
                await asyncio.sleep(0)
                gone.cancel()
            await asyncio.gather(first, second)

    run(story())

    assert topics_of(database_url)["wallet.reserved.2"] == 2
