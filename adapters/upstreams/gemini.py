"""Google's Gemini: generateContent, streamed as server-sent events, and its embeddings."""

import re
from typing import Any, Final, cast

import httpx

from adapters.protocols.canonical.answer import Answer
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.gemini.answer import read_answer
from adapters.protocols.gemini.decoder import GeminiDecoder
from adapters.protocols.gemini.from_conversation import write_request
from adapters.upstreams.converting import ConvertingLane
from adapters.upstreams.dialect import Dialect, Fault, Outgoing
from adapters.upstreams.gemini_embeddings import EmbeddingsLane
from adapters.upstreams.gemini_server import GeminiServer
from domain.catalog import Route

_DELAY: Final = re.compile(r"(\d{1,9})(\.\d{1,9})?s", re.ASCII)
_OUR_KEY: Final = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED"})


def gemini_dialect(base_url: str, api_key: str | None) -> Dialect:
    """Speak to the Gemini API; `base_url` ends in its version, …/v1beta."""
    server = GeminiServer(base_url, api_key)
    return Dialect(
        {"openai_embeddings": EmbeddingsLane(server)},
        ConvertingLane(GeminiCodec(server)),
        read_fault,
    )


class GeminiCodec:
    """Conversations as Gemini takes them."""

    def __init__(self, server: GeminiServer) -> None:
        self._server = server

    def encode(
        self, conversation: Conversation, route: Route, *, output_cap: int, stream: bool
    ) -> dict[str, Any]:
        """Write the request's fields, or raise UnsupportedParameterError."""
        return write_request(conversation, route.upstream_model, output_cap=output_cap)

    def outgoing(self, fields: dict[str, Any], route: Route, *, stream: bool) -> Outgoing:
        """Address and serialise them."""
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return self._server.outgoing(route, method, fields)

    def decode(self, body: bytes) -> Answer:
        """Read a whole answer, or raise MalformedAnswerError."""
        return read_answer(body)

    def decoder(self) -> GeminiDecoder:
        """Begin to read a stream."""
        return GeminiDecoder()


def read_fault(fields: Any, headers: httpx.Headers, /) -> Fault:
    """Take the error's status and RetryInfo; a stream's error may stand in a list of one."""
    found: object = fields
    if isinstance(fields, list) and fields:
        found = cast("list[object]", fields)[0]
    error = _fields(_fields(found).get("error"))
    listed: object = error.get("details")
    details = cast("list[object]", listed) if isinstance(listed, list) else []
    told = [_fields(detail) for detail in details]
    status = error.get("status")
    return Fault(
        status,
        retry_after=next(
            filter(None, (_seconds(detail.get("retryDelay")) for detail in told)), None
        ),
        ours=status == "FAILED_PRECONDITION"
        or any(str(detail.get("reason")) in _OUR_KEY for detail in told),
    )


def _fields(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _seconds(delay: object) -> str | None:
    """Read a duration, `1.5s` say, in whole seconds rounded up."""
    found = _DELAY.fullmatch(delay) if isinstance(delay, str) else None
    if found is None:
        return None
    return str(int(found[1]) + (1 if (found[2] or "").strip(".0") else 0))
