"""Addresses of e-mail."""

import re
from collections.abc import Iterator
from typing import Final

from adapters.masking.span import Span, scan

KIND: Final = "email"
_LOCAL_MAX: Final = 64
_AT: Final = re.compile(r"[\w.%+'-]@(?=[^\W_])")
_LACOL: Final = re.compile(r"[\w.%+'-]+")
_DOMAIN: Final = re.compile(
    r"(?:[^\W_][\w-]{0,62}+\.){1,8}(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,63}+)", re.IGNORECASE
)
_ESCAPE: Final = re.compile(r"[bfnrt]|u[0-9a-fA-F]{4}")


def find(text: str) -> Iterator[Span]:
    """Look around every @: first what follows, then, backwards, what comes before."""
    end = 0
    for sign in scan(_AT, text):
        at = sign.start() + 1
        domain = _DOMAIN.match(text, at + 1)
        if at < end or domain is None:
            continue
        start = _start(text, max(end, at - _LOCAL_MAX), at)
        if start < at:
            end = domain.end()
            yield Span(start, end, KIND)


def _start(text: str, first: int, at: int) -> int:
    """Find where the name before an @ begins, without what is an escape of JSON in a text."""
    before = _LACOL.match(text[first:at][::-1])
    assert before is not None, "one character was seen"
    start = at - before.end()
    if start > 0 and text[start - 1] == "\\" and (escape := _ESCAPE.match(text, start, at)):
        start = escape.end()
    while start < at and text[start] in ".%+'-":
        start += 1
    return start
