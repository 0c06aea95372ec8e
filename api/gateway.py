"""The gateway put together: one of these in every worker."""

import asyncio
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import httpx
from psycopg_pool import AsyncConnectionPool

from adapters.answer_cache.postgres import PostgresAnswers
from adapters.call_contents.content_queue import ContentQueue
from adapters.call_contents.store import ContentStore
from adapters.ledger.connection import connect, open_pool
from adapters.ledger.group_commit import PostgresLedger
from adapters.ledger.settling import SettlingLedger
from adapters.ledger.spool import Spool
from adapters.ledger.texts import ErasableTexts
from adapters.rate_limits.postgres import PostgresBuckets
from adapters.traces.store import TraceStore
from adapters.traces.trace_queue import TraceQueue
from adapters.upstreams.anthropic import AnthropicEndpoint, anthropic_dialect
from adapters.upstreams.bedrock import bedrock_dialect
from adapters.upstreams.dashscope import dashscope_dialect
from adapters.upstreams.dialect import Dialect
from adapters.upstreams.gemini import gemini_dialect
from adapters.upstreams.http_provider import HttpProvider
from adapters.upstreams.openai import openai_dialect
from adapters.upstreams.openai_endpoint import Endpoint
from adapters.upstreams.sandbox import SandboxProvider
from adapters.upstreams.transport import AiohttpTransport
from api.auth import Authenticator
from api.call_log import CallLog
from api.call_policies import CallPolicies
from api.catalog.file import Configured, ProviderConfig
from api.dead_keys import DeadKeys
from api.metrics import Metrics
from api.minting import mint
from api.open_calls import OpenCalls
from api.rate_limiter import RateLimiter
from api.settings import Settings
from api.shard import SHARD
from api.telemetry import Telemetry, open_telemetry
from domain.breakers import Breakers
from domain.call_steps import CallSteps
from domain.catalog import Catalog
from domain.metered_call import MeteredCall, Upstreams
from domain.reserve_call import Reservation
from domain.upstream import Provider

POOL_MAX = 4
LIMITS_POOL_MAX = 2
"""Connections of the rate limiter's own: calls must never wait for whoever reads."""
CLOSE_SECONDS = 2.0
"""How long all that no money hangs on may take at the end; the ledger needs the rest of
`supervisor.MARGIN_SECONDS`."""
POOL_CLOSE_SECONDS = 1.0


def clock_ms() -> int:
    """Read a clock that only ever serves to subtract, in milliseconds."""
    return time.monotonic_ns() // 1_000_000


@dataclass
class Gateway:
    """Everything a request handler needs."""

    settings: Settings
    catalog: Catalog
    ledger: PostgresLedger
    calls: SettlingLedger
    texts: ErasableTexts
    pool: AsyncConnectionPool
    limits_pool: AsyncConnectionPool
    authenticator: Authenticator
    upstreams: Upstreams
    transport: httpx.AsyncBaseTransport
    metrics: Metrics
    open_calls: OpenCalls
    call_log: CallLog
    mint: Callable[[], UUID]
    buckets: PostgresBuckets
    limiter: RateLimiter
    policies: CallPolicies
    dead_keys: DeadKeys
    contents: ContentQueue
    answers: PostgresAnswers
    traces: TraceQueue
    telemetry: Telemetry | None = None
    """Where spans go, if anywhere."""
    shard: int = SHARD

    def meter(self, reservation: Reservation, steps: CallSteps) -> MeteredCall:
        """Begin the metering of a call that is held."""
        return MeteredCall(self.calls, self.upstreams, clock_ms, reservation, steps)

    async def close(self) -> None:
        """Settle what is open and let go of everything, the ledger last."""
        await self.open_calls.drain(self.settings.drain_seconds)
        self.call_log.flush()
        await self.calls.close()
        await self.transport.aclose()
        letting_go = [self.buckets.close, self.contents.close, self.traces.close]
        if self.telemetry is not None:
            letting_go.append(self.telemetry.close)
        await asyncio.gather(*(close(CLOSE_SECONDS) for close in letting_go))
        pools = (self.pool, self.limits_pool)
        await asyncio.gather(*(pool.close(POOL_CLOSE_SECONDS) for pool in pools))
        await self.ledger.close()


async def open_gateway(settings: Settings, configuration: Configured, database_url: str) -> Gateway:
    """Build a gateway on a migrated database and start its ledger in the running loop."""
    metrics = Metrics()
    ledger = PostgresLedger(partial(connect, database_url), SHARD, metrics.committed)
    await ledger.start()
    pool = await open_pool(database_url, POOL_MAX)
    transport = AiohttpTransport()
    limits_pool = await open_pool(database_url, LIMITS_POOL_MAX)
    buckets = PostgresBuckets(limits_pool)
    texts = ErasableTexts(pool)
    return Gateway(
        settings=settings,
        catalog=configuration.catalog,
        ledger=ledger,
        calls=SettlingLedger(ledger, Spool(settings.data_dir / "spool")),
        texts=texts,
        pool=pool,
        limits_pool=limits_pool,
        authenticator=Authenticator(ledger, SHARD),
        upstreams=Upstreams(
            _providers(configuration.providers, transport),
            Breakers(clock_ms),
            configuration.catalog.currency,
            secrets.randbelow,
        ),
        transport=transport,
        metrics=metrics,
        open_calls=OpenCalls(),
        call_log=CallLog(sys.stderr.buffer),
        mint=partial(mint, SHARD),
        buckets=buckets,
        limiter=RateLimiter(buckets, ledger, time.monotonic, metrics.went_unlimited),
        policies=CallPolicies(ledger, texts),
        dead_keys=DeadKeys(ledger, time.monotonic),
        contents=ContentQueue(ContentStore(pool).keep),
        answers=PostgresAnswers(pool),
        traces=TraceQueue(TraceStore(pool).write, metrics.traces_dropped),
        telemetry=open_telemetry(settings, metrics.spans_dropped),
    )


def _providers(
    configured: tuple[ProviderConfig, ...], transport: httpx.AsyncBaseTransport
) -> Mapping[str, Provider]:
    """Build an adapter for each configured provider, by its protocol."""
    return {provider.name: _provider(provider, transport) for provider in configured}


def _provider(provider: ProviderConfig, transport: httpx.AsyncBaseTransport) -> Provider:
    if provider.protocol == "sandbox":
        return SandboxProvider()
    return HttpProvider(_dialect(provider), transport)


def _dialect(provider: ProviderConfig) -> Dialect:
    """Choose how a provider is spoken to."""
    url, key = provider.base_url, provider.api_key
    match provider.protocol:
        case "anthropic":
            return anthropic_dialect(AnthropicEndpoint(url, key))
        case "gemini":
            return gemini_dialect(url, key)
        case "bedrock":
            credentials = key or provider.aws
            assert credentials is not None, "the configuration file was checked"
            return bedrock_dialect(url, credentials)
        case "dashscope":
            return dashscope_dialect(url, key)
        case _:
            return openai_dialect(Endpoint(url, key, provider.output_cap_field, provider.apis))
