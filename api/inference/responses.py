"""POST /v1/responses, as OpenAI's newer SDKs and Codex speak (wire-facts §1.7)."""

from typing import Final

import orjson

from adapters.protocols.openai_responses.request import decode_request
from api.inference.errors import OpenAIErrors
from api.inference.surface import Surface
from domain.catalog import CHAT
from domain.errors import GatewayError


class ResponsesErrors(OpenAIErrors):
    """OpenAI's error object, flat where it stands in a stream."""

    def event(self, error: GatewayError, request_id: str) -> bytes:
        """Write the error as an event of this protocol, which has it flat."""
        described = self.describe(error, request_id)
        told = {name: described[name] for name in ("code", "message", "param")}
        return b"event: error\ndata: %s\n\n" % orjson.dumps({"type": "error", **told})


# Codex tries again after anything but 400, 404 and a 429 that says insufficient_quota.
V1: Final = Surface(
    "responses", frozenset({CHAT}), decode_request, ResponsesErrors(), retries_402=True
)
