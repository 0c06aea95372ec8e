"""Amazon Bedrock: Converse and ConverseStream, signed or with a Bedrock API key."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import quote

import httpx
import orjson

from adapters.protocols.bedrock.answer import read_answer
from adapters.protocols.bedrock.decoder import ConverseDecoder
from adapters.protocols.bedrock.from_conversation import write_request
from adapters.protocols.canonical.answer import Answer
from adapters.protocols.canonical.conversation import Conversation
from adapters.upstreams.converting import ConvertingLane
from adapters.upstreams.dialect import Dialect, Fault, Headers, Outgoing
from adapters.upstreams.sigv4 import AwsKeys, sign
from domain.catalog import Route

SERVICE: Final = "bedrock"

_JSON: Final = (b"content-type", b"application/json")
_OURS: Final = frozenset({"ServiceQuotaExceededException", "ExpiredTokenException"})


def bedrock_dialect(base_url: str, credentials: AwsKeys | str) -> Dialect:
    """Speak to a Bedrock endpoint; a Bedrock API key is a string."""
    return Dialect({}, ConvertingLane(BedrockCodec(base_url, credentials)), read_fault)


class BedrockCodec:
    """Conversations as Converse takes them."""

    def __init__(
        self,
        base_url: str,
        credentials: AwsKeys | str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._models = base_url.rstrip("/") + "/model/"
        self._credentials = credentials
        self._now = now

    def encode(
        self, conversation: Conversation, route: Route, *, output_cap: int, stream: bool
    ) -> dict[str, Any]:
        """Write the request's fields, or raise UnsupportedParameterError."""
        return write_request(conversation, route.upstream_model, output_cap=output_cap)

    def outgoing(self, fields: dict[str, Any], route: Route, *, stream: bool) -> Outgoing:
        """Address, serialise and sign them."""
        model = quote(route.upstream_model, safe="")
        method = "converse-stream" if stream else "converse"
        url, body = httpx.URL(f"{self._models}{model}/{method}"), orjson.dumps(fields)
        return Outgoing(url, self._headers(url, body), body)

    def decode(self, body: bytes) -> Answer:
        """Read a whole answer, or raise MalformedAnswerError."""
        return read_answer(body)

    def decoder(self) -> ConverseDecoder:
        """Begin to read a stream."""
        return ConverseDecoder()

    def _headers(self, url: httpx.URL, body: bytes) -> Headers:
        if isinstance(self._credentials, str):
            return [_JSON, (b"authorization", b"Bearer " + self._credentials.encode())]
        return sign(url, body, self._credentials, SERVICE, self._now())


def read_fault(fields: Any, headers: httpx.Headers, /) -> Fault:
    """Take the exception's name, from its header or from the body."""
    named: object = cast("dict[str, Any]", fields).get("__type") if isinstance(fields, dict) else ""
    told = headers.get("x-amzn-errortype") or (named if isinstance(named, str) else "")
    code = told.partition(":")[0].rpartition("#")[2]
    return Fault(code or None, ours=code in _OURS)
