"""Where the Gemini API is, and how we are known there."""

from typing import Any
from urllib.parse import quote

import httpx
import orjson

from adapters.upstreams.dialect import Headers, Outgoing
from domain.catalog import Route


class GeminiServer:
    """One endpoint; `base_url` ends in the version, …/v1beta."""

    def __init__(self, base_url: str, api_key: str | None) -> None:
        self._models = base_url.rstrip("/") + "/models/"
        self._headers: Headers = [(b"content-type", b"application/json")]
        if api_key:
            self._headers.append((b"x-goog-api-key", api_key.encode()))

    def outgoing(self, route: Route, method: str, fields: dict[str, Any]) -> Outgoing:
        """Address and serialise a call of one of a model's methods."""
        model = quote(route.upstream_model.removeprefix("models/"), safe="")
        url = httpx.URL(f"{self._models}{model}:{method}")
        return Outgoing(url, self._headers, orjson.dumps(fields))
