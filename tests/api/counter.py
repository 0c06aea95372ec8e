"""A counter where money comes in: several workers in this process, on one database."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar
from uuid import UUID

import httpx
import psycopg
from fastapi import FastAPI

from adapters.ledger import sql
from api.app import build_app
from api.bootstrap import publish
from api.catalog.file import default_catalog
from api.gateway import Gateway, open_gateway
from api.settings import Settings
from api.shard import SHARD
from domain.decision import Decision
from domain.payment import Payment
from domain.wallet import Wallet
from tests.api.helpers import TOKEN, projecting
from tests.api.openapi.till import Account, Till
from tests.stripe_events import SECRET, event, signed

T = TypeVar("T")

MASTER = "a-secret-of-the-operator-1"


class Counter(Till):
    """Does what a till does at the first worker, and takes Stripe's events at any."""

    def __init__(
        self,
        runner: asyncio.Runner,
        apps: list[FastAPI],
        clients: list[httpx.AsyncClient],
        url: str,
    ) -> None:
        super().__init__(runner, url, apps[0], clients[0])
        self.app = apps[0]
        self.gateways: list[Gateway] = [app.state.gateway for app in apps]
        self.clients = clients

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def admin(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.request(method, f"/admin/v1{path}", TOKEN, **options)

    def told(self, kind: str, found: dict[str, Any], worker: int = 0) -> int:
        """Have a worker told an event; gives its status."""
        return self.run(self.tell(kind, found, worker))

    async def tell(self, kind: str, found: dict[str, Any], worker: int = 0) -> int:
        body = event(kind, found)
        client = self.clients[worker % len(self.clients)]
        answer = await client.post("/webhooks/stripe", content=body, headers=signed(body))
        assert answer.text in {"ok", "unavailable", "bad request"}
        return answer.status_code

    def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return self.run(self.clients[0].post("/webhooks/stripe", content=body, headers=headers))

    def wallet(self, account: Account) -> Wallet:
        return self._look(Wallet, account.who.wallet_id)

    def payment(self, reference: str = "pi_1") -> Payment:
        return self._look(Payment, Payment.id_of(SHARD, "stripe", reference))

    def payments(self, **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.admin("GET", "/payments", params=query).json()["data"][
            "items"
        ]
        return items

    def topics(self, like: str) -> list[str]:
        with psycopg.connect(self.url) as conn:
            query = "SELECT topic FROM ledger_events WHERE topic LIKE %s ORDER BY position"
            return [topic for (topic,) in conn.execute(query, (like,))]

    @contextmanager
    def appends_wait(self) -> Iterator[None]:
        """Hold the ledger's lock, so that whoever appends queues up behind it."""
        with psycopg.connect(self.url) as conn:
            conn.execute(sql.LOCK, (SHARD,))
            yield

    def _look(self, kind: Any, aggregate_id: UUID) -> Any:
        look = Decision((aggregate_id,), lambda books: books.find(kind, aggregate_id))
        return self.run(self.gateway.ledger.read(look))


@contextmanager
def counter(url: str, data_dir: str, *, workers: int = 1, **given: Any) -> Iterator[Counter]:
    """Open for business on a migrated database, its read models kept up."""
    configured = default_catalog()
    options = {"stripe_webhook_secret": SECRET, "webhook_secret": MASTER, **given}
    settings = Settings.load({}, data_dir=data_dir, admin_token=TOKEN, **options)
    with asyncio.Runner() as runner, projecting(url), ExitStack() as stack:
        runner.run(publish(url, configured))
        clients: list[httpx.AsyncClient] = []
        apps: list[FastAPI] = []
        for _ in range(workers):
            front = build_app(settings, configured, url)
            gateway: Gateway = runner.run(open_gateway(settings, configured, url))
            front.mount(gateway)
            stack.callback(lambda closing=gateway: runner.run(closing.close()))
            transport = httpx.ASGITransport(front, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://counter", timeout=30)
            stack.callback(lambda closing=client: runner.run(closing.aclose()))
            clients.append(client)
            apps.append(front._app)
        yield Counter(runner, apps, clients, url)
