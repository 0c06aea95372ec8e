"""Where an OpenAI-compatible server is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from adapters.upstreams.dialect import Headers, Outgoing

OFFICIAL: Final = "api.openai.com"
CHAT, RESPONSES = "chat", "responses"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is, and how we are known there."""

    base_url: str
    api_key: str | None
    cap_field: str
    """What it calls the limit of a chat's output."""
    apis: tuple[str, ...] = (CHAT,)
    """Which of `chat` and `responses` it has; the first is for callers of other protocols."""

    @property
    def official(self) -> bool:
        """Whether this is OpenAI itself and no imitation."""
        return httpx.URL(self.base_url).host == OFFICIAL

    def url(self, path: str) -> httpx.URL:
        """Give the address of one of its methods."""
        return httpx.URL(self.base_url.rstrip("/") + path)

    @property
    def headers(self) -> Headers:
        """Say what comes, and who sends it."""
        headers = [(b"content-type", b"application/json")]
        if self.api_key:
            headers.append((b"authorization", b"Bearer " + self.api_key.encode()))
        return headers

    def outgoing(self, path: str, fields: Mapping[str, Any]) -> Outgoing:
        """Address a request of our own making."""
        return Outgoing(self.url(path), self.headers, orjson.dumps(fields))
