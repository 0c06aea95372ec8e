"""Tollbook as a process of its own, on a loopback port, in front of a scripted upstream."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import psutil
import psycopg

ADMIN_TOKEN = "admin-token-of-the-tests"
START_SECONDS = 60
TOLLBOOK = str(Path(sys.executable).with_name("tollbook"))
LISTENS = re.compile(r"Tollbook listens on (http://\S+)")
HTTP = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=30)
"""Shared, because making one reads all of the machine's certificates."""

CATALOG = """
currency = "USD"

[[providers]]
name = "scripted"
protocol = "openai"
base_url = "{url}"
api_key_env = "SCRIPTED_API_KEY"

[[models]]
id = "small"
kind = "chat"
context_tokens = 128000
max_output_tokens = 16384
price = {{ input = "0.15", cached_input = "0.075", output = "0.60" }}
[[models.routes]]
provider = "scripted"
model = "upstream-small"
cost = {{ input = "0.12", output = "0.48" }}

[[models]]
id = "vendor/large"
kind = "chat"
context_tokens = 128000
max_output_tokens = 16384
price = {{ input = "3", output = "15" }}
[[models.routes]]
provider = "scripted"
model = "upstream-large"
"""


@dataclass
class Customer:
    """A customer made through the admin API, with one key."""

    customer_id: str
    api_key: str
    api_key_id: str


class GatewayProcess:
    """`tollbook serve` as a subprocess; `stop` ends it by SIGTERM, `kill` by SIGKILL."""

    def __init__(
        self,
        data_dir: Path,
        *,
        catalog: str | None = None,
        workers: int = 1,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.url = ""
        self.output: list[str] = []
        self._catalog = catalog
        self._workers = workers
        self._environ = dict(environ or {})
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    def start(self) -> Self:
        """Start and wait until ready; a second start takes the same port again."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        command = [TOLLBOOK, "serve", "--data-dir", str(self.data_dir)]
        command += ["--port", str(self._port), "--workers", str(self._workers)]
        if self._catalog is not None:
            config = self.data_dir / "tollbook.toml"
            config.write_text(self._catalog)
            command += ["--config", str(config)]
        log = (self.data_dir / "gateway.log").open("ab")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("TOLLBOOK_")},
                "TOLLBOOK_ADMIN_TOKEN": ADMIN_TOKEN,
                "SCRIPTED_API_KEY": "sk-upstream",
                "TOLLBOOK_DRAIN_SECONDS": "5",
                **self._environ,
            },
        )
        log.close()
        try:
            self._wait_for_address()
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> int:
        """End it in good order and give its exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(60)
        self._close()
        return status

    def kill(self) -> None:
        """Kill every process of it at once, the embedded server not included."""
        assert self._process is not None
        for process in [*self.children(), psutil.Process(self._process.pid)]:
            process.kill()
        self._process.wait(60)
        self._close()

    def children(self, kind: str = "") -> list[psutil.Process]:
        """List its processes: `worker`, `background`, or both."""
        assert self._process is not None
        found = psutil.Process(self._process.pid).children()
        commands = [(process, process.cmdline()) for process in found]
        return [
            process
            for process, command in commands
            if any("api.children" in part for part in command) and (not kind or kind in command)
        ]

    @property
    def base_url(self) -> str:
        """Where an OpenAI SDK points."""
        return f"{self.url}/v1"

    def admin(self, method: str, path: str, **options: Any) -> Any:
        """Call the admin API and give `data`, or fail with the answer."""
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", **options.pop("headers", {})}
        answer = HTTP.request(method, f"{self.url}/admin/v1{path}", headers=headers, **options)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def customer(self, credit: str = "10.00", **key_fields: Any) -> Customer:
        """Make a customer with credit and a key."""
        customer_id = self.admin("POST", "/customers", json={"name": "Test"})["customer_id"]
        if credit != "0":
            self.admin(
                "POST",
                f"/customers/{customer_id}/grants",
                json={"amount": credit, "category": "paid"},
                headers={"Idempotency-Key": uuid4().hex},
            )
        key = self.admin(
            "POST", f"/customers/{customer_id}/api-keys", json={"name": "k", **key_fields}
        )
        return Customer(customer_id, key["api_key"], key["api_key_id"])

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection]:
        """Connect to the ledger's database as its owner, to look at the log."""
        answer = subprocess.run(
            [TOLLBOOK, "database-url", "--data-dir", str(self.data_dir)],
            capture_output=True, text=True, check=True,
            env={**os.environ, **self._environ},
        )  # fmt: skip
        with psycopg.connect(answer.stdout.strip(), autocommit=True) as conn:
            yield conn

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Read the whole log in order: topic and state."""
        with self.database() as conn:
            rows = conn.execute(
                "SELECT topic, state FROM ledger_events ORDER BY position"
            ).fetchall()
        return [(topic, json.loads(bytes(state))) for topic, state in rows]

    def _wait_for_address(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line)
            if match := LISTENS.search(line):
                self.url = match[1]
                self._port = int(self.url.rpartition(":")[2])
                return
        message = f"the gateway did not start: {(self.data_dir / 'gateway.log').read_text()}"
        raise AssertionError(message)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if HTTP.get(f"{self.url}/readyz", timeout=2).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        message = f"never ready: {(self.data_dir / 'gateway.log').read_text()[-4000:]}"
        raise AssertionError(message)

    def _close(self) -> None:
        assert self._process is not None
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.stop()
