"""A shop in memory: the real endpoint, dialects and rules of the ledger, over a wire of bytes."""

import asyncio
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from adapters.ledger.memory import MemoryLedger
from adapters.ledger.settling import SettlingLedger
from adapters.ledger.spool import Spool
from adapters.traces.call_trace import CallTrace
from api import gateway as wiring
from api.auth import Authenticator
from api.call_log import CallLog
from api.call_policies import CallPolicies
from api.catalog.file import parse_catalog, price_page
from api.dead_keys import DeadKeys
from api.inference.endpoint import Endpoint
from api.inference.surfaces import SURFACES
from api.metrics import Metrics
from api.open_calls import OpenCalls
from api.rate_limiter import RateLimiter
from api.settings import Settings
from domain import ids, manage
from domain.api_key import PERMISSIONS
from domain.breakers import Breakers
from domain.call_steps import POLICIES, CallSteps
from domain.metered_call import MeteredCall, Upstreams
from domain.reserve_call import Reservation
from domain.settle_call import SettleCall, Settlement
from domain.wallet import Wallet
from tests.matrix.gateway import CREDENTIALS, PRICES, Upstream
from tests.simulation.streams.caller import Caller, Shown
from tests.simulation.streams.surfaces import Asked
from tests.simulation.streams.text_upstream import COMPLETIONS
from tests.simulation.streams.wire import Answer, Wire

SECRET = "tb_0000" + "s" * 40
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GRANT = 10 * 10**9
SPARE = "spare"
"""The provider of the second route, which speaks the same protocol."""


def minted(number: int) -> UUID:
    return ids.in_shard(UUID(int=number << ids.SHARD_BITS), 0)


CUSTOMER, WALLET, KEY, CALL = map(minted, range(1, 5))


class TimelessGateway(wiring.Gateway):
    """Its calls take no time, so that nothing but the wire makes one differ from another."""

    def meter(self, reservation: Reservation, steps: CallSteps) -> MeteredCall:
        timeless = CallSteps(lambda: 0)
        timeless.begin(POLICIES)
        return MeteredCall(self.calls, self.upstreams, lambda: 0, reservation, timeless)


class Untraced:
    """Where traces go that nobody reads."""

    def add(self, trace: CallTrace) -> None:
        pass


class CountingLedger(SettlingLedger):
    """Counts how often it is asked to settle."""

    settled = 0

    async def settle(self, command: SettleCall) -> Settlement | None:
        self.settled += 1
        return await super().settle(command)


class Shop:
    """One model with two routes, one customer with 10.00, one key; every call is its first."""

    def __init__(self, upstream: Upstream, folder: Path, **settings: object) -> None:
        configured = parse_catalog(_catalog(upstream), CREDENTIALS, file="test")
        self._catalog = configured.catalog
        self._wire = Wire()
        self._providers = wiring._providers(configured.providers, self._wire)
        self._settings = Settings.load({}, data_dir=folder, **settings)
        self._spool = Spool(folder / "spool")
        self._metrics = Metrics()
        self._log: list[Any] = []

    async def open(self) -> None:
        """Register the customer."""
        ledger = MemoryLedger(lambda: NOW)
        key = manage.NewKey(
            KEY, ids.credential_id(SECRET, 0), "tb_", "-", "t", [], [], list(PERMISSIONS)
        )
        new = manage.NewCustomer(CUSTOMER, WALLET, "USD", "-", "t")
        grant = manage.NewGrant(grant_id=minted(9), amount=GRANT, category="paid", actor="t")
        page = price_page(self._catalog)
        for command in (
            manage.publish_prices(0, page, currency="USD", actor="t"),
            manage.register_customer(new),
            manage.create_key(CUSTOMER, WALLET, key),
            manage.grant_credit(WALLET, grant, None),
        ):
            await ledger.execute(command)
        self._log = list(ledger.events())
        # Who calls, and by what he is limited, is the same in every call.
        self._authenticator = Authenticator(ledger, 0)
        self._limiter = RateLimiter(None, ledger, lambda: 0.0, self._metrics.went_unlimited)

    async def call(self, asked: Asked, answer: Answer, **manners: Any) -> Shown:
        """Make one call, and wait for everything that it began."""
        ledger = MemoryLedger(lambda: NOW)
        ledger._recorder.insert_events(self._log)
        gateway = self._gateway(ledger)
        cancels = manners.pop("cancels", False)
        caller = Caller(json.dumps({**asked.body, "model": "m"}).encode(), **manners)
        caller.settled = lambda: gateway.calls.settled
        self._wire.script(answer)
        await self._exchange(gateway, asked, caller, cancels=cancels)
        return self._shown(ledger, caller, gateway.calls.settled)

    async def _exchange(
        self, gateway: TimelessGateway, asked: Asked, caller: Caller, *, cancels: bool
    ) -> None:
        endpoint = Endpoint(gateway, SURFACES[asked.path])
        headers = {b"x-api-key": SECRET.encode(), **asked.headers}
        scope = {"headers": list(headers.items()), "method": "POST", "path": asked.path}
        serving = asyncio.create_task(endpoint(scope, caller.receive, caller.send))
        if cancels:
            # A server may cancel whoever serves a client that has gone.
            gone = asyncio.create_task(caller.gone.wait())
            await asyncio.wait({serving, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            serving.cancel()
        await asyncio.wait({serving})
        await gateway.open_calls.drain(60)
        await gateway.calls.close()

    def _gateway(self, ledger: MemoryLedger) -> TimelessGateway:
        return TimelessGateway(
            settings=self._settings,
            catalog=self._catalog,
            ledger=ledger,
            calls=CountingLedger(ledger, self._spool),
            texts=None,
            pool=None,
            limits_pool=None,
            authenticator=self._authenticator,
            upstreams=Upstreams(self._providers, Breakers(lambda: 0), "USD", lambda weights: 0),
            transport=self._wire,
            metrics=self._metrics,
            open_calls=OpenCalls(),
            call_log=CallLog(io.BytesIO()),
            mint=lambda: CALL,
            buckets=None,
            limiter=self._limiter,
            policies=CallPolicies(ledger, None),
            dead_keys=DeadKeys(ledger, lambda: 0.0),
            contents=None,
            traces=Untraced(),
            answers=None,
        )

    def _shown(self, ledger: MemoryLedger, caller: Caller, settled: int) -> Shown:
        assert not self._spool, "the ledger took everything"
        new: list[Any] = list(ledger.events())[len(self._log) :]
        return Shown(
            caller.messages,
            caller.unsettled,
            [(event.topic, event.state) for event in new],
            lambda: cast("Wallet", ledger._load([WALLET])[WALLET]),
            settled,
            len(self._wire.bodies),
            sum(not body.let_go for body in self._wire.bodies),
        )


def _catalog(upstream: Upstream) -> str:
    price = ", ".join(f'{name} = "{amount}"' for name, amount in PRICES.items())
    providers, routes = "", ""
    for name in (upstream.name, SPARE):
        providers += f"""
[[providers]]
name = "{name}"
protocol = "{upstream.protocol}"
base_url = "http://{name}.example{upstream.wire.PATH}"
{upstream.more}
{"" if upstream.protocol == "bedrock" else 'api_key_env = "MATRIX_API_KEY"'}
"""
        routes += f"""
[[models.routes]]
provider = "{name}"
model = "{upstream.family}"
"""
    return f"""
currency = "USD"
{providers}
[[models]]
id = "m"
kind = "{"completions" if upstream is COMPLETIONS else "chat"}"
context_tokens = 128000
max_output_tokens = 16384
price = {{ {price} }}
{routes}
"""
