"""A call outlives its caller, and a shutdown waits for every call."""

import asyncio
from contextlib import suppress

from api.open_calls import OpenCalls


def test_a_call_goes_on_when_whoever_waits_for_it_is_cancelled() -> None:
    async def scenario() -> list[str]:
        calls, done, go_on = OpenCalls(), [], asyncio.Event()

        async def call() -> None:
            await go_on.wait()
            done.append("settled")

        waiting = asyncio.create_task(calls.run(call()))
        await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        go_on.set()
        await calls.drain(5)
        return done

    assert asyncio.run(scenario()) == ["settled"]


def test_a_drain_that_lasts_too_long_ends_the_deadlines_and_waits_for_the_settling() -> None:
    async def scenario() -> tuple[list[str], int]:
        calls, done, begun = OpenCalls(), [], asyncio.Event()

        async def call() -> None:
            try:
                async with calls.deadline(asyncio.get_running_loop().time() + 3600):
                    begun.set()
                    await asyncio.sleep(3600)
            except TimeoutError:
                await asyncio.sleep(0.01)
                done.append("settled as it was")

        waiting = asyncio.create_task(calls.run(call()))
        await begun.wait()
        await calls.drain(0.01)
        await waiting
        return done, len(calls)

    assert asyncio.run(scenario()) == (["settled as it was"], 0)


def test_a_call_that_begins_to_wait_during_a_late_drain_is_ended_too() -> None:
    async def scenario() -> str:
        calls, reserved = OpenCalls(), asyncio.Event()
        outcome = "served"

        async def call() -> None:
            nonlocal outcome
            await reserved.wait()
            try:
                async with calls.deadline(asyncio.get_running_loop().time() + 3600):
                    await asyncio.sleep(3600)
            except TimeoutError:
                outcome = "ended"

        waiting = asyncio.create_task(calls.run(call()))
        draining = asyncio.create_task(calls.drain(0))
        await asyncio.sleep(0.01)
        reserved.set()
        async with asyncio.timeout(5):
            await draining
        await waiting
        return outcome

    assert asyncio.run(scenario()) == "ended"
