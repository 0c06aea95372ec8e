"""The header `traceparent` of W3C Trace Context: which trace a call is part of."""

import re
from typing import Final, NamedTuple
from uuid import UUID

_HEADER: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_FORBIDDEN: Final = b"ff"
_SAMPLED: Final = 0x01
_SPAN: Final = (1 << 64) - 1


class Parent(NamedTuple):
    """A place in a trace."""

    trace_id: int
    span_id: int
    sampled: bool
    """Whether whoever began the trace wants it recorded."""


def parse_traceparent(header: bytes | None) -> Parent | None:
    """Read the header; None for none and for what its specification calls invalid."""
    match = _HEADER.fullmatch(header.strip()) if header else None
    if match is None:
        return None
    version, trace, span, flags, more = match.groups()
    if version == _FORBIDDEN or (version == b"00" and more):
        return None
    parent = Parent(int(trace, 16), int(span, 16), bool(int(flags, 16) & _SAMPLED))
    return parent if parent.trace_id and parent.span_id else None


def span_id_of(request_id: UUID) -> int:
    """Derive the id of a call's own span, so that it is known before the span is made."""
    return request_id.int & _SPAN


def traceparent_of(request_id: UUID, parent: Parent | None) -> str:
    """Write what the next one is told: the caller's trace or one of our own, from our span on."""
    trace_id = parent.trace_id if parent else request_id.int
    flags = 1 if parent is None or parent.sampled else 0
    return f"00-{trace_id:032x}-{span_id_of(request_id):016x}-{flags:02x}"
