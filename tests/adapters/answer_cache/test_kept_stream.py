"""A kept stream is the same bytes again; metadata is written anew where it has its place."""

import asyncio

import orjson
import pytest

from adapters.answer_cache.kept_stream import KeptStream
from adapters.answer_cache.postgres import Kept
from adapters.protocols.openai_chat.stream import DONE
from domain.kept_answer import Origin

ORIGIN = Origin("m", "p", "up", 77, {"input": 3})
FRAME = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m"}
CHUNK = {**FRAME, "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
USAGE = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}


def event(chunk: object) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


async def parts_of(stream: KeptStream) -> list[bytes]:
    return [data async for data in stream.relay()]


async def all_of(stream: KeptStream) -> bytes:
    return b"".join(await parts_of(stream))


def test_it_is_the_same_bytes_again_and_there_is_nothing_to_count_or_to_close() -> None:
    stream = KeptStream(Kept(ORIGIN, b"relayed", b"tail"))

    assert asyncio.run(all_of(stream)) == b"relayed"
    assert stream.tail(None) == b"tail"
    assert stream.failure("no") is None
    assert stream.report.usage is None
    assert (stream.produced.anything(), stream.produced.tokens()) == (True, 0)
    asyncio.run(stream.close())


@pytest.mark.parametrize("usage", [None, USAGE])
def test_metadata_rides_on_the_usage_if_that_was_asked_for(usage: object) -> None:
    tail = event({**FRAME, "choices": [], "usage": usage}) if usage else b""

    stream = KeptStream(Kept(ORIGIN, event(CHUNK), tail + DONE), tells_metadata=True)
    asyncio.run(all_of(stream))
    told = stream.tail({"cached": True})

    chunk, done = told.removeprefix(b"data: ").split(b"\n\ndata: ")
    assert done == b"[DONE]\n\n"
    expected = {**FRAME, "choices": [], "metadata": {"cached": True}}
    assert orjson.loads(chunk) == expected | ({"usage": usage} if usage else {})


def test_much_is_given_a_part_at_a_time_and_other_calls_go_on_between_them() -> None:
    body = bytes(range(256)) * 256
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(len(turns))
            await asyncio.sleep(0)

    async def relayed() -> tuple[list[bytes], int]:
        other = asyncio.create_task(others())
        parts = await parts_of(KeptStream(Kept(ORIGIN, body, b"tail")))
        other.cancel()
        return parts, len(turns)

    parts, count = asyncio.run(relayed())

    assert b"".join(parts) == body
    assert max(map(len, parts)) <= 16 * 1024
    assert count >= len(parts)


def test_metadata_rides_in_the_frame_of_a_long_streams_last_chunk() -> None:
    body = b"".join(
        event({**FRAME, "id": f"c-{number}"} | {"choices": []}) for number in range(900)
    )
    stream = KeptStream(Kept(ORIGIN, body, DONE), tells_metadata=True)

    asyncio.run(all_of(stream))

    assert orjson.loads(stream.tail({}).split(b"\n")[0][6:])["id"] == "c-899"
