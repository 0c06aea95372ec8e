"""The two headers that say which API a caller was written for."""

import re
from collections.abc import Mapping
from typing import Final

from domain.errors import InvalidRequestError

CLASSIC: Final = "2023-06-01"
"""Takes sampling parameters; what a caller who says nothing means."""
CURRENT: Final = "2026-10-21"

SAFE_BETAS: Final = frozenset(
    {
        "advanced-tool-use",
        "claude-code",
        "context-management",
        "effort",
        "extended-cache-ttl",
        "fine-grained-tool-streaming",
        "interleaved-thinking",
        "output-128k",
        "prompt-caching",
        "prompt-caching-scope",
        "redact-thinking",
        "structured-outputs",
        "token-efficient-tools",
        "tool-examples",
        "web-fetch",
    }
)
"""Betas that open nothing which costs more than our hold covers, without their dates.

Others are not passed on, and a field that needs one of those is refused by its own name.
"""

_DATE: Final = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$", re.ASCII)


def version_in(headers: Mapping[bytes, bytes]) -> str:
    """Give the version of the API that a request is written for, or raise InvalidRequestError."""
    version = headers.get(b"anthropic-version", b"").strip().decode("latin-1") or CLASSIC
    if version not in {CLASSIC, CURRENT}:
        message = f"Unknown anthropic-version: there are {CLASSIC} and {CURRENT}."
        raise InvalidRequestError(message, "anthropic-version")
    return version


def safe_betas(headers: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """List the betas that may be passed on, in the caller's order."""
    given = headers.get(b"anthropic-beta", b"").decode("latin-1").split(",")
    return tuple(beta for beta in map(str.strip, given) if _undated(beta) in SAFE_BETAS)


def _undated(beta: str) -> str:
    return _DATE.sub("", beta)
