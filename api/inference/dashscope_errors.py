"""Errors in DashScope's shape; its older SDKs know the one in a stream by the byte."""

from typing import Final

import orjson

from api.inference.error_table import told
from api.inference.errors import JSON, PAYMENT_REQUIRED, retry_headers
from api.inference.surface import Answer
from domain.errors import GatewayError


class DashScopeErrors:
    """DashScope's flat object; for want of money it has a status and a code of its own."""

    def render(
        self, error: GatewayError, request_id: str, *, funds_status: int = PAYMENT_REQUIRED
    ) -> Answer:
        """Turn an error into status, headers and body."""
        status, code = told(error).dashscope
        body = _written(error, code, request_id)
        return status, [JSON, *retry_headers(error, status)], body

    def event(self, error: GatewayError, request_id: str) -> bytes:
        """Write the error as the last event of a stream: no space after a colon (§3.4)."""
        status, code = told(error).dashscope
        return b"event:error\nstatus:%d\n:HTTP_STATUS/%d\ndata:%s\n\n" % (
            status,
            status,
            _written(error, code, request_id),
        )


DASHSCOPE_ERRORS: Final = DashScopeErrors()


def _written(error: GatewayError, code: str, request_id: str) -> bytes:
    return orjson.dumps({"code": code, "message": str(error), "request_id": request_id})
