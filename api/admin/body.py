"""Request bodies: read within bounds, parsed strictly, and checked as a whole first."""

from typing import Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect

from adapters.protocols.json_body import parse_object
from api.admin.auth import gateway_of
from api.errors import InvalidFieldError
from domain.errors import BodyTooLargeError, InvalidRequestError

F = TypeVar("F", bound="Fields")

PARAM_MAX = 100
"""What is quoted of a field's name: callers may send any."""
EMPTY_MAX = 1024
"""Bytes of a body that has no fields."""
FAULTS_MAX = 100
"""Faults among which the first is looked for: to describe one, all are described."""


class Fields(BaseModel):
    """A body's fields: nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(strict=True, extra="forbid")


class BodyReader(Generic[F]):
    """Reads a body; the reference finds in it what the body may be."""

    def __init__(self, kind: type[F], *, optional: bool) -> None:
        self.kind = kind
        self.optional = optional

    async def read(self, request: Request, most: int) -> F:
        """Read a body of at most so many bytes, or raise InvalidRequestError.

        One without fields is none, or an empty object, and short.
        """
        raw = await read_bounded(request, most if self.kind.model_fields else min(most, EMPTY_MAX))
        fields = {} if self.optional and not raw.strip() else parse_object(raw)
        for name in fields:
            if name not in self.kind.model_fields:
                raise _unknown(name)
        try:
            return self.kind.model_validate(fields)
        except ValidationError as error:
            raise _first_fault(error) from None


class OperatorsBody(BodyReader[F]):
    """A dependency that reads an operator's body, behind the router that asks for the token."""

    async def __call__(self, request: Request) -> F:
        """Read the body, or raise InvalidRequestError."""
        return await self.read(request, gateway_of(request).settings.max_body_bytes)


def body_as(kind: type[F], *, optional: bool = False) -> OperatorsBody[F]:
    """Make the dependency that reads an operator's body of this kind.

    Where the body is optional, none at all is an empty object.
    """
    return OperatorsBody(kind, optional=optional)


no_body = body_as(Fields, optional=True)
"""The dependency of operators' routes that take no body, or an empty object."""


async def read_bounded(request: Request, limit: int) -> bytes:
    """Read a body of at most so many bytes, or raise BodyTooLargeError."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise BodyTooLargeError(limit)
    except ClientDisconnect:
        message = "The request body was cut off."
        raise InvalidRequestError(message) from None
    return bytes(body)


def _first_fault(error: ValidationError) -> InvalidFieldError:
    """Name the first field at fault as the caller wrote it: `quota.amount`; or none among many."""
    if error.error_count() > FAULTS_MAX:
        return InvalidFieldError(f"More than {FAULTS_MAX} of its values are not valid.")
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ""
    for step in fault["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    if fault["type"] == "extra_forbidden":
        return _unknown(path)
    if fault["type"] == "missing":
        return InvalidFieldError(f"'{path}' is missing.", path)
    if not path:
        return InvalidFieldError(f"{fault['msg'].removeprefix('Value error, ')}.")
    return InvalidFieldError(f"'{path}': {fault['msg'].removeprefix('Value error, ')}.", path)


def _unknown(field: str) -> InvalidFieldError:
    return InvalidFieldError(f"'{field[:PARAM_MAX]}' is not a field here.", field[:PARAM_MAX])
