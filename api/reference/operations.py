"""Every operation of the application, as its routes tell it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from inspect import cleandoc
from typing import Any, Final, TypeGuard

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel
from starlette.routing import BaseRoute

from api.admin.body import BodyReader
from api.document.operation import TOLD, Told

UNTOLD: Final = Told()
EMPTY: Final = "Fields"
"""The kind of a body that has no fields: routes that take none accept it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A method at a path."""

    method: str
    path: str
    text: str
    """What its function's docstring says."""
    told: Told = UNTOLD
    body: type[BaseModel] | None = None
    body_optional: bool = False

    @property
    def names(self) -> list[str]:
        """What the path leaves open, in its order."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    @property
    def key(self) -> str:
        """The operation as one writes it: `GET /v1/models`."""
        return f"{self.method} {self.path}"


def operations(routes: Sequence[BaseRoute]) -> Iterator[Operation]:
    """List what these routes serve, the included ones too."""
    for context in iter_route_contexts(routes):
        yield from _of(context)


def _of(context: RouteContext) -> Iterator[Operation]:
    if context.endpoint is None or context.path_format is None or not context.include_in_schema:
        return
    text = cleandoc(context.endpoint.__doc__ or "")
    assert text, f"{context.path_format} has no docstring, which would be its description"
    extra: dict[str, Any] = context.openapi_extra or {}
    plain = Operation("", context.path_format, text, extra.get(TOLD, UNTOLD))
    reader = _reader(context.dependant)
    if reader is not None and reader.kind.__name__ != EMPTY:
        plain = replace(plain, body=reader.kind, body_optional=reader.optional)
    for method in sorted(context.methods or ()):
        yield replace(plain, method=method)


def _reader(dependant: Dependant) -> BodyReader[Any] | None:
    for needed in dependant.dependencies:
        if _is_reader(needed.call):
            return needed.call
    return None


def _is_reader(call: object) -> TypeGuard[BodyReader[Any]]:
    return isinstance(call, BodyReader)
