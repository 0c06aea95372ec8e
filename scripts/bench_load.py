"""A closed loop of callers: `bench_load.py PORT CALLERS SECONDS STREAM KEYS_FILE [RATE]`.

Prints one JSON line: answered, failed, seconds, and latency percentiles in milliseconds. With a
RATE the callers start calls evenly spaced, so that latency at part load can be measured.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

PORT, CALLERS, SECONDS, STREAM = (
    int(sys.argv[1]),
    int(sys.argv[2]),
    float(sys.argv[3]),
    sys.argv[4] == "stream",
)
KEYS = Path(sys.argv[5]).read_text(encoding="utf-8").split()
RATE = float(sys.argv[6]) if len(sys.argv) > 6 else 0.0  # noqa: PLR2004  # the usage line says so

BODY = json.dumps(
    {
        "model": "bench",
        "messages": [
            {"role": "user", "content": "Say hello from the gateway, please, in one sentence."}
        ],
        "max_tokens": 100,
        **({"stream": True} if STREAM else {}),
    }
).encode()


def request_of(key: str) -> bytes:
    """Write one request whole."""
    return (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        b"authorization: Bearer " + key.encode() + b"\r\n"
        b"content-length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY
    )


class Caller(asyncio.Protocol):
    """One connection with one call at a time."""

    def __init__(self, results: "Results") -> None:
        self.results = results
        self.data = b""
        self.answered: asyncio.Future[None] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transport has a transport's methods without being one.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Gather an answer and wake its caller when it is whole."""
        self.data += data
        if not self._whole():
            return
        self.results.ok += self.data.startswith(b"HTTP/1.1 200")
        self.results.failed += not self.data.startswith(b"HTTP/1.1 200")
        self.data = b""
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Count an answer that never came."""
        if self.answered is not None and not self.answered.done():
            self.results.failed += 1
            self.answered.set_result(None)

    def _whole(self) -> bool:
        head = self.data.find(b"\r\n\r\n")
        if head < 0:
            return False
        headers = self.data[:head].lower()
        at = headers.find(b"content-length:")
        if at < 0:
            return self.data.endswith(b"0\r\n\r\n")
        length = int(headers[at + 15 :].split(b"\r\n", 1)[0])
        return len(self.data) >= head + 4 + length

    async def call(self, request: bytes) -> None:
        """Send a request and wait for its answer."""
        assert self.transport is not None
        self.answered = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self.transport.write(request)
        await self.answered
        self.results.latencies.append(time.perf_counter() - began)


class Results:
    """What all callers saw."""

    def __init__(self) -> None:
        self.ok = 0
        self.failed = 0
        self.latencies: list[float] = []


async def run(results: Results, number: int, end: float) -> None:
    """Make one call after another, evenly spaced if there is a rate."""
    loop = asyncio.get_running_loop()
    _, caller = await loop.create_connection(lambda: Caller(results), "127.0.0.1", PORT)
    turn = number
    spacing = CALLERS / RATE if RATE else 0.0
    due = time.monotonic() + spacing * number / CALLERS
    while time.monotonic() < end:
        if spacing:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += spacing
        await caller.call(request_of(KEYS[turn % len(KEYS)]))
        turn += CALLERS
    assert caller.transport is not None
    caller.transport.close()


async def main() -> None:
    """Run all callers and print what they saw."""
    results = Results()
    began = time.monotonic()
    await asyncio.gather(*(run(results, n, began + SECONDS) for n in range(CALLERS)))
    seconds = time.monotonic() - began
    ordered = sorted(results.latencies)
    figures = {f"p{p}": round(1000 * ordered[len(ordered) * p // 100], 2) for p in (50, 95, 99)}
    print(json.dumps({"ok": results.ok, "failed": results.failed, "seconds": seconds, **figures}))


uvloop.run(main())
