"""The queue of traces: nobody waits for it, and what does not fit is counted and dropped."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from adapters.traces.call_trace import CallTrace
from adapters.traces.trace_queue import BATCH_MAX, TraceQueue
from tests.adapters.traces.traces import trace

T = TypeVar("T")
LONG = 60.0


class Writer:
    """Remembers the batches that it is given; each may be told to fail or to wait."""

    def __init__(self, *failures: Exception | None) -> None:
        self.batches: list[list[CallTrace]] = []
        self.failures = list(failures)
        self.lost = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, traces: Sequence[CallTrace]) -> None:
        await self.gate.wait()
        self.batches.append(list(traces))
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure

    def dropped(self, count: int) -> None:
        self.lost += count

    def queue(self, **options: Any) -> TraceQueue:
        return TraceQueue(self, self.dropped, **{"gather_seconds": LONG, **options})


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def test_what_gathers_is_written_in_one_batch_and_in_order() -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = writer.queue()
        traces = [trace() for _ in range(3)]
        for one in traces:
            queue.add(one)
        assert writer.batches == []
        await queue.flush()
        assert writer.batches == [traces]
        assert writer.lost == 0
        queue.add(trace())
        await asyncio.sleep(0.02)
        assert len(writer.batches) == 1  # it gathers again
        await queue.flush()

    run(scenario())


def test_it_is_written_by_itself_after_a_moment() -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = writer.queue(gather_seconds=0.01)
        for _ in range(2):
            queue.add(trace())
            await asyncio.sleep(0.1)
        assert [len(batch) for batch in writer.batches] == [1, 1]

    run(scenario())


def test_no_batch_is_larger_than_the_loop_can_bear() -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = writer.queue()
        for _ in range(2 * BATCH_MAX + 1):
            queue.add(trace())
        await queue.flush()
        assert [len(batch) for batch in writer.batches] == [BATCH_MAX, BATCH_MAX, 1]

    run(scenario())


def test_beyond_its_bound_new_ones_are_dropped_and_counted_and_the_caller_never_waits() -> None:
    async def scenario() -> None:
        writer = Writer()
        writer.gate.clear()
        queue = writer.queue(gather_seconds=0.0, waiting_max=10)
        began = time.monotonic()
        for _ in range(25):
            queue.add(trace())
        assert writer.lost == 15
        await asyncio.sleep(0.02)
        for _ in range(25):  # ten are being written, which takes for ever, and ten more wait
            queue.add(trace())
        assert writer.lost == 30
        assert time.monotonic() - began < 1
        writer.gate.set()
        await queue.flush()
        assert sum(map(len, writer.batches)) == 20

    run(scenario())


def test_a_batch_that_fails_is_counted_and_the_next_one_is_written() -> None:
    async def scenario() -> None:
        writer = Writer(RuntimeError("no"), None)
        queue = writer.queue()
        for _ in range(BATCH_MAX + 2):
            queue.add(trace())
        await queue.flush()
        assert writer.lost == BATCH_MAX
        assert [len(batch) for batch in writer.batches] == [BATCH_MAX, 2]
        queue.add(trace())
        await queue.flush()
        assert [len(batch) for batch in writer.batches] == [BATCH_MAX, 2, 1]

    run(scenario())


def test_the_end_waits_only_so_long_and_counts_what_is_lost() -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = writer.queue()
        for _ in range(BATCH_MAX + 7):
            queue.add(trace())
        writer.gate.clear()
        await queue.close(0.05)
        assert writer.lost == 7  # the others are being written
        writer.gate.set()
        await queue.close(5)
        assert [len(batch) for batch in writer.batches] == [BATCH_MAX]
        assert writer.lost == 7

    run(scenario())


def test_a_flush_of_nothing_returns_and_a_late_one_waits_for_what_is_being_written() -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = writer.queue()
        await queue.flush()
        writer.gate.clear()
        queue.add(trace())
        flushing = asyncio.create_task(queue.flush())
        await asyncio.sleep(0.01)
        assert not flushing.done()
        writer.gate.set()
        await flushing

    run(scenario())


def test_whoever_flushes_and_leaves_takes_no_trace_along() -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = writer.queue()
        writer.gate.clear()
        queue.add(trace())
        leaving = asyncio.create_task(queue.flush())
        await asyncio.sleep(0.01)
        leaving.cancel()
        await asyncio.wait({leaving})
        writer.gate.set()
        await queue.flush()
        assert writer.lost == 0
        assert len(writer.batches) == 1

    run(scenario())


def test_whoever_waits_does_so_only_for_what_was_there_and_what_comes_gathers_again() -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = writer.queue()
        writer.gate.clear()
        queue.add(trace())
        flushing = asyncio.create_task(queue.flush())
        await asyncio.sleep(0.01)
        queue.add(trace())  # as others do all the time
        writer.gate.set()
        async with asyncio.timeout(5):
            await flushing
        await asyncio.sleep(0.01)
        assert [len(batch) for batch in writer.batches] == [1]
        await queue.close(5)
        assert [len(batch) for batch in writer.batches] == [1, 1]

    run(scenario())


def test_a_reader_waits_only_a_moment_for_a_slow_writer() -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = writer.queue()
        writer.gate.clear()
        queue.add(trace())
        async with asyncio.timeout(5):
            await queue.flush_briefly()
        assert writer.batches == []
        writer.gate.set()
        await queue.close(5)
        assert writer.lost == 0

    run(scenario())
