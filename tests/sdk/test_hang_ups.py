"""Clients that leave: the work goes on to its end, and is charged by what was really used."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from tests.scripted_answers import STREAM_END, STREAM_HEAD, framed
from tests.scripted_upstream import completion, raw, stall, stream, usage_of
from tests.sdk.books import wait_until
from tests.sdk.shop import QUESTION, Shop, paced
from tests.sdk.test_broken_streams import chunk, usage_chunk

WORDS = [f"w{n} " for n in range(20)]


def leave_after_first_chunk(shop: Shop) -> None:
    chunks = shop.client().chat.completions.create(model="small", messages=QUESTION, stream=True)
    next(iter(chunks))
    chunks.close()


def request_bytes(shop: Shop, body: dict[str, Any], *, length: int | None = None) -> bytes:
    payload = json.dumps(body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        f"{shop.customer.api_key}\r\nContent-Length: {length or len(payload)}\r\n\r\n"
    )
    return head.encode() + payload


def connect(shop: Shop) -> socket.socket:
    address = urlsplit(shop.gateway.url)
    return socket.create_connection((address.hostname, address.port), timeout=10)


def test_a_client_that_leaves_mid_stream_pays_what_was_reported(shop: Shop) -> None:
    shop.upstream.script(paced(stream(WORDS), 0.04))

    leave_after_first_chunk(shop)

    shop.call().assert_charged("small", input=3, output=20)
    assert not shop.upstream.requests[0].hung_up.is_set()


def test_ten_clients_that_leave_at_once_each_pay_what_was_reported(shop: Shop) -> None:
    shop.upstream.script(*[paced(stream(WORDS), 0.04)] * 10)
    threads = [threading.Thread(target=leave_after_first_chunk, args=(shop,)) for _ in range(10)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for call in shop.calls(10):
        call.assert_charged("small", input=3, output=20)


def test_a_cancelled_async_client_pays_what_was_reported(shop: Shop) -> None:
    shop.upstream.script(paced(stream(WORDS), 0.04))

    async def leave() -> None:
        async with shop.async_client() as client:
            chunks = await client.chat.completions.create(
                model="small", messages=QUESTION, stream=True
            )

            async def read() -> None:
                async for _ in chunks:
                    pass

            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(read(), 0.2)

    asyncio.run(leave())

    shop.call().assert_charged("small", input=3, output=20)


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_a_client_gone_before_the_first_byte_pays_what_was_reported(
    shop: Shop, streams: bool
) -> None:
    shop.upstream.script(stall(1.0))

    with pytest.raises(openai.APITimeoutError):
        shop.client(timeout=0.3).chat.completions.create(
            model="small", messages=QUESTION, stream=streams
        )

    shop.call().assert_charged("small", input=3, output=3)
    assert not shop.upstream.requests[0].hung_up.is_set()


def test_a_client_timeout_with_retries_pays_for_each_try(shop: Shop) -> None:
    shop.upstream.script(stall(1.5), stall(1.5), completion("at last"))

    answer = shop.client(timeout=0.5, max_retries=2).chat.completions.create(
        model="small", messages=QUESTION
    )

    assert answer.choices[0].message.content == "at last"
    first, second, third = shop.calls(3)
    first.assert_charged("small", input=3, output=3)
    second.assert_charged("small", input=3, output=3)
    third.assert_charged("small", input=3, output=2)


def test_a_client_gone_before_its_request_was_whole_leaves_no_trace(shop: Shop) -> None:
    with connect(shop) as client:
        body = {"model": "small", "messages": QUESTION}
        client.sendall(request_bytes(shop, body, length=5000))
        time.sleep(0.1)

    time.sleep(0.2)
    assert shop.upstream.requests == []
    assert shop.calls(0) == []


@pytest.mark.parametrize("leaves", [True, False], ids=["then leaves", "then reads"])
def test_a_client_that_does_not_read_stalls_nobody(shop: Shop, leaves: bool) -> None:
    pieces = [chunk(content="x" * 60_000) for _ in range(200)]
    events = [*pieces, chunk(finish="stop"), usage_chunk(usage_of(3, 500)), b"data: [DONE]\n\n"]
    shop.upstream.script(raw(STREAM_HEAD, *map(framed, events), STREAM_END))
    body = {"model": "small", "messages": QUESTION, "stream": True}

    with connect(shop) as client:
        client.sendall(request_bytes(shop, body))
        time.sleep(0.5)
        # Others are served meanwhile.
        shop.client().chat.completions.create(model="small", messages=QUESTION)
        received = b"" if leaves else read_all(client)

    if not leaves:
        assert received.count(b"x" * 60_000) == 200
        assert b"[DONE]" in received
    amounts = sorted(call.charged["usage"]["output"] for call in shop.calls(2))
    assert amounts == [3, 500]


def read_all(client: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"0\r\n\r\n"):
        received += client.recv(1 << 20)
    return received


def test_a_stream_that_ends_well_leaves_no_error_in_the_log(shop: Shop) -> None:
    before = shop.house.log.count('"level":"error"')

    for _ in range(3):
        list(shop.client().chat.completions.create(model="small", messages=QUESTION, stream=True))

    shop.calls(3)
    time.sleep(0.1)
    assert shop.house.log.count('"level":"error"') == before, shop.house.log[-2000:]


def test_an_upstream_is_read_on_for_an_absent_client_only_so_long(impatient_shop: Shop) -> None:
    shop = impatient_shop
    shop.upstream.script(
        raw(STREAM_HEAD, *[framed(chunk(content=f"{n} ")) for n in range(3)], 30.0, STREAM_END)
    )

    leave_after_first_chunk(shop)
    began = time.monotonic()

    shop.call().assert_counted("0 1 2 ", basis="partial", flags=("truncated", "usage_missing"))
    assert time.monotonic() - began < 2.5, "longer than TOLLBOOK_ABANDONED_SECONDS and some"
    wait_until(shop.upstream.requests[0].hung_up.is_set, "the upstream's connection to close")


def test_a_client_that_leaves_early_enough_still_pays_what_was_reported(
    impatient_shop: Shop,
) -> None:
    shop = impatient_shop
    shop.upstream.script(paced(stream(WORDS[:5]), 0.05))

    leave_after_first_chunk(shop)

    shop.call().assert_charged("small", input=3, output=5)
