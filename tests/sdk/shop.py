"""A customer at the gateway's door, with the upstreams behind it and the books at hand."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import openai

from tests.gateway_process import Customer, GatewayProcess
from tests.scripted_upstream import Answer, Received, ScriptedUpstream, Step
from tests.sdk.books import CREDIT, Books, Call

# Reading the machine's certificates takes longer than a call that needs none.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
QUESTION: Any = [{"role": "user", "content": "one two three"}]
"""Three tokens to the scripted upstream, which says them back."""


def paced(answer: Answer, seconds: float = 0.03) -> Answer:
    """The same answer with a pause before each of its pieces, so that each is read apart."""

    def steps(request: Received) -> Iterator[Step]:
        for step in answer(request):
            if isinstance(step, bytes):
                yield seconds
            yield step

    return steps


@dataclass
class House:
    """One gateway process and what stands around it."""

    gateway: GatewayProcess
    upstreams: dict[str, ScriptedUpstream]
    books: Books

    @property
    def log(self) -> str:
        return (self.gateway.data_dir / "gateway.log").read_text()

    def clear(self) -> None:
        for upstream in self.upstreams.values():
            upstream.requests.clear()
            upstream._answers.clear()


@dataclass
class Shop:
    """A house with one new customer in it."""

    house: House
    customer: Customer
    exits: ExitStack = field(default_factory=ExitStack)

    @property
    def gateway(self) -> GatewayProcess:
        return self.house.gateway

    @property
    def upstream(self) -> ScriptedUpstream:
        return self.house.upstreams["scripted"]

    def client(self, path: str = "/v1", **options: Any) -> openai.OpenAI:
        """The official SDK; it tries once unless a test says otherwise."""
        given = {"api_key": self.customer.api_key, "max_retries": 0, "timeout": 60.0, **options}
        given.setdefault("http_client", openai.DefaultHttpxClient(verify=NO_CERTIFICATES))
        return self.exits.enter_context(openai.OpenAI(base_url=self.gateway.url + path, **given))

    def async_client(self, path: str = "/v1", **options: Any) -> openai.AsyncOpenAI:
        given = {"api_key": self.customer.api_key, "max_retries": 0, "timeout": 60.0, **options}
        given["http_client"] = openai.DefaultAsyncHttpxClient(verify=NO_CERTIFICATES)
        return openai.AsyncOpenAI(base_url=self.gateway.url + path, **given)

    def http(self, **options: Any) -> httpx.Client:
        """A client that shows raw bytes."""
        headers = {"Authorization": f"Bearer {self.customer.api_key}"}
        given = {"base_url": self.gateway.url, "headers": headers, "timeout": 60.0, **options}
        return self.exits.enter_context(httpx.Client(verify=NO_CERTIFICATES, **given))

    def calls(self, count: int, seconds: float = 20.0) -> list[Call]:
        """Wait for exactly so many calls to have ended; each is checked."""
        return self.house.books.settled_calls(self.customer.customer_id, count, seconds)

    def call(self, seconds: float = 20.0) -> Call:
        return self.calls(1, seconds)[0]

    @property
    def balance(self) -> int:
        """What is left of ten units in nanos, by the wallet's facts alone."""
        calls = self.house.books.calls_of(self.customer.customer_id)
        return CREDIT - sum(call.total for call in calls)
