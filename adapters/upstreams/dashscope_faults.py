"""DashScope's errors: some are told by status, some in an answer that says it went well."""

from typing import Any, Final, cast

import httpx
import orjson

from adapters.upstreams.dialect import Fault
from adapters.upstreams.failures import failure_of
from domain.upstream import AttemptError

_OURS: Final = ("InvalidApiKey", "AccessDenied", "Arrearage", "Model.AccessDenied", "Workspace")
_OURS_WITHIN: Final = ("BillOverdue", "NotPurchased", "FreeTierOnly")
_STATUS: Final = (("Throttling", 429), ("Invalid", 400), ("BadRequest", 400), ("Data", 400))
"""What an error is that hides in an answer of status 200, by how its code begins."""


def read_fault(fields: Any, headers: httpx.Headers, /) -> Fault:
    """Take the error's code; some codes tell of our own account there."""
    code = cast("dict[str, Any]", fields).get("code") if isinstance(fields, dict) else None
    if not isinstance(code, str):
        return Fault()
    ours = code.startswith(_OURS) or any(word in code for word in _OURS_WITHIN)
    return Fault(code, ours=ours)


def fault_within(body: bytes) -> AttemptError | None:
    """Find the error in an answer that says it went well; None if there is none."""
    try:
        fields: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    fault = read_fault(fields, httpx.Headers())
    if not fault.code:
        return None
    code = fault.code
    status = next((status for begin, status in _STATUS if code.startswith(begin)), 500)
    return failure_of(status, fault)
