"""The header that says which trace a call is part of, as W3C Trace Context has it."""

from uuid import UUID

import pytest

from adapters.traces.traceparent import Parent, parse_traceparent, traceparent_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
REQUEST = UUID("019afe4c-bb0f-7c3f-8f0a-d2f9e4ab0000")


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f" 00-{TRACE}-{SPAN}-03 ", True),
        (f"01-{TRACE}-{SPAN}-01-what-comes-later", True),
    ],
)
def test_a_valid_one_is_read(header: str, sampled: bool) -> None:
    parent = parse_traceparent(header.encode())

    assert parent == Parent(int(TRACE, 16), int(SPAN, 16), sampled)


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        f"ff-{TRACE}-{SPAN}-01".encode(),
        f"00-{TRACE}-{SPAN}-01-more".encode(),
        f"00-{TRACE.upper()}-{SPAN}-01".encode(),
        f"00-{'0' * 32}-{SPAN}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"00-{TRACE}-{SPAN}-1".encode(),
        f"00-{TRACE}-{SPAN}".encode(),
        b"\xff" * 60,
    ],
)
def test_an_invalid_one_is_none(header: bytes | None) -> None:
    assert parse_traceparent(header) is None


@pytest.mark.parametrize("sampled", [True, False])
def test_the_next_one_is_told_the_same_trace_and_our_span(sampled: bool) -> None:
    parent = Parent(int(TRACE, 16), int(SPAN, 16), sampled)

    told = traceparent_of(REQUEST, parent)

    assert told == f"00-{TRACE}-8f0ad2f9e4ab0000-{'01' if sampled else '00'}"
    assert parse_traceparent(told.encode()) == Parent(parent.trace_id, 0x8F0AD2F9E4AB0000, sampled)


def test_without_a_trace_of_the_callers_it_is_ours() -> None:
    assert traceparent_of(REQUEST, None) == f"00-{REQUEST.hex}-8f0ad2f9e4ab0000-01"
