"""What every error that leaves a handler becomes: the envelope, or the shape of the surface."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
)
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from api.admin.auth import gateway_of
from api.envelope import failure, refusal
from api.errors import InvalidFieldError
from api.exchange import plain_request_id
from api.inference.surface import Answer
from api.inference.wrong_paths import no_endpoint, not_allowed, surface_at, went_wrong
from domain import ids
from domain.errors import GatewayError, NotFoundError

ADMIN: Final = "/admin"
ENVELOPED: Final = (ADMIN, "/openapi")
NOT_FOUND: Final = 404
METHOD_NOT_ALLOWED: Final = 405
INTERNAL_ERROR: Final = 500


def handle_errors(app: FastAPI) -> None:
    """Answer every error under /admin and /openapi in the envelope, and inference's in its own."""
    app.add_exception_handler(GatewayError, _on_gateway_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(Exception, _on_bug)


async def _on_gateway_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError), "registered for these only"
    if not _enveloped(request):
        raise error
    return refusal(request, error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the framework found: a path or a method that is not there."""
    assert isinstance(error, HTTPException), "registered for these only"
    if surface_at(request.url.path):
        return _in_the_surfaces_shape(request, error)
    if not _enveloped(request):
        return await http_exception_handler(request, error)
    if error.status_code == NOT_FOUND or _switched_off(request):
        return refusal(request, _no_route())
    if error.status_code == METHOD_NOT_ALLOWED:
        message = f"Method not allowed: use {(error.headers or {}).get('allow', 'another')}."
        return failure(
            request, METHOD_NOT_ALLOWED, "method_not_allowed", message, error.headers or {}
        )
    code = InvalidFieldError.code
    return failure(request, error.status_code, code, str(error.detail), error.headers or {})


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "registered for these only"
    if not _enveloped(request):
        return await request_validation_exception_handler(request, error)
    faults: Sequence[Any] = error.errors()
    path = ".".join(map(str, faults[0]["loc"])) if faults else "request"
    return refusal(request, InvalidFieldError(f"'{path}' is not valid.", path))


async def _on_bug(request: Request, error: Exception) -> Response:
    """Say nothing of our own faults; the server logs them with their trace."""
    if surface_at(request.url.path):
        return _answered(went_wrong(request.url.path, *_ids_of(request)))
    if not _enveloped(request):
        return PlainTextResponse("Internal Server Error", INTERNAL_ERROR)
    message = "Something went wrong here."
    return failure(request, INTERNAL_ERROR, GatewayError.code, message, {})


def _in_the_surfaces_shape(request: Request, error: HTTPException) -> Response:
    """Answer in the shape that the SDKs of this path read the message from."""
    path = request.url.path
    if error.status_code == METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("allow", "POST")
        return _answered(not_allowed(path, allowed, *_ids_of(request)))
    return _answered(no_endpoint(path, *_ids_of(request)))


def _answered(answer: Answer) -> Response:
    status, headers, body = answer
    return Response(body, status, {name.decode(): value.decode() for name, value in headers})


def _ids_of(request: Request) -> tuple[str, str | None]:
    """Give a call an id of ours, and the caller's own if it sent a valid one."""
    theirs = plain_request_id(request.headers.get("x-request-id", "").encode())
    return ids.public(ids.REQUEST, gateway_of(request).mint()), theirs


def _enveloped(request: Request) -> bool:
    path = request.url.path
    return any(path == prefix or path.startswith(prefix + "/") for prefix in ENVELOPED)


def _switched_off(request: Request) -> bool:
    """Tell whether this is the admin API of a gateway that has none."""
    off = gateway_of(request).settings.admin_token is None
    return off and request.url.path.startswith(ADMIN)


def _no_route() -> NotFoundError:
    what = "route"
    return NotFoundError(what)
