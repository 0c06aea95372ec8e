"""The envelope of the management APIs: the same five fields around every answer and refusal."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi import Request, Response

from api.errors import status_of
from domain import ids
from domain.errors import GatewayError

OK: Final = 200
CREATED: Final = 201
UNAUTHORIZED: Final = 401

_CLIENT_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


def success(
    request: Request, data: Any, status: int = OK, headers: Mapping[str, str] | None = None
) -> Response:
    """Wrap what was asked for."""
    fields = {"success": True, "data": data, "code": None, "message": None}
    return _answer(request, fields, status, headers or {})


def refusal(request: Request, error: GatewayError) -> Response:
    """Wrap an error, and say how to go on where HTTP has a header for that."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if status == UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return failure(request, status, error.code, str(error), headers)


def failure(
    request: Request, status: int, code: str, message: str, headers: Mapping[str, str]
) -> Response:
    """Wrap a failure that is no error of the domain's, such as a method that is not allowed."""
    # A message may quote what came in, and that need not be Unicode.
    readable = message.encode(errors="backslashreplace").decode()
    fields = {"success": False, "data": None, "code": code, "message": readable}
    return _answer(request, fields, status, headers)


def request_id_of(request: Request) -> str:
    """Give the exchange's own id, the same however often it is asked for."""
    if not hasattr(request.state, "request_id"):
        request.state.request_id = ids.public(ids.REQUEST, request.app.state.gateway.mint())
    known: str = request.state.request_id
    return known


def headers_of(request: Request) -> dict[str, str]:
    """Name the exchange as the client does and as we do, whatever the answer's form."""
    request_id = request_id_of(request)
    given = request.headers.get("x-request-id", "")
    correlation = given if _CLIENT_REQUEST_ID.fullmatch(given) else request_id
    return {"x-request-id": correlation, "x-gateway-request-id": request_id}


def _answer(
    request: Request, fields: dict[str, Any], status: int, headers: Mapping[str, str]
) -> Response:
    body = orjson.dumps({"request_id": request_id_of(request), **fields})
    return Response(body, status, {**headers_of(request), **headers}, "application/json")
