"""Customers' bodies: short, and read only once it is known who asks."""

from typing import Final, TypeVar

from fastapi import Request

from api.admin.auth import gateway_of
from api.admin.body import BodyReader, Fields
from api.openapi.caller import Caller

F = TypeVar("F", bound=Fields)

BODY_MAX: Final = 256 * 1024
"""Bytes; as many rules or models as a policy may have fit in, every letter escaped."""


class OwnBody(BodyReader[F]):
    """A dependency that reads a customer's body; it needs the caller, and so is never first."""

    async def __call__(self, request: Request, _caller: Caller) -> F:
        """Read the body, or raise InvalidRequestError."""
        most = gateway_of(request).settings.max_body_bytes
        return await self.read(request, min(most, BODY_MAX))


def body_as(kind: type[F], *, optional: bool = False) -> OwnBody[F]:
    """Make the dependency that reads a customer's body of this kind.

    Where the body is optional, none at all is an empty object.
    """
    return OwnBody(kind, optional=optional)


no_body = body_as(Fields, optional=True)
"""The dependency of customers' routes that take no body, or an empty object."""
