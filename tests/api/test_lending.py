"""Long reads take turns: whoever waits for one holds no connection, and others find one free."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

import api.admin.wallets
import api.openapi.balance
import api.openapi.observation
import api.openapi.traces
import api.statements
from adapters.rate_limits.bucket import Bucket, Taken, Taking
from api.gateway import POOL_MAX
from api.lending import LONG_AT_ONCE
from api.rate_limiter import PATIENCE_SECONDS
from domain.limits import REQUESTS
from tests.api.helpers import TOKEN, data
from tests.api.openapi.till import Account
from tests.api.past import SECOND, THIRD, Books, books, past
from tests.projections.history import database

STATEMENT = "/openapi/v1/billing/monthly-statement"
ASKED = POOL_MAX + 2
LONG = (
    (api.statements, "draw"),
    (api.statements, "draft"),
    (api.openapi.balance, "wallet_at"),
    (api.admin.wallets, "wallet_at"),
    (api.openapi.observation, "health"),
    (api.openapi.observation, "log_lines"),
    (api.openapi.traces, "log_lines"),
)
"""What may take long, where it is called."""


class Shop(NamedTuple):
    """The books with one month closed, and a customer."""

    books: Books
    customer: Account


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder: Path = tmp_path_factory.mktemp("books")
    with database(server_url) as url, books(url, folder, past(4, 200)) as opened:
        opened.close(SECOND)
        yield Shop(opened, opened.account_of(opened.told.everyone[0]))


class Gate:
    """Keeps every long read waiting until it opens, and counts them."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self._full = asyncio.Event()
        self.inside = self.most = 0

    def before(self, work: Any) -> Any:
        async def gated(*args: Any, **named: Any) -> Any:
            self.inside += 1
            self.most = max(self.most, self.inside)
            if self.inside >= LONG_AT_ONCE:
                self._full.set()
            await self._opened.wait()
            try:
                return await work(*args, **named)
            finally:
                self.inside -= 1

        return gated

    async def reached(self) -> None:
        """Wait until all that can come in are in."""
        await asyncio.wait_for(self._full.wait(), 10)
        await asyncio.sleep(0.2)

    def open(self) -> None:
        self._opened.set()


@pytest.mark.parametrize(
    "path",
    [
        f"{STATEMENT}?month={SECOND}",
        f"{STATEMENT}?month={THIRD}",
        f"{STATEMENT}/proof?month={SECOND}",
        "/admin/v1/statements/ST-00000001",
        "/openapi/v1/balance?at=50",
        "/admin/v1/customers/{customer_id}?at=50",
        "/openapi/v1/observation/metrics",
        "/openapi/v1/observation/charts",
        "/openapi/v1/observation/logs",
        "/openapi/v1/traces/req_0190b6b0c0de7abcb111222233334444",
    ],
)
def test_however_many_long_reads_are_asked_for_another_read_is_answered(
    shop: Shop, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    for module, name in LONG:
        monkeypatch.setattr(module, name, gate.before(getattr(module, name)))

    answer, late = shop.books.till._runner.run(crowd(shop, path, gate))

    assert data(answer)["customer_id"] == shop.customer.customer_id
    assert gate.most == LONG_AT_ONCE
    # Nothing was sealed and no call is known: what counts is that each is answered.
    refusal = 409 if "proof" in path else 404 if "traces" in path else 200
    assert {one.status_code for one in late} == {refusal}


def test_statements_and_looks_back_share_the_turns(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    for module, name in LONG:
        monkeypatch.setattr(module, name, gate.before(getattr(module, name)))

    async def both() -> None:
        mixed = (f"{STATEMENT}?month={SECOND}", "/openapi/v1/balance?at=50")
        slow = [asyncio.create_task(get(shop, path)) for path in mixed * LONG_AT_ONCE]
        await gate.reached()
        gate.open()
        assert {answer.status_code for answer in await asyncio.gather(*slow)} == {200}

    shop.books.till._runner.run(both())

    assert gate.most == LONG_AT_ONCE < POOL_MAX


def test_rate_limits_wait_for_nobody_who_reads(shop: Shop) -> None:
    gateway = shop.books.till.gateway

    async def story() -> Taken:
        async with AsyncExitStack() as lent, asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(POOL_MAX):
                await lent.enter_async_context(gateway.pool.connection())
            return await gateway.buckets.take([Taking(Bucket(uuid4(), REQUESTS), 10, 1)])

    shop.books.till._runner.run(gateway.buckets.look([Taking(Bucket(uuid4(), REQUESTS), 10, 1)]))
    (level,) = shop.books.till._runner.run(story()).levels

    assert level.remaining == 9


async def crowd(shop: Shop, path: str, gate: Gate) -> tuple[httpx.Response, list[httpx.Response]]:
    """Ask for more long reads than there are connections, and for the balance meanwhile."""
    slow = [asyncio.create_task(get(shop, path)) for _ in range(ASKED)]
    await gate.reached()
    answer = await get(shop, "/openapi/v1/balance")
    gate.open()
    return answer, await asyncio.gather(*slow)


async def get(shop: Shop, path: str) -> httpx.Response:
    secret = TOKEN if path.startswith("/admin") else shop.customer.secret
    path = path.format(customer_id=shop.customer.customer_id)
    headers = {"Authorization": f"Bearer {secret}"}
    return await shop.books.till._client.get(path, headers=headers)
