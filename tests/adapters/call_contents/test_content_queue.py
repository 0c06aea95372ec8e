"""The queue of contents: no call waits for it, it is bounded, and no failure of it is a call's."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from adapters.call_contents.content import BYTES_MAX, Content
from adapters.call_contents.content_queue import BATCH_MAX, ContentQueue


def content(prompt: bytes = b"prompt") -> Content:
    made = Content(uuid4(), UUID(int=1))
    made.ask(prompt)
    return made


class Writer:
    """Remembers batches; the first is failed with if told so, and all wait at the gate."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.batches: list[list[Content]] = []
        self.failure = failure
        self.gate = asyncio.Event()

    async def __call__(self, contents: Sequence[Content]) -> None:
        self.batches.append(list(contents))
        await self.gate.wait()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure


def test_what_waits_is_written_in_batches_and_in_order() -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = ContentQueue(writer)
        contents = [content() for _ in range(BATCH_MAX + 1)]
        for one in contents:
            queue.add(one)
        assert writer.batches == []
        writer.gate.set()
        await queue.flush()
        assert writer.batches == [contents[:BATCH_MAX], contents[BATCH_MAX:]]

    asyncio.run(scenario())


def test_more_than_fits_is_dropped_and_there_is_room_again_once_it_is_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = ContentQueue(writer, waiting_bytes_max=10)
        first, dropped, last = content(b"12345678"), content(b"secret"), content(b"12345678")
        queue.add(first)
        queue.add(dropped)
        writer.gate.set()
        await queue.flush()
        queue.add(last)
        await queue.flush()
        assert writer.batches == [[first], [last]]

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert "dropped" in caplog.text
    assert "secret" not in caplog.text


def test_a_batch_that_fails_is_dropped_and_the_next_is_written() -> None:
    async def scenario() -> None:
        writer = Writer(RuntimeError("no"))
        queue = ContentQueue(writer)
        writer.gate.set()
        first, second = content(), content()
        queue.add(first)
        await queue.flush()
        queue.add(second)
        await queue.flush()
        assert writer.batches == [[first], [second]]

    asyncio.run(scenario())


def test_the_end_waits_only_so_long_and_tells_how_many_are_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        writer = Writer()
        queue = ContentQueue(writer)
        for _ in range(BATCH_MAX + 7):
            queue.add(content())
        async with asyncio.timeout(5):
            await queue.close(0.05)
        assert getattr(caplog.records[-1], "calls", None) == 7  # the others are being written
        writer.gate.set()
        await queue.close(5)
        assert [len(batch) for batch in writer.batches] == [BATCH_MAX]

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())


def test_only_so_much_of_a_call_is_kept() -> None:
    long = content(b"x" * (BYTES_MAX + 1))
    short = content()
    whole = content(b"x" * BYTES_MAX)
    for data in (b"a" * (BYTES_MAX - 1), b"bc", b"d"):
        short.take(data)

    assert (len(long.prompt), long.cut) == (BYTES_MAX, True)
    assert (whole.cut, whole.size) == (False, BYTES_MAX)
    assert (short.answer[-2:], len(short.answer), short.cut) == (b"ab", BYTES_MAX, True)
