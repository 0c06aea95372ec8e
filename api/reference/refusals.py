"""How the management APIs refuse: one answer for each status, with every code that it can have."""

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from api.document.operation import Told
from api.errors import status_of
from api.reference.operations import Operation
from api.reference.schemas import WHERE
from domain.errors import GatewayError

ALWAYS: Final = (422, 500, 503)
GUARDED: Final = (401, 403, 404)
"""Without a token configured there is no admin API."""
CONFLICT: Final = 409
WITH_BODY: Final = (400, 413)
PENDING: Final = ("Statement", "Proof", "Head")
"""What an answer is called that may have to wait for a seal."""
RETRIED: Final = (409, 429, 503)
"""Refusals that may say when to come back."""


def statuses(operation: Operation) -> list[int]:
    """List the statuses that an operation may refuse with."""
    found = {*ALWAYS, *operation.told.refuses}
    if not operation.told.public:
        found.update(GUARDED)
    if operation.method != "GET":
        found.update((*WITH_BODY, CONFLICT))
    if _may_be_pending(operation.told):
        found.add(CONFLICT)
    return sorted(found)


def components() -> dict[str, Any]:
    """Describe each refusal."""
    return {name_of(status): _describe(status) for status in sorted(codes())}


def name_of(status: int) -> str:
    """Name a refusal: `Refused404`."""
    return f"Refused{status}"


@cache
def codes() -> dict[int, list[str]]:
    """List the codes that errors have by their status; errors of a kind share a code."""
    found: dict[int, set[str]] = {405: {"method_not_allowed"}}
    for kind in _kinds(GatewayError):
        found.setdefault(status_of(_one_of(kind)), set()).add(kind.code)
    return {status: sorted(said) for status, said in found.items()}


def _may_be_pending(told: Told) -> bool:
    """Tell whether an answer may have to wait for a statement or a seal."""
    names = [kind.__name__ for kind in told.answers.values()]
    return bool(told.files) or any(word in name for name in names for word in PENDING)


def _describe(status: int) -> dict[str, Any]:
    said = ", ".join(f"`{code}`" for code in codes()[status])
    headers = {
        name: {"$ref": f"#/components/headers/{name}"}
        for name in ("X-Request-ID", "X-Gateway-Request-ID")
    }
    if status in RETRIED:
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    return {
        "description": f"{HTTPStatus(status).phrase}: {said}.",
        "headers": headers,
        "content": {
            "application/json": {
                "schema": {"$ref": f"{WHERE}Refusal"},
                "example": {
                    "request_id": "req_019afe4cbb0f7c3f8f0ad2f9e4ab0000",
                    "success": False,
                    "data": None,
                    "code": codes()[status][0],
                    "message": "What is at fault, and what to do about it.",
                },
            }
        },
    }


def _one_of(kind: type[GatewayError]) -> GatewayError:
    """Make an error of a kind, whatever it would take: only its kind is looked at."""
    return kind.__new__(kind)


def _kinds(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)
