"""Errors in Anthropic's shape (wire-facts §1.5)."""

from typing import Any, Final

import orjson

from api.inference.error_table import told
from api.inference.errors import (
    JSON,
    NO_RETRY,
    PAYMENT_REQUIRED,
    TOO_MANY_REQUESTS,
    figures_of,
    retry_headers,
)
from api.inference.surface import Answer
from domain.errors import GatewayError, OutOfFundsError


class AnthropicErrors:
    """Anthropic's error object; our own code and figures are among its details."""

    def render(
        self, error: GatewayError, request_id: str, *, funds_status: int = PAYMENT_REQUIRED
    ) -> Answer:
        """Turn an error into status, headers and body."""
        status, kind = told(error).anthropic
        steering = retry_headers(error, status)
        if isinstance(error, OutOfFundsError) and funds_status == TOO_MANY_REQUESTS:
            status, kind, steering = TOO_MANY_REQUESTS, "rate_limit_error", [NO_RETRY]
        return status, [JSON, *steering], orjson.dumps(_written(error, kind, request_id))

    def event(self, error: GatewayError, request_id: str) -> bytes:
        """Write the error as the last event of a stream."""
        _, kind = told(error).anthropic
        return b"event: error\ndata: " + orjson.dumps(_written(error, kind, request_id)) + b"\n\n"


ANTHROPIC_ERRORS: Final = AnthropicErrors()


def _written(error: GatewayError, kind: str, request_id: str) -> dict[str, Any]:
    details: dict[str, Any] = {"error_code": error.code}
    if param := getattr(error, "param", None):
        details["param"] = param
    if isinstance(error, OutOfFundsError):
        details |= figures_of(error, request_id)
    described = {"type": kind, "message": str(error), "details": details}
    return {"type": "error", "error": described, "request_id": request_id}
