"""A gateway of two workers in front of a provider of each protocol, and customers with policies."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.gateway_process import GatewayProcess
from tests.scripted_upstream import ScriptedUpstream
from tests.sdk.books import Books
from tests.sdk.context_house import Client
from tests.upstreams import (
    anthropic_answers,
    dashscope_answers,
    openai_answers,
    responses_answers,
)

WORKERS = 2
_PROVIDER = """
[[providers]]
name = "{name}"
protocol = "{protocol}"
base_url = "{url}"
api_key_env = "SCRIPTED_API_KEY"
{more}
"""
_MODEL = """
[[models]]
id = "{name}-model"
kind = "{kind}"
context_tokens = 128000
max_output_tokens = 4096
price = {{ input = "1", output = "2" }}
[[models.routes]]
provider = "{provider}"
model = "upstream-{name}"
"""
PROVIDERS = {
    "chat": ("openai", "/v1", "", openai_answers.echo),
    "responses": ("openai", "/v1", 'apis = ["responses"]', responses_answers.echo),
    "messages": ("anthropic", "", "", anthropic_answers.echo),
    "dashscope": ("dashscope", "/api/v1", "", dashscope_answers.echo),
}
MODELS = {name: ("chat", name) for name in PROVIDERS} | {"completions": ("completions", "chat")}


@dataclass
class Guarded(Client):
    """A customer with a security policy."""

    def protect(self, **policy: Any) -> dict[str, Any]:
        answer = self.send("/openapi/v1/security/policy", policy, method="PATCH")
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found

    def content(self, answer: httpx.Response) -> httpx.Response:
        """What is kept of a call's words."""
        request_id = answer.headers["x-gateway-request-id"]
        return self.send(f"/openapi/v1/observation/logs/{request_id}/content", method="GET")


@dataclass
class SecurityHouse:
    """The gateway, what stands behind it, and its database as its owner sees it."""

    gateway: GatewayProcess
    upstreams: Mapping[str, ScriptedUpstream]
    connection: psycopg.Connection
    books: Books

    def guarded(self, **policy: Any) -> Guarded:
        client = Guarded(self.gateway, self.gateway.customer())
        if policy:
            client.protect(**policy)
        return client

    def clear(self) -> None:
        for upstream in self.upstreams.values():
            upstream.requests.clear()
            upstream._answers.clear()

    @property
    def received(self) -> list[bytes]:
        """Bodies, as they came to any provider."""
        upstreams = self.upstreams.values()
        return [request.raw for upstream in upstreams for request in upstream.requests]

    @property
    def log(self) -> str:
        return (self.gateway.data_dir / "gateway.log").read_text()

    def kept(self, client: Guarded) -> int:
        """How many calls of a customer have words in the table."""
        (count,) = self.connection.execute(
            "SELECT count(*) FROM call_contents WHERE customer_id = %s", (_uuid(client),)
        ).fetchone() or (0,)
        return int(count)

    def age(self, client: Guarded, days: float) -> None:
        """Let so many days pass for what is kept of a customer."""
        self.connection.execute(
            "UPDATE call_contents SET kept_at = kept_at - make_interval(secs => %s)"
            " WHERE customer_id = %s",
            (days * 86400, _uuid(client)),
        )


def _uuid(client: Guarded) -> str:
    return client.customer.customer_id.partition("_")[2]


@contextmanager
def open_security_house(folder: Path) -> Iterator[SecurityHouse]:
    with ExitStack() as exits:
        upstreams: dict[str, ScriptedUpstream] = {}
        parts = ['currency = "USD"']
        for name, (protocol, path, more, answers) in PROVIDERS.items():
            upstreams[name] = exits.enter_context(ScriptedUpstream(answers()))
            url = upstreams[name].url.removesuffix("/v1") + path
            parts.append(_PROVIDER.format(name=name, protocol=protocol, url=url, more=more))
        for name, (kind, provider) in MODELS.items():
            parts.append(_MODEL.format(name=name, kind=kind, provider=provider))
        environ = {"TOLLBOOK_SWEEP_SECONDS": "0.3"}
        gateway = GatewayProcess(folder, catalog="".join(parts), workers=WORKERS, environ=environ)
        exits.enter_context(gateway)
        connection = exits.enter_context(gateway.database())
        yield SecurityHouse(gateway, upstreams, connection, Books(connection))
