"""Errors in OpenAI's shape (wire-facts §1.1), and the headers that steer a client's retries."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from api.errors import status_of
from api.inference.error_table import told
from api.inference.surface import Answer, Headers
from domain.errors import GatewayError, OutOfFundsError
from domain.money import format_amount

PAYMENT_REQUIRED, CONFLICT, TOO_MANY_REQUESTS = 402, 409, 429
JSON: Final = (b"content-type", b"application/json")
NO_RETRY: Final = (b"x-should-retry", b"false")


@dataclass(frozen=True, slots=True)
class OpenAIErrors:
    """OpenAI's error object; JoyToken's has the code as its `type`."""

    type_is_code: bool = False

    def render(
        self, error: GatewayError, request_id: str, *, funds_status: int = PAYMENT_REQUIRED
    ) -> Answer:
        """Turn an error into status, headers and body."""
        status, code = status_of(error), error.code
        if isinstance(error, OutOfFundsError) and funds_status == TOO_MANY_REQUESTS:
            status, code = TOO_MANY_REQUESTS, "insufficient_quota"
            steering = [NO_RETRY]
        else:
            steering = retry_headers(error, status)
        body = orjson.dumps({"error": self.describe(error, request_id, code)})
        return status, [JSON, *steering], body

    def event(self, error: GatewayError, request_id: str) -> bytes:
        """Write the error as the last event of a stream."""
        return b"data: " + orjson.dumps({"error": self.describe(error, request_id)}) + b"\n\n"

    def describe(
        self, error: GatewayError, request_id: str, code: str | None = None
    ) -> dict[str, Any]:
        """Write the error object, with the figures of a refusal for want of funds."""
        code = code or error.code
        written: dict[str, Any] = {
            "message": str(error),
            "type": code if self.type_is_code else told(error).openai,
            "param": getattr(error, "param", None),
            "code": code,
        }
        if isinstance(error, OutOfFundsError):
            written["metadata"] = figures_of(error, request_id)
        return written


OPENAI_ERRORS: Final = OpenAIErrors()


def retry_headers(error: GatewayError, status: int) -> Headers:
    """Steer a client's own retries: when to come back, or that it is of no use."""
    if error.retry_after is not None:
        return [(b"retry-after", str(error.retry_after).encode())]
    return [NO_RETRY] if status in {CONFLICT, TOO_MANY_REQUESTS} else []


def figures_of(error: OutOfFundsError, request_id: str) -> dict[str, str]:
    """Say what was short, in decimal strings."""
    return {
        "limit_source": error.limit_source,
        "required": format_amount(error.required),
        "available": format_amount(error.available),
        "reserved": format_amount(error.reserved),
        "currency": error.currency,
        "max_affordable_output_tokens": str(error.max_affordable_output_tokens),
        "request_id": request_id,
    }
