"""One POST to a customer's address: pinned, verified, short, and never led elsewhere."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import aiohttp
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.webhooks.address import Resolve, is_public, resolve
from adapters.webhooks.endpoint import Endpoint, parse_endpoint

PATIENCE_SECONDS: Final = 10.0
"""From the name's resolution to the last byte of the answer's head."""
REFUSED_ADDRESS, REFUSED_URL = "refused_address", "refused_url"
TIMEOUT, DNS_FAILED, CONNECT_FAILED = "timeout", "dns_failed", "connect_failed"
TLS_FAILED, BAD_ANSWER = "tls_failed", "bad_answer"

# The first that fits.
FAILURES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (TimeoutError, TIMEOUT),
    (socket.gaierror, DNS_FAILED),
    (aiohttp.ClientSSLError, TLS_FAILED),
    (ssl.SSLError, TLS_FAILED),
    (aiohttp.ClientConnectorError, CONNECT_FAILED),
    (aiohttp.ClientError, BAD_ANSWER),
    (OSError, CONNECT_FAILED),
)


class Answer(NamedTuple):
    """What came of an attempt: the answer's status, or a code of what went wrong."""

    status: int | None
    error: str | None

    @property
    def accepted(self) -> bool:
        """Whether the customer has it; a redirect leads nowhere."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004


class WebhookSender:
    """Sends to public addresses with a certificate that this machine trusts, unless made otherwise.

    `resolve` finds a host's addresses, once an attempt, and `allows` judges each of them.
    """

    def __init__(
        self,
        *,
        allows: Callable[[str], bool] = is_public,
        parse: Callable[[str], Endpoint] = parse_endpoint,
        resolve: Resolve = resolve,
        verify: ssl.SSLContext | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._allows = allows
        self._parse = parse
        self._resolve = resolve
        self._verify = verify
        self._patience_seconds = patience_seconds

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Make one attempt; whatever goes wrong is in the answer."""
        try:
            endpoint = self._parse(url)
        except ValueError:
            return Answer(None, REFUSED_URL)
        try:
            async with asyncio.timeout(self._patience_seconds):
                addresses = await self._resolve(endpoint.host, endpoint.port)
                # One address inside is enough: whoever mixes them wants us to take it.
                if not addresses or not all(map(self._allows, addresses)):
                    return Answer(None, REFUSED_ADDRESS)
                return Answer(await self._post(endpoint, addresses, headers, body), None)
        except (aiohttp.ClientError, OSError) as error:
            return Answer(None, _code_of(error))

    async def _post(
        self, endpoint: Endpoint, addresses: Sequence[str], headers: Mapping[str, str], body: bytes
    ) -> int:
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(endpoint.host, addresses),
            use_dns_cache=False,
            force_close=True,
            ssl=True if self._verify is None else self._verify,
        )
        async with (
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            ) as session,
            session.post(
                yarl.URL(endpoint.url, encoded=True),
                data=body,
                headers={"Content-Type": "application/json", **headers},
                allow_redirects=False,
            ) as answer,
        ):
            # Nobody reads what it says: its body is neither waited for nor kept, and an endless one
            # would go on through a polite goodbye.
            if answer.connection is not None and answer.connection.transport is not None:
                answer.connection.transport.abort()
            return answer.status


def _code_of(error: Exception) -> str:
    return next(code for kind, code in FAILURES if isinstance(error, kind))


class _Pinned(AbstractResolver):
    """Gives the addresses that were looked at; the name is not resolved again."""

    def __init__(self, host: str, addresses: Sequence[str]) -> None:
        self._host = host
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        assert host.lower() == self._host, "one attempt goes to one host"
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Hold nothing."""
