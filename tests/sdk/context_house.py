"""A gateway of four workers, and customers with context configurations of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.gateway_process import Customer, GatewayProcess
from tests.scripted_upstream import Received, ScriptedUpstream
from tests.sdk.shop import NO_CERTIFICATES

WORKERS = 4
_CATALOG = """
currency = "USD"

[[providers]]
name = "scripted"
protocol = "openai"
base_url = "{scripted}"
api_key_env = "SCRIPTED_API_KEY"

[[providers]]
name = "other"
protocol = "openai"
base_url = "{other}"
api_key_env = "SCRIPTED_API_KEY"

[[models]]
id = "free-again"
context_tokens = 128000
max_output_tokens = 16384
price = {{ input = "10", output = "20" }}
[[models.routes]]
provider = "scripted"
model = "upstream-free"

[[models]]
id = "tenth"
tier = "tenths"
context_tokens = 128000
max_output_tokens = 16384
price = {{ input = "10", output = "20", request = "1000" }}
service_tiers.cached = {{ multiplier = "0.1" }}
[[models.routes]]
provider = "scripted"
model = "upstream-tenth"
cost = {{ input = "1", output = "2" }}
[[models.routes]]
provider = "other"
model = "upstream-tenth"
"""


@dataclass
class Client:
    """A customer with one key; every call has a connection of its own, so any worker may get it."""

    gateway: GatewayProcess
    customer: Customer

    def send(
        self, path: str, body: Any = None, *, method: str = "POST", **headers: str
    ) -> httpx.Response:
        return httpx.request(
            method,
            self.gateway.url + path,
            json=body,
            headers={"x-api-key": self.customer.api_key, **headers},
            verify=NO_CERTIFICATES,
            timeout=30,
        )

    def ask(self, text: str = "one two three", **fields: Any) -> httpx.Response:
        messages = [{"role": "user", "content": text}]
        body = {"model": "tenth", "messages": messages, "max_tokens": 50, **fields}
        return self.send("/v1/chat/completions", body)

    def configure(self, **fields: Any) -> dict[str, Any]:
        answer = self.send("/openapi/v1/context/config", fields, method="PATCH")
        assert answer.is_success, answer.text
        config: dict[str, Any] = answer.json()["data"]
        return config

    def detail(self, answer: httpx.Response) -> dict[str, Any]:
        """A call's line of the billing detail."""
        request_id = answer.headers["x-gateway-request-id"]
        path = f"/openapi/v1/billing/detail?request_id={request_id}"
        (row,) = self.send(path, method="GET").json()["data"]["items"]
        found: dict[str, Any] = row
        return found


@dataclass
class ContextHouse:
    """The gateway and what stands behind it."""

    gateway: GatewayProcess
    upstreams: tuple[ScriptedUpstream, ScriptedUpstream]

    def client(self, **context: Any) -> Client:
        client = Client(self.gateway, self.gateway.customer())
        if context:
            client.configure(**context)
        return client

    def key(self, client: Client, **fields: Any) -> Client:
        """One more key of the same customer."""
        path = f"/customers/{client.customer.customer_id}/api-keys"
        made = self.gateway.admin("POST", path, json={"name": "more", **fields})
        who = Customer(client.customer.customer_id, made["api_key"], made["api_key_id"])
        return Client(self.gateway, who)

    def clear(self) -> None:
        for upstream in self.upstreams:
            upstream.requests.clear()
            upstream._answers.clear()

    @property
    def received(self) -> list[Received]:
        return [request for upstream in self.upstreams for request in upstream.requests]


@contextmanager
def open_context_house(folder: Path) -> Iterator[ContextHouse]:
    with ScriptedUpstream() as one, ScriptedUpstream() as other:
        catalog = _CATALOG.format(scripted=one.url, other=other.url)
        with GatewayProcess(folder, catalog=catalog, workers=WORKERS) as gateway:
            yield ContextHouse(gateway, (one, other))
