"""Refusing a body that does not fit its fields."""

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from adapters.protocols.field_paths import UNKNOWN, first_fault
from domain.errors import InvalidRequestError, UnsupportedParameterError


def refusal_of(
    error: ValidationError, body: dict[str, Any], priced: Collection[str] = ()
) -> InvalidRequestError:
    """Name the innermost field at fault as the caller wrote it.

    `priced` are the fields whose other values would be dearer than what is held.
    """
    path, kind, problem = first_fault(error, body)
    if path.partition("[")[0] in priced:
        return UnsupportedParameterError(path, "changes the price and is not supported")
    if kind == UNKNOWN:
        why = "is unknown, and unknown fields may change the price"
        return UnsupportedParameterError(path, why)
    if not path:
        return InvalidRequestError(f"Invalid request body: {problem}.")
    return InvalidRequestError(f"Invalid value for '{path}': {problem}.", path)
