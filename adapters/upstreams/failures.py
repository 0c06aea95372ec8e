"""Sorting upstream failures: what the caller is told, and whether another route may do better."""

import re
from typing import Final

import httpx
import orjson

from adapters.upstreams.body import aiter_bytes
from adapters.upstreams.dialect import ReadFault
from domain.errors import (
    UpstreamError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
)
from domain.upstream import AttemptError

COOL_SECONDS: Final = 5
"""How long others are tried first after a failure that is not the request's fault."""
RETRY_AFTER_MAX: Final = 60
ERROR_BYTES_MAX: Final = 64 * 1024

_SHORT = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}", re.ASCII)
_REJECTED: Final = frozenset({400, 404, 413, 415, 422})
_TOO_MANY, _REQUEST_TIMEOUT, _GATEWAY_TIMEOUT = 429, 408, 504


def failure_of_transport(error: httpx.TransportError) -> AttemptError:
    """Sort what went wrong below HTTP; before sending, nothing can have been billed."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol):
        return AttemptError("not_sent", UpstreamError(), cool_seconds=COOL_SECONDS)
    if isinstance(error, httpx.TimeoutException):
        return AttemptError("timeout", UpstreamTimeoutError(), cool_seconds=COOL_SECONDS)
    return AttemptError("connection_lost", UpstreamError(), cool_seconds=COOL_SECONDS)


async def failure_of_answer(response: httpx.Response, read_fault: ReadFault) -> AttemptError:
    """Sort an answer that is no success; its body is read for short words and dropped."""
    status = response.status_code
    fault = read_fault(await _fields(response), response.headers)
    code, param = _short(fault.code), _short(fault.param)
    outcome = f"status_{status}"
    if status == _TOO_MANY:
        if code == "insufficient_quota":
            # Our own account there is empty: nothing the customer could wait for.
            return AttemptError(outcome, UpstreamError(), cool_seconds=RETRY_AFTER_MAX)
        seconds = _seconds(fault.retry_after or response.headers.get("retry-after", ""))
        return AttemptError(outcome, UpstreamRateLimitedError(seconds), cool_seconds=seconds)
    if status in _REJECTED:
        error = UpstreamRejectedError(status, code, param)
        return AttemptError(outcome, error, elsewhere=False)
    if status in {_REQUEST_TIMEOUT, _GATEWAY_TIMEOUT}:
        return AttemptError(outcome, UpstreamTimeoutError(), cool_seconds=COOL_SECONDS)
    return AttemptError(outcome, UpstreamError(), cool_seconds=COOL_SECONDS)


async def _fields(response: httpx.Response) -> object:
    """Read an error's JSON; None for what is none."""
    body = b""
    try:
        async for data in aiter_bytes(response):
            body += data
            if len(body) > ERROR_BYTES_MAX:
                break
        fields: object = orjson.loads(body)
    except (httpx.TransportError, orjson.JSONDecodeError):
        return None
    finally:
        await response.aclose()
    return fields


def _short(word: object) -> str | None:
    return word if isinstance(word, str) and _SHORT.fullmatch(word) else None


def _seconds(text: object) -> int:
    """Read how long to wait, in whole seconds between one and a minute."""
    plain = isinstance(text, str) and text.isdecimal()
    return max(1, min(int(str(text)), RETRY_AFTER_MAX)) if plain else 1
