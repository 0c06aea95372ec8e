"""The operator's token: without one configured there is no admin API."""

import hmac

from fastapi import Request

from api.gateway import Gateway
from domain.errors import GatewayError, InvalidApiKeyError, MissingApiKeyError, NotFoundError


class MissingAdminTokenError(MissingApiKeyError):
    """No token came with the request."""

    def __init__(self) -> None:
        GatewayError.__init__(self, "Missing token: send 'Authorization: Bearer <admin token>'.")


class InvalidAdminTokenError(InvalidApiKeyError):
    """The token is not the configured one."""

    def __init__(self) -> None:
        GatewayError.__init__(self, "The admin token is not valid.")


def gateway_of(request: Request) -> Gateway:
    """Find the gateway that this worker opened."""
    gateway: Gateway = request.app.state.gateway
    return gateway


def require_operator(request: Request) -> None:
    """Raise unless the request carries the operator's token; nobody can measure how near it was."""
    token = gateway_of(request).settings.admin_token
    if token is None:
        what = "resource"
        raise NotFoundError(what)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise MissingAdminTokenError
    if not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise InvalidAdminTokenError
