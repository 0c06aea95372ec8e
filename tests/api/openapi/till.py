"""Customers at the till: the whole application in this process, and calls made by command."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from adapters.ledger.connection import connect
from adapters.seal.keys import SealKey
from adapters.seal.sealer import seal_now
from api.app import build_app
from api.bootstrap import publish
from api.catalog.file import Configured, default_catalog
from api.closing import Closer
from api.gateway import Gateway, open_gateway
from api.keys import display_of, new_secret
from api.minting import mint
from api.settings import Settings
from api.shard import SHARD
from domain import ids, manage
from domain.api_key import PERMISSIONS
from domain.correct_call import NewCorrection, correct_call
from domain.create_key import NewSecret
from domain.decision import Decision
from domain.inference_request import REPORTED, InferenceRequest
from domain.manager import Manager
from domain.periods import month_of, previous_month
from domain.ports import Command
from domain.quote import Quote
from domain.reserve_call import Identity, Reservation, ReserveCall
from domain.rotate_key import Opened, rotate_key
from domain.settle_call import Attempt, Outcome, SettleCall
from domain.tree_head import TreeHead
from tests.api.documented import check
from tests.api.helpers import TOKEN, data, is_behind, projecting
from tests.api.openapi.logged import log_content
from tests.domain.shop import candidate
from tests.projections.history import History

T = TypeVar("T")

KEY = SealKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
NANOS = 10**9
SMALL = "sandbox-small"
SIGNS = "what-the-operator-signs-with"
HOOK = "https://hooks.example.com/"


@dataclass(frozen=True)
class Account:
    """A customer with one key."""

    who: Identity
    secret: str

    @property
    def customer_id(self) -> str:
        return ids.public(ids.CUSTOMER, self.who.customer_id)

    @property
    def key_id(self) -> str:
        return ids.public(ids.KEY, self.who.key_id)


class Till:
    """Everything is done by commands or by requests, and everything is really stored."""

    def __init__(
        self, runner: asyncio.Runner, url: str, app: FastAPI, client: httpx.AsyncClient
    ) -> None:
        self.url = url
        self.veterans: list[Identity] = []
        self.gateway: Gateway = app.state.gateway
        self._runner = runner
        self._client = client

    def do(self, command: Command[T]) -> T:
        return self._runner.run(self.gateway.ledger.execute(command))

    def request(self, method: str, path: str, secret: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {secret}", **options.pop("headers", {})}
        send = partial(self._client.request, method, path, headers=headers, **options)
        answer = self._runner.run(send())
        while is_behind(answer):
            answer = self._runner.run(send())
        check(method, path, answer)
        return answer

    def get(self, account: Account, path: str, **query: Any) -> httpx.Response:
        return self.request("GET", f"/openapi/v1{path}", account.secret, params=query)

    def account(self, credit: int = 10 * NANOS, **key: Any) -> Account:
        secret = new_secret(SHARD)
        who = Identity(
            ids.credential_id(secret, SHARD), mint(SHARD), mint(SHARD), mint(SHARD)
        )  # fmt: skip
        new = manage.NewCustomer(who.customer_id, who.wallet_id, "USD", "hash", "test")
        self.do(manage.register_customer(new))
        self.do(manage.create_key(who.customer_id, who.wallet_id, new_key(who, secret, **key)))
        if credit:
            grant = manage.NewGrant(mint(SHARD), credit, "paid", "test")
            self.do(manage.grant_credit(who.wallet_id, grant))
        return Account(who, secret)

    def hold(
        self,
        account: Account,
        model: str = SMALL,
        *,
        tokens: int = 100,
        cap: int = 200,
        **more: Any,
    ) -> Reservation:
        quote = more.pop("quote", None) or Quote(tokens, cap, clamps=False)
        providers = ("sandbox",)
        return self.do(
            ReserveCall(
                mint(SHARD), account.who, model, (candidate(model, providers, quote),), "chat",
                timedelta(seconds=600), **more,
            )
        )  # fmt: skip

    def settle(
        self, held: Reservation, outcome: Outcome, attempts: tuple[Attempt, ...] = ()
    ) -> None:
        self.do(SettleCall(held.request_id, held.identity, outcome, attempts))

    def charge(
        self,
        held: Reservation,
        usage: Mapping[str, int],
        *,
        basis: str = REPORTED,
        attempts: tuple[Attempt, ...] = (),
        **more: Any,
    ) -> None:
        self.settle(held, Outcome(7, basis=basis, usage=dict(usage), **more), attempts)

    def call(self, account: Account, usage: Mapping[str, int], **more: Any) -> str:
        """Hold and charge; gives the request's public id."""
        held = self.hold(account, **more)
        self.charge(held, usage)
        return ids.public(ids.REQUEST, held.request_id)

    def correct(self, request_id: str, amount: int, **more: Any) -> None:
        """Correct a charge; positive gives credit back."""
        parsed = ids.parse_public(ids.REQUEST, request_id)
        assert parsed is not None
        found = self._runner.run(
            self.gateway.ledger.read(
                Decision((parsed,), lambda books: books.find(InferenceRequest, parsed))
            )
        )
        assert found is not None
        actor = more.pop("actor", "test")
        new = NewCorrection(mint(SHARD), amount, "hash", actor, **more)
        self.do(correct_call(found, new))

    def ids_of(self, account: Account, **known: str) -> dict[str, str]:
        """One id of everything that a customer can have, by the name that routes give it."""
        items = data(self.get(account, "/balance-transactions"))["items"]
        started = self.request("POST", "/openapi/v1/conversations", account.secret)
        if "request_id" in known:
            self._runner.run(
                log_content(self._client, self.gateway.pool, account, known["request_id"])
            )
        made = self.request("POST", "/openapi/v1/api-keys", account.secret, json={"name": "spare"})
        return {
            "api_key_id": data(made, 201)["api_key_id"],
            "conversation_id": data(started, 201)["conversation_id"],
            "webhook_id": self._runner.run(self._told(account)),
            "key_id": account.key_id,
            "transaction_id": items[0]["transaction_id"],
            "model": SMALL,
            "model_id": SMALL,
            "resource_id": known.get("model", SMALL),
            **known,
        }

    async def _told(self, account: Account) -> str:
        """Give a customer a webhook, and a message that it was sent there."""
        secret = {"Authorization": f"Bearer {account.secret}"}
        await self._client.patch("/openapi/v1/webhooks", headers=secret, json={"url": HOOK})
        message_id = ids.public("evt", mint(SHARD))
        async with self.gateway.pool.connection() as conn:
            await conn.execute(
                "INSERT INTO webhook_deliveries (webhook_id, position, customer_id, type, body,"
                " created_at, next_attempt_at, status) SELECT %s, -count(*), %s, 'balance.alert',"
                " '', now(), now(), 'delivered' FROM webhook_deliveries",
                (message_id, account.who.customer_id),
            )
        return message_id

    @property
    def month(self) -> str:
        """The month that we are in."""
        return month_of(datetime.now(UTC))

    @property
    def closed_month(self) -> str:
        """The month before."""
        return previous_month(self.month)

    def adopt(self, who: Identity, credit: int) -> Account:
        """Give a customer of earlier months a key's secret, and credit to go on with."""
        secret = new_secret(SHARD)
        credential_id = ids.credential_id(secret, SHARD)
        new = NewSecret(credential_id, display_of(secret))
        self.do(rotate_key(who.key_id, Opened(who.credential_id), new, Manager("test")))
        grant = manage.NewGrant(mint(SHARD), credit, "paid", "test")
        self.do(manage.grant_credit(who.wallet_id, grant))
        return Account(replace(who, credential_id=credential_id), secret)

    def close(self, actor: str = "test") -> None:
        """Close the last month of everyone, and issue its statements."""

        async def sealed(_: int) -> int:
            head = await asyncio.to_thread(self.seal)
            return head.tree_size

        closer = Closer(
            self.gateway.ledger, self.gateway.pool, grace=timedelta(0), actor=actor, seal=sealed
        )
        self._runner.run(closer.close(self.closed_month))

    def seal(self) -> TreeHead:
        """Sign what has happened so far."""
        head = seal_now(partial(connect, self.url, role=None), KEY)
        assert head is not None
        return head

    def log(self) -> str:
        """The whole log as text."""
        return self._runner.run(self._log())

    async def _log(self) -> str:
        async with self.gateway.pool.connection() as conn:
            rows = await conn.execute("SELECT convert_from(state, 'UTF8') FROM ledger_events")
            return "\n".join([text for (text,) in await rows.fetchall()])


