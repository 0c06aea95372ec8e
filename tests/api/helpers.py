"""The management APIs on a real database, driven from plain test functions in one loop."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import httpx
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool

from adapters.ledger.connection import GATEWAY_ROLE, connect, open_pool
from adapters.ledger.group_commit import PostgresLedger
from adapters.ledger.texts import ErasableTexts
from api.admin.router import admin_router
from api.catalog.file import default_catalog, price_page
from api.handlers import handle_errors
from api.minting import mint
from api.settings import Settings
from domain import manage
from domain.catalog import Catalog
from domain.ports import Command
from projections.catalogue import ALL
from projections.runner import Runner
from projections.shelf import install as create
from tests.api.documented import check

T = TypeVar("T")

TOKEN = "admin-token"
SHARD = 0


@dataclass
class Desk:
    """As much of a gateway as the management APIs ask for."""

    settings: Settings
    catalog: Catalog
    ledger: PostgresLedger
    texts: ErasableTexts
    pool: AsyncConnectionPool
    shard: int = SHARD

    def mint(self) -> UUID:
        return mint(SHARD)


class Office:
    """An operator at work; every request carries the token unless told otherwise."""

    def __init__(self, runner: asyncio.Runner, desk: Desk, client: httpx.AsyncClient) -> None:
        self.desk = desk
        self._runner = runner
        self._client = client

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def do(self, command: Command[T]) -> T:
        return self.run(self.desk.ledger.execute(command))

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", **options.pop("headers", {})}
        answer = self.run(self._client.request(method, path, headers=headers, **options))
        check(method, path, answer)
        return answer

    def post(
        self, path: str, fields: object = None, *, key: str | None = None, **options: Any
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.request("POST", f"/admin/v1{path}", json=fields, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", f"/admin/v1{path}", **options)

    def new_customer(self, name: str = "Ada", **fields: object) -> str:
        return str(data(self.post("/customers", {"name": name, **fields}), 201)["customer_id"])

    def balance(self, customer_id: str) -> dict[str, str]:
        found: dict[str, str] = data(self.get(f"/customers/{customer_id}"))["balance"]
        return found


@contextmanager
def office(url: str, **settings: object) -> Iterator[Office]:
    """Open the office on a database, with the sandbox's prices published."""
    with asyncio.Runner() as runner:
        desk = runner.run(_open(url, Settings.load({}, **{"admin_token": TOKEN, **settings})))
        app = FastAPI(openapi_url=None)
        app.include_router(admin_router())
        handle_errors(app)
        app.state.gateway = desk
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://office")
        try:
            yield Office(runner, desk, client)
        finally:
            runner.run(_close(desk, client))


async def _open(url: str, settings: Settings) -> Desk:
    ledger = PostgresLedger(partial(connect, url), SHARD)
    await ledger.start()
    pool = await open_pool(url, 2)
    catalog = default_catalog().catalog
    await ledger.execute(
        manage.publish_prices(SHARD, price_page(catalog), currency=catalog.currency, actor="config")
    )
    return Desk(settings, catalog, ledger, ErasableTexts(pool), pool)


async def _close(desk: Desk, client: httpx.AsyncClient) -> None:
    await client.aclose()
    await desk.pool.close()
    await desk.ledger.close()


@contextmanager
def projecting(url: str) -> Iterator[None]:
    """Keep the read models up meanwhile."""
    with connect(url, role=None) as conn:
        create(conn, ALL, GATEWAY_ROLE)
    stop = threading.Event()
    runner = Runner(partial(connect, url, role=None), GATEWAY_ROLE)
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def is_behind(response: httpx.Response) -> bool:
    """Whether the read models were behind: on a busy machine that is worth another try."""
    return response.status_code == 503 and b'"projection_behind"' in response.content


def data(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """What an answer holds, which must be a success with this status."""
    body = enveloped(response)
    assert (response.status_code, body["success"]) == (status, True), body
    found: dict[str, Any] = body["data"]
    return found


def refused(response: httpx.Response) -> tuple[int, str]:
    """The status and code of an answer, which must be a refusal."""
    body = enveloped(response)
    assert body["success"] is False
    assert body["data"] is None
    assert body["message"]
    return response.status_code, body["code"]


def enveloped(response: httpx.Response) -> dict[str, Any]:
    """The body of an answer, which must be the envelope and nothing else."""
    body: dict[str, Any] = response.json()
    assert set(body) == {"request_id", "success", "data", "code", "message"}
    assert body["request_id"].startswith("req_")
    assert response.headers["x-gateway-request-id"] == body["request_id"]
    return body
