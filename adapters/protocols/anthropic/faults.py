"""What is wrong with a messages request, by the field that is at fault."""

from typing import Any, Final

from pydantic import ValidationError

from adapters.protocols.field_paths import UNKNOWN, first_fault
from domain.errors import InvalidRequestError, UnsupportedParameterError

_PRICED: Final = frozenset({"inference_geo", "service_tier", "container", "mcp_servers"})
_EDITS: Final = "context_management.edits"
_OTHER_TYPE: Final = "union_tag_invalid"


def refusal_of(error: ValidationError, body: dict[str, Any]) -> InvalidRequestError:
    """Turn the innermost fault into a refusal."""
    path, kind, why = first_fault(error, body)
    if path in _PRICED or path.startswith(_EDITS):
        return UnsupportedParameterError(path, "changes the price and is not supported")
    if kind == UNKNOWN:
        return UnsupportedParameterError(
            path, "is unknown, and unknown fields may change the price"
        )
    if kind == _OTHER_TYPE:
        return UnsupportedParameterError(f"{path}.type", "is not supported here")
    return InvalidRequestError(f"Invalid value for '{path}': {why}.", path)
