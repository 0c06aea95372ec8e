"""What converting a stream costs: the gateway's CPU per chunk, next to that of a native stream.

    uv run python scripts/bench_conversion.py [--seconds 5] [--runs 3]

Prints one JSON object: microseconds of CPU per chunk for each lane, medians of the runs, and the
two ratios. Every stream has many chunks, paced so that each is read apart, so that what a call
costs besides its chunks hardly counts.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import uvloop

CHUNKS, GAP_SECONDS, CALLERS = 400, 0.002, 8
ADMIN_TOKEN, LISTENS = "bench-token", "Tollbook listens on "
TEXT = "some words of an answer "
LANES = {
    "chat native": ("/v1/chat/completions", "native-chat"),
    "chat to anthropic": ("/v1/chat/completions", "native-messages"),
    "anthropic native": ("/v1/messages", "native-messages"),
    "anthropic to chat": ("/v1/messages", "native-chat"),
}
CATALOG = """
currency = "USD"
[[providers]]
name = "chat"
protocol = "openai"
base_url = "{url}/v1"
[[providers]]
name = "messages"
protocol = "anthropic"
base_url = "{url}"
[[models]]
id = "native-chat"
context_tokens = 128000
max_output_tokens = 16384
price = {{ input = "0.000001", output = "0.000001" }}
[[models.routes]]
provider = "chat"
model = "up"
[[models]]
id = "native-messages"
context_tokens = 128000
max_output_tokens = 16384
price = {{ input = "0.000001", output = "0.000001" }}
[[models.routes]]
provider = "messages"
model = "claude-sonnet-4-5"
"""


def chat_events() -> list[bytes]:
    """Write OpenAI's chunks."""
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "up"}
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": TEXT}] * CHUNKS
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    usage = {"prompt_tokens": 20, "completion_tokens": CHUNKS, "total_tokens": 20 + CHUNKS}
    chunks = [{**frame, "choices": [choice]} for choice in choices]
    chunks.append({**frame, "choices": [], "usage": usage})
    return [*(b"data: " + json.dumps(c).encode() + b"\n\n" for c in chunks), b"data: [DONE]\n\n"]


def message_events() -> list[bytes]:
    """Write Anthropic's events."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "up", "content": []}
    usage = {"input_tokens": 20, "output_tokens": 1}
    start = {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}
    block = {"type": "text", "text": ""}
    delta = {"type": "text_delta", "text": TEXT}
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    events: list[dict[str, object]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *[{"type": "content_block_delta", "index": 0, "delta": delta}] * CHUNKS,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": end, "usage": {"output_tokens": CHUNKS}},
        {"type": "message_stop"},
    ]
    return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]


class Upstream:
    """Serves both protocols from a thread, each chunk in a write of its own."""

    def __init__(self) -> None:
        self.port = 0
        self._ready = threading.Event()
        self._streams = {b"chat/completions": chat_events(), b"/messages": message_events()}
        threading.Thread(target=lambda: uvloop.run(self._serve()), daemon=True).start()
        self._ready.wait()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
                await reader.readexactly(int(length))
                events = next(e for path, e in self._streams.items() if path in head)
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                    b"transfer-encoding: chunked\r\n\r\n"
                )
                for event in events:
                    writer.write(b"%x\r\n%s\r\n" % (len(event), event))
                    await writer.drain()
                    await asyncio.sleep(GAP_SECONDS)
                writer.write(b"0\r\n\r\n")
        writer.close()


@contextmanager
def gateway(folder: Path, upstream: Upstream) -> Iterator[tuple[psutil.Process, str, str]]:
    """Start Tollbook; gives its process, its address and a customer's key."""
    config = folder / "tollbook.toml"
    config.write_text(CATALOG.format(url=f"http://127.0.0.1:{upstream.port}"))
    command = [str(Path(sys.executable).with_name("tollbook")), "serve", "--port", "0"]
    command += ["--config", str(config), "--data-dir", str(folder)]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    environ = {**os.environ, "TOLLBOOK_ADMIN_TOKEN": ADMIN_TOKEN}
    with subprocess.Popen(command, text=True, env=environ, **output) as running:
        assert running.stdout is not None
        url = next(
            line.partition(LISTENS)[2].split()[0] for line in running.stdout if LISTENS in line
        )
        try:
            wait_until_ready(url)
            yield psutil.Process(running.pid), url, make_key(url)
        finally:
            running.send_signal(signal.SIGTERM)


def wait_until_ready(url: str) -> None:
    """Wait for every process: one that still starts would be measured with the streams."""
    while not httpx.get(f"{url}/readyz", timeout=30).is_success:
        time.sleep(0.1)
    time.sleep(2)


def make_key(url: str) -> str:
    """Make a customer with credit."""
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}", "idempotency-key": "credit"}
    with httpx.Client(base_url=f"{url}/admin/v1", headers=headers, timeout=60) as admin:
        customer_id = admin.post("/customers", json={"name": "Bench"}).json()["data"]["customer_id"]
        admin.post(f"/customers/{customer_id}/grants", json={"amount": "1000"}).raise_for_status()
        key = admin.post(f"/customers/{customer_id}/api-keys", json={"name": "bench"}).json()[
            "data"
        ]
    return str(key["api_key"])


def cpu_seconds(root: psutil.Process) -> float:
    """Add up the CPU of the gateway's processes, PostgreSQL's left out."""
    family = [root, *root.children()]
    return sum(sum(p.cpu_times()[:2]) for p in family if not p.name().startswith("postgres"))


async def stream_once(host: str, request: bytes) -> None:
    """Make one call and read its stream to the end."""
    address, port = host.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(address, int(port))
    writer.write(request)
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200"), answer[:500]
    assert b"error" not in answer, answer[-500:]
    writer.close()


async def load(url: str, key: str, lane: str, seconds: float) -> int:
    """Keep all callers busy for a while; gives the number of calls."""
    path, model = LANES[lane]
    host = url.removeprefix("http://")
    body = json.dumps(
        {
            "model": model,
            "max_tokens": 1000,
            "stream": True,
            "messages": [{"role": "user", "content": "Say something long."}],
        }
    ).encode()
    request = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\nconnection: close\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body
    end, calls = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        await asyncio.gather(*(stream_once(host, request) for _ in range(CALLERS)))
        calls += CALLERS
    return calls


def measure(seconds: float, runs: int) -> dict[str, float]:
    """Measure all lanes in turn, `runs` times over, so that drift hits all alike."""
    found: dict[str, list[float]] = {lane: [] for lane in LANES}
    upstream = Upstream()
    with tempfile.TemporaryDirectory() as name, gateway(Path(name), upstream) as (root, url, key):
        for _ in range(runs):
            for lane, figures in found.items():
                uvloop.run(load(url, key, lane, 1))
                before = cpu_seconds(root)
                calls = uvloop.run(load(url, key, lane, seconds))
                figures.append(1e6 * (cpu_seconds(root) - before) / (calls * CHUNKS))
    return {lane: round(statistics.median(figures), 1) for lane, figures in found.items()}


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    options.add_argument("--runs", type=int, default=3, help="medians are taken of these")
    given = options.parse_args()
    lanes = measure(given.seconds, given.runs)
    ratios = {
        "chat to anthropic / native": lanes["chat to anthropic"] / lanes["chat native"],
        "anthropic to chat / native": lanes["anthropic to chat"] / lanes["anthropic native"],
    }
    print(
        json.dumps({"us_per_chunk": lanes, "ratios": {n: round(r, 2) for n, r in ratios.items()}})
    )


main()
