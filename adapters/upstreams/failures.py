"""Sorting upstream failures: what the caller is told, and whether another route may do better."""

import re
from typing import Final

import httpx
import orjson

from adapters.upstreams.body import aiter_bytes
from adapters.upstreams.dialect import Fault, ReadFault
from adapters.upstreams.retry_after import RETRY_AFTER_MAX, seconds_to_wait
from domain.errors import (
    UpstreamError,
    UpstreamFailureError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
)
from domain.upstream import AttemptError

COOL_SECONDS: Final = 5
"""How long others are tried first after a failure that is not the request's fault."""
ERROR_BYTES_MAX: Final = 64 * 1024

_SHORT = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}", re.ASCII)
_REJECTED: Final = frozenset({400, 404, 413, 415, 422})
_TOO_MANY, _REQUEST_TIMEOUT, _GATEWAY_TIMEOUT = 429, 408, 504


def failure_of_transport(error: httpx.TransportError) -> AttemptError:
    """Sort what went wrong below HTTP; before sending, nothing can have been billed."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol):
        return AttemptError("not_sent", UpstreamError(), cool_seconds=COOL_SECONDS)
    outcome = "timeout" if isinstance(error, httpx.TimeoutException) else "connection_lost"
    return AttemptError(outcome, told_of(error), cool_seconds=COOL_SECONDS)


def told_of(error: httpx.TransportError) -> UpstreamFailureError:
    """Say of a connection what its caller is told."""
    late = isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout)
    return UpstreamTimeoutError() if late else UpstreamError()


async def failure_of_answer(response: httpx.Response, read_fault: ReadFault) -> AttemptError:
    """Sort an answer that is no success; its body is read for short words and dropped."""
    headers = response.headers
    fault = read_fault(await _fields(response), headers)
    retry_after, date = headers.get("retry-after", ""), headers.get("date", "")
    return failure_of(response.status_code, fault, retry_after, date)


def failure_of(status: int, fault: Fault, retry_after: str = "", date: str = "") -> AttemptError:
    """Sort a fault by its status; a fault's own word on when to come back wins."""
    code, param = _short(fault.code), _short(fault.param)
    outcome = f"status_{status}"
    if fault.ours:
        return AttemptError(outcome, UpstreamError(), cool_seconds=RETRY_AFTER_MAX)
    if status == _TOO_MANY:
        if code == "insufficient_quota":
            # Our own account there is empty: nothing the customer could wait for.
            return AttemptError(outcome, UpstreamError(), cool_seconds=RETRY_AFTER_MAX)
        seconds = seconds_to_wait(fault.retry_after or retry_after, date)
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
        fields: object = orjson.loads(_json_in(body))
    except (httpx.TransportError, orjson.JSONDecodeError):
        return None
    finally:
        await response.aclose()
    return fields


def _json_in(body: bytes) -> bytes:
    """Find the JSON of an error; who was asked for a stream may tell of it as an event."""
    if body.lstrip().startswith((b"{", b"[")):
        return body
    return (b"\n" + body).rpartition(b"\ndata:")[2]


def _short(word: object) -> str | None:
    return word if isinstance(word, str) and _SHORT.fullmatch(word) else None
