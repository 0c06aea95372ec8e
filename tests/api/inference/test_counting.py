"""A provider that does not count in time is not waited for."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from adapters.protocols.anthropic.request import decode_count
from adapters.upstreams.anthropic import AnthropicEndpoint, anthropic_dialect
from adapters.upstreams.http_provider import HttpProvider
from api.inference import messages_count
from domain.catalog import Route

ASKED = b'{"model": "claude", "messages": [{"role": "user", "content": "one two three"}]}'


class Silent(httpx.AsyncBaseTransport):
    """A provider that never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError


def test_our_estimate_has_to_do_where_the_provider_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messages_count, "PATIENCE_SECONDS", 0.01)
    dialect = anthropic_dialect(AnthropicEndpoint("https://claude.example", "k"))
    upstreams = SimpleNamespace(providers={"claude": HttpProvider(dialect, Silent())})
    gateway: Any = SimpleNamespace(upstreams=upstreams)

    counted = asyncio.run(
        messages_count._by_provider(gateway, decode_count(ASKED, {}), Route("claude", "c"))
    )

    assert counted is None
