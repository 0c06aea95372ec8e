"""What arrives is not even proper HTTP: refused, no event, and the next caller is served."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import Connection

from tests.gateway_process import GatewayProcess
from tests.simulation.callers import PATH, Caller, Seen, ask, run
from tests.simulation.counter import fields
from tests.simulation.processes import log_of

BODY = json.dumps(fields()).encode()
TEN_MEGABYTES = 10_000_000
HEAD = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: gateway\r\n"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder: Path = tmp_path_factory.mktemp("wire")
    with GatewayProcess(folder) as gateway:
        yield gateway
        assert "Traceback" not in log_of(gateway)


@pytest.fixture(scope="module")
def key(gateway: GatewayProcess) -> bytes:
    return gateway.customer().api_key.encode()


@pytest.fixture(scope="module")
def log(gateway: GatewayProcess) -> Iterator[Connection]:
    with gateway.database() as conn:
        yield conn


def sized(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"Transfer-Encoding: chunked\r\n\r\n" + framed + end


REFUSED = {
    "10 MB": (sized(b'{"user":"' + b"x" * TEN_MEGABYTES), 413),
    "10 MB in chunks": (chunked(*[b"x" * 100_000] * 100), 413),
    "10 MB announced": (b"Content-Length: 10000000\r\n\r\n", 413),
    "400 digits announced": (b"Content-Length: " + b"9" * 400 + b"\r\n\r\n", 400),
    "less than nothing announced": (b"Content-Length: -1\r\n\r\n", 400),
    "a length that is no number": (b"Content-Length: ten\r\n\r\n", 400),
    "two lengths": (b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n1234567", 400),
    "a length and chunks": (b"Content-Length: 5\r\n" + chunked(BODY), 400),
    "a chunk of no size": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
    "a zip bomb": (
        b"Content-Encoding: gzip\r\n" + sized(gzip.compress(b"x" * TEN_MEGABYTES)), 400,
    ),
    "half a character": (sized(BODY.replace(b"Hi", b"\xe2\x82")), 400),
    "a NUL in a header": (b"X-Thing: a\x00b\r\n" + sized(BODY), 400),
}  # fmt: skip


@pytest.mark.parametrize(("rest", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_request_is_refused_and_leaves_no_event(
    gateway: GatewayProcess, log: Connection, key: bytes, rest: bytes, status: int
) -> None:
    before = events(log)

    seen = run(send(gateway, HEAD + b"Authorization: Bearer " + key + b"\r\n" + rest))

    assert seen.status == status
    if seen.headers["content-type"] == "application/json":
        assert seen.error["message"]
        assert seen.error["code"]
    assert events(log) == before
    assert is_served(gateway, key)


GOOD = {
    "in one piece": sized(BODY),
    "in chunks of one byte": chunked(*(BODY[i : i + 1] for i in range(len(BODY)))),
    "with a trailer": chunked(BODY, end=b"0\r\nX-Trailer: a\r\n\r\n"),
    "with header bytes that are no ASCII": b"X-Thing: \xff\xe9\r\n" + sized(BODY),
    "with an id of 10 KB": b"X-Request-ID: " + b"x" * 10_000 + b"\r\n" + sized(BODY),
    "with a header of 60 KB": b"X-Thing: " + b"x" * 60_000 + b"\r\n" + sized(BODY),
    "with a body that is called plain text": b"Content-Type: text/plain\r\n" + sized(BODY),
}


@pytest.mark.parametrize("rest", GOOD.values(), ids=GOOD.keys())
def test_an_odd_request_is_answered(gateway: GatewayProcess, key: bytes, rest: bytes) -> None:
    seen = run(send(gateway, HEAD + b"Authorization: Bearer " + key + b"\r\n" + rest))

    assert seen.status == 200
    assert seen.headers["x-request-id"] == seen.headers["x-gateway-request-id"]


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GARBAGE\r\n\r\n",
        b"\x00" * 100,
        HEAD.replace(b"1.1", b"7"),
    ],
    ids=["TLS", "a word", "NULs", "HTTP/7"],
)
def test_noise_is_refused_and_leaves_no_event(
    gateway: GatewayProcess, log: Connection, key: bytes, noise: bytes
) -> None:
    before = events(log)

    seen = run(send(gateway, noise + b"\r\n\r\n"))

    assert seen.status == 400
    assert events(log) == before
    assert is_served(gateway, key)


def test_a_caller_who_leaves_in_mid_request_leaves_no_event(
    gateway: GatewayProcess, log: Connection, key: bytes
) -> None:
    before = events(log)
    whole = HEAD + b"Authorization: Bearer " + key + b"\r\n" + sized(BODY)

    run(leave_after(gateway, [whole[:cut] for cut in range(10, len(whole) - 1, 7)]))

    assert events(log) == before
    assert is_served(gateway, key)


async def send(gateway: GatewayProcess, request: bytes) -> Seen:
    caller = await Caller.connect(gateway.url)
    try:
        return await caller.send(request)
    finally:
        await caller.close()


async def leave_after(gateway: GatewayProcess, parts: list[bytes]) -> None:
    for part in parts:
        caller = await Caller.connect(gateway.url)
        caller.write(part)
        await asyncio.sleep(0.005)
        await caller.close()


def is_served(gateway: GatewayProcess, key: bytes) -> bool:
    return run(ask(gateway.url, key.decode(), {"model": "nobody"})).status == 400


def events(log: Connection) -> int:
    row = log.execute("SELECT count(*) FROM ledger_events").fetchone()
    assert row is not None
    return int(row[0])
