"""What a route says of itself beyond its path: its answer, its query, and what it may be sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict

from pydantic import BaseModel

from api.document.parameters import describe
from api.envelope import OK

TOLD: Final = "x-told"
"""Under which name a route carries what it says; the reference is built from it when asked for."""
CSV: Final = "text/csv"


@dataclass(frozen=True, slots=True)
class Told:
    """What a route answers with and takes."""

    answers: Mapping[int, type[BaseModel]] = field(default_factory=dict[int, type[BaseModel]])
    """What is in the envelope, by status."""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is answered without an envelope: descriptions by media type."""
    parameters: tuple[Mapping[str, Any], ...] = ()
    idempotent: bool = False
    """Whether it takes an Idempotency-Key."""
    public: bool = False
    """Whether it needs no key."""
    refuses: tuple[int, ...] = ()
    """Statuses that it may refuse with besides those that all of its kind have."""


class Documented(TypedDict):
    """Arguments of a route's decorator."""

    openapi_extra: dict[str, Any]


def documented(
    answer: type[BaseModel],
    *,
    query: Iterable[str | Mapping[str, Any]] = (),
    status: int = OK,
    also: Mapping[int, type[BaseModel]] | None = None,
    files: Mapping[str, str] | None = None,
    idempotent: bool = False,
    refuses: tuple[int, ...] = (),
) -> Documented:
    """Document a route that answers in the envelope with this object; its body documents itself.

    `query` holds names that are known, or parameters as OpenAPI writes them; `also` are answers
    with other statuses, and `files` forms of the answer without an envelope, by media type.
    """
    answers = {status: answer, **(also or {})}
    parameters = tuple(map(_parameter, query))
    return _carried(Told(answers, files or {}, parameters, idempotent=idempotent, refuses=refuses))


def documented_file(
    media_type: str,
    description: str,
    *,
    query: Iterable[str | Mapping[str, Any]] = (),
    public: bool = False,
) -> Documented:
    """Document a route that answers with a file."""
    return _carried(
        Told({}, {media_type: description}, tuple(map(_parameter, query)), public=public)
    )


def _carried(told: Told) -> Documented:
    return {"openapi_extra": {TOLD: told}}


def _parameter(given: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return describe(given) if isinstance(given, str) else given
