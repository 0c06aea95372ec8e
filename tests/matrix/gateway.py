"""The matrix's gateway: a model for each upstream and feature, and upstreams that look closely."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import psycopg

from tests.gateway_process import GatewayProcess
from tests.matrix.features import BY_NAME, FEATURES, Seen
from tests.matrix.upstreams import (
    anthropic,
    bedrock,
    dashscope,
    gemini,
    openai_chat,
    openai_responses,
)
from tests.scripted_answers import Received, Step
from tests.scripted_upstream import ScriptedUpstream

NANOS, UNITS = 10**9, 10**6
PRICES = {
    "input": "1",
    "cached_input": "0.1",
    "cache_write": "1.25",
    "output": "4",
    "reasoning": "5",
}
CREDENTIALS = {
    "MATRIX_API_KEY": "sk-matrix",
    "AWS_ACCESS_KEY_ID": "AKIDMATRIX",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


@dataclass(frozen=True)
class Upstream:
    """One column: a protocol, what its models are called there, and what its usage comes to."""

    name: str
    protocol: str
    family: str
    wire: ModuleType
    usage: dict[str, int]
    more: str = ""
    """Further lines of the provider's configuration."""

    @property
    def charge(self) -> int:
        """Nanos, computed apart from the product: one exact sum, rounded once."""
        prices = {**PRICES, "cache_write_5m": PRICES["cache_write"]}
        exact = sum(Fraction(prices[name]) * count for name, count in self.usage.items())
        return round(exact * NANOS / UNITS)


SPLIT = {"input": 100, "cached_input": 900, "output": 20, "reasoning": 10}
UPSTREAMS = (
    Upstream("openai", "openai", "gpt-5.1", openai_chat, {**SPLIT, "cache_write": 50}),
    Upstream(
        "responses",
        "openai",
        "gpt-5.1",
        openai_responses,
        {**SPLIT, "cache_write": 50},
        more='apis = ["responses"]',
    ),
    Upstream(
        "anthropic", "anthropic", "claude-sonnet-4-5", anthropic, {**SPLIT, "cache_write_5m": 50}
    ),
    Upstream("gemini", "gemini", "gemini-2.5-flash", gemini, {**SPLIT, "input": 150}),
    Upstream(
        "bedrock",
        "bedrock",
        "anthropic.claude-sonnet-4-5",
        bedrock,
        {"input": 100, "cached_input": 900, "cache_write_5m": 50, "output": 30},
    ),
    Upstream("dashscope", "dashscope", "qwen-plus", dashscope, {**SPLIT, "cache_write": 50}),
)


@dataclass
class Observed:
    """What one upstream found in its requests, by the model's name, in order of arrival."""

    upstream: Upstream
    seen: dict[str, list[Seen]] = field(default_factory=dict)

    def answer(self, request: Received) -> Iterator[Step]:
        """Note what came, then answer in the protocol's own way."""
        wire = self.upstream.wire
        name = wire.model_in(request).removeprefix(f"{self.upstream.family}-")
        feature = BY_NAME[name]
        self.seen.setdefault(name, []).append(wire.seen_in(request))
        yield from wire.answer_with(feature)(request)


@dataclass
class Setting:
    """A running gateway and its observant upstreams."""

    gateway: GatewayProcess
    observed: dict[str, Observed]
    servers: dict[str, ScriptedUpstream]
    log: psycopg.Connection


@contextmanager
def open_setting(folder: Path, **environ: str) -> Iterator[Setting]:
    """Start all of it."""
    with ExitStack() as exits:
        observed = {upstream.name: Observed(upstream) for upstream in UPSTREAMS}
        servers = {
            name: exits.enter_context(ScriptedUpstream(default=each.answer))
            for name, each in observed.items()
        }
        urls = {name: server.url.removesuffix("/v1") for name, server in servers.items()}
        gateway = GatewayProcess(folder, catalog=_catalog(urls), environ={**CREDENTIALS, **environ})
        exits.enter_context(gateway)
        yield Setting(gateway, observed, servers, exits.enter_context(gateway.database()))


def _catalog(urls: dict[str, str]) -> str:
    lines = ['currency = "USD"']
    for upstream in UPSTREAMS:
        lines += [
            "[[providers]]",
            f'name = "{upstream.name}"',
            f'protocol = "{upstream.protocol}"',
            f'base_url = "{urls[upstream.name]}{upstream.wire.PATH}"',
            upstream.more,
        ]
        if upstream.protocol != "bedrock":
            lines.append('api_key_env = "MATRIX_API_KEY"')
    price = ", ".join(f'{name} = "{amount}"' for name, amount in PRICES.items())
    for upstream in UPSTREAMS:
        for feature in FEATURES:
            lines += [
                "[[models]]",
                f'id = "{upstream.name}/{feature.name}"',
                'kind = "chat"',
                "context_tokens = 128000",
                "max_output_tokens = 16384",
                f"price = {{ {price} }}",
                "[[models.routes]]",
                f'provider = "{upstream.name}"',
                f'model = "{upstream.family}-{feature.name}"',
            ]
    return "\n".join(lines)