def tell_past(url: str, customers: int) -> list[Identity]:
    """Store what happened some weeks ago: customers that came, and a call of each."""
    told = History(customers=customers, now=datetime.now(UTC) - timedelta(days=45))
    for who in told.everyone:
        told.who = who
        told.grant(1_000)
        told.charge(told.reserve(), {"input": 3, "output": 4})
    told.store(url)
    return told.everyone


@contextmanager
def till(
    url: str, data_dir: str, configuration: Configured | None = None, past: int = 0
) -> Iterator[Till]:
    """Open for business on a migrated database, with so many customers of earlier months."""
    veterans = tell_past(url, past) if past else []
    configured = configuration or default_catalog()
    settings = Settings.load({}, data_dir=data_dir, admin_token=TOKEN, webhook_secret=SIGNS)
    with asyncio.Runner() as runner, projecting(url):
        runner.run(publish(url, configured))
        front = build_app(settings, configured, url)
        gateway = runner.run(open_gateway(settings, configured, url))
        front.mount(gateway)
        transport = httpx.ASGITransport(front, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://till", timeout=30)
        try:
            opened = Till(runner, url, front._app, client)
            opened.veterans = veterans
            yield opened
        finally:
            runner.run(client.aclose())
            runner.run(gateway.close())


def new_key(who: Identity, secret: str, **more: Any) -> manage.NewKey:
    fields = {
        "name_hash": "hash",
        "actor": "test",
        "allowed_models": [],
        "allowed_providers": [],
        "permissions": list(PERMISSIONS),
        **more,
    }
    return manage.NewKey(who.key_id, who.credential_id, display_of(secret), **fields)
