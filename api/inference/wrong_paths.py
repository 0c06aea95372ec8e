"""What a wrong path or method is told, in the shape that its surface's SDKs read."""

from typing import Final

from api.errors import InternalError, MethodNotAllowedError, NoEndpointError
from api.inference import chat, dashscope, messages
from api.inference.errors import PAYMENT_REQUIRED
from api.inference.surface import Answer, Surface
from domain.errors import GatewayError

_SURFACES: Final[tuple[tuple[str, Surface], ...]] = (
    ("/v1/messages", messages.V1),
    ("/v1/", chat.V1),
    ("/openai/v1/", chat.OPENAI_V1),
    ("/api/v1/services/", dashscope.TEXT),
)
"""Which one's errors and headers a path has; the first prefix that fits counts."""


def surface_at(path: str) -> Surface | None:
    """Find whose words a path is answered in; None where there is no inference."""
    return next((surface for prefix, surface in _SURFACES if path.startswith(prefix)), None)


def no_endpoint(path: str, request_id: str, client_id: str | None) -> Answer:
    """Refuse a path that no inference endpoint has; `client_id` is the caller's own id."""
    return _told(path, NoEndpointError(path), request_id, client_id)


def not_allowed(path: str, allowed: str, request_id: str, client_id: str | None) -> Answer:
    """Refuse a method that the endpoint at a path does not know."""
    error = MethodNotAllowedError(allowed)
    status, headers, body = _told(path, error, request_id, client_id)
    return status, [*headers, (b"allow", allowed.encode())], body


def went_wrong(path: str, request_id: str, client_id: str | None) -> Answer:
    """Say nothing of a fault of ours."""
    return _told(path, InternalError(), request_id, client_id)


def _told(path: str, error: GatewayError, request_id: str, client_id: str | None) -> Answer:
    surface = surface_at(path)
    assert surface is not None, "only asked for where there is inference"
    status, headers, body = surface.errors.render(error, request_id, funds_status=PAYMENT_REQUIRED)
    return status, [*headers, *surface.name_call(request_id, client_id)], body
