"""A whole gateway in this process, on the sandbox provider: as fast as a fuzzer needs it."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from api.app import build_app
from api.bootstrap import make_demo, publish
from api.catalog.file import default_catalog
from api.gateway import Gateway, open_gateway
from api.settings import Settings
from domain import manage
from domain.grants import PAID

Headers = Mapping[bytes, bytes]

V1, JOYTOKEN = "/v1/chat/completions", "/openai/v1/chat/completions"
RICH = 10**9 * 10**6
MODEL = "sandbox-small"
METERED = [
    "api_key.charged.1",
    "api_key.reserved.1",
    "inference_request.attempted.1",
    "inference_request.charged.3",
    "inference_request.reserved.3",
    "wallet.charged.2",
    "wallet.reserved.2",
]
"""What a call that is answered appends, and nothing else."""
TYPES = {"invalid_request_error", "permission_error", "insufficient_quota"}
ERROR = {"message", "type", "param", "code"}


@dataclass
class Reply:
    """An answer, and the topics of the events that were appended meanwhile."""

    answer: httpx.Response
    topics: list[str]

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def error(self) -> dict[str, Any]:
        """The error, which must be in OpenAI's own shape."""
        body = self.answer.json()
        assert set(body) == {"error"}
        error: dict[str, Any] = body["error"]
        assert set(error) == ERROR | ({"metadata"} if self.status == 402 else set())
        assert isinstance(error["message"], str)
        assert error["message"]
        assert isinstance(error["code"], str)
        assert error["param"] is None or isinstance(error["param"], str)
        joytoken = self.answer.request.url.path == JOYTOKEN
        assert error["type"] in ({error["code"]} if joytoken else TYPES)
        return error

    def check(self) -> None:
        """Whatever came: a clear error and no event, or an answer that is metered."""
        assert self.answer.headers["x-gateway-request-id"].startswith("req_")
        assert self.answer.headers["x-request-id"]
        if self.status == 200:
            assert sorted(self.topics) == METERED
        else:
            self.check_refused()

    def check_refused(self, status: int = 0, code: str = "") -> None:
        assert 400 <= self.status < 500, self.answer.text
        assert self.error
        assert self.topics == []
        assert status in {0, self.status}, self.answer.text
        assert code in {"", self.error["code"]}, self.answer.text


class Counter:
    """Where calls are made one by one, in one loop."""

    def __init__(
        self, runner: asyncio.Runner, client: httpx.AsyncClient, conn: psycopg.Connection, key: str
    ) -> None:
        self.key = key
        self._runner = runner
        self._client = client
        self._conn = conn

    def ask(self, content: bytes | str, headers: Headers | None = None, path: str = V1) -> Reply:
        """Call with the key; a header given as empty bytes is left out."""
        (reply,) = self.ask_at_once([content], headers, path)
        return reply

    def ask_at_once(
        self, contents: Sequence[bytes | str], headers: Headers | None = None, path: str = V1
    ) -> list[Reply]:
        """Call together; every reply tells the events of all of them."""
        named = {
            b"authorization": b"Bearer " + self.key.encode(),
            b"content-type": b"application/json",
        }
        sent = [(k, v) for k, v in (named | dict(headers or {})).items() if v or k not in named]
        before = self._position()

        async def all_of_them() -> list[httpx.Response]:
            calls = (self._client.post(path, content=c, headers=sent) for c in contents)
            return list(await asyncio.gather(*calls))

        answers = self._runner.run(all_of_them())
        rows = self._conn.execute(
            "SELECT topic FROM ledger_events WHERE position > %s ORDER BY position", (before,)
        ).fetchall()
        return [Reply(answer, [topic for (topic,) in rows]) for answer in answers]

    def _position(self) -> int:
        row = self._conn.execute("SELECT coalesce(max(position), 0) FROM ledger_events").fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def counter(url: str, data_dir: str) -> Iterator[Counter]:
    """Open a gateway on a migrated database, with a customer who does not run out of money."""
    configuration = default_catalog()
    settings = Settings.load({}, data_dir=data_dir)
    with asyncio.Runner() as runner, psycopg.connect(url, autocommit=True) as conn:
        runner.run(publish(url, configuration))
        demo = runner.run(make_demo(url, configuration))
        assert demo is not None
        app = build_app(settings, configuration, url)
        gateway = runner.run(open_gateway(settings, configuration, url))
        app.mount(gateway)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://counter", timeout=30
        )
        found = Counter(runner, client, conn, demo.secret)
        runner.run(_enrich(gateway, conn))
        try:
            yield found
        finally:
            runner.run(client.aclose())
            runner.run(gateway.close())


async def _enrich(gateway: Gateway, conn: psycopg.Connection) -> None:
    row = conn.execute(
        "SELECT originator_id FROM ledger_events WHERE topic = 'wallet.opened.1'"
    ).fetchone()
    assert row is not None
    grant = manage.NewGrant(gateway.mint(), RICH, PAID, "test")
    await gateway.ledger.execute(manage.grant_credit(row[0], grant))


def fields(**changes: Any) -> dict[str, Any]:
    """A request that is right but for the changes; a change to `...` leaves the field out."""
    right = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}
    return {name: value for name, value in (right | changes).items() if value is not ...}


def text(**changes: Any) -> str:
    return json.dumps(fields(**changes))
