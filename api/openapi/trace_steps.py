"""The steps of a call as they are shown: those its worker timed, or what the ledger's times say."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

import orjson

from adapters.traces.store import StoredTrace
from domain.call_steps import ATTEMPT, CHARGE, RELAY, RELEASE, RESERVE, SEND
from domain.inference_request import CHARGED, RELEASED
from projections.read_calls import CallRow

Step = dict[str, Any]

FIRST_BYTE, LAST_BYTE, PROJECTION, EXPIRE = "first_byte", "last_byte", "projection", "expire"
_ENDS: Final = {CHARGED: CHARGE, RELEASED: RELEASE}
_MICROSECOND: Final = timedelta(microseconds=1)
_NANOS: Final = 1_000
"""In a microsecond."""


def milliseconds(microseconds: int | None) -> float | None:
    """Show a time with all its digits."""
    return None if microseconds is None else microseconds / 1_000


class Timing(NamedTuple):
    """A call as its worker timed it; `steps` are in order."""

    first_byte_ms: float | None
    last_byte_ms: float | None
    steps: list[Step]


def timing_of(trace: StoredTrace, row: CallRow | None, projected_at: datetime | None) -> Timing:
    """Work out what the worker timed, and when the read models had the call's end."""
    begun, outcomes = orjson.loads(trace.steps)
    offsets = _offsets(begun)
    steps = list(_timed(offsets, outcomes))
    began = dict(offsets)
    first = began.get(RELAY)
    last = offsets[-1][1] if SEND in began else None
    points = {FIRST_BYTE: first, LAST_BYTE: last}
    steps += [_step(name, at, 0) for name, at in points.items() if at is not None]
    if row is not None and row.ended_at is not None and projected_at is not None:
        ends = [end for (name, _), (_, end) in pairwise(offsets) if name in {CHARGE, RELEASE}]
        steps += [_projection(end, row.ended_at, projected_at) for end in ends]
    steps.sort(key=lambda step: step["start_ms"])
    return Timing(milliseconds(first), milliseconds(last), steps)


def steps_of_facts(row: CallRow, projected_at: datetime | None) -> list[Step]:
    """Show when the ledger took the hold and how it ended, by the ledger's clock."""
    steps = [_step(RESERVE, 0, None)]
    if row.ended_at is not None:
        end = (row.ended_at - row.created_at) // _MICROSECOND
        steps.append(_step(_ENDS.get(row.status, EXPIRE), end, None))
        if projected_at is not None:
            steps.append(_projection(end, row.ended_at, projected_at))
    return steps


def _offsets(begun: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Give the microseconds from the call's beginning to each step's, the end's included."""
    start = begun[0][1]
    return [(name, (at - start) // _NANOS) for name, at in begun]


def _timed(offsets: Sequence[tuple[str, int]], outcomes: Sequence[str]) -> Iterator[Step]:
    """Show the steps, of which each lasts until the next one; attempts are numbered."""
    told = enumerate(outcomes, 1)
    for (name, at), (_, end) in pairwise(offsets):
        step = _step(name, at, end - at)
        if name == ATTEMPT:
            step["attempt"], step["outcome"] = next(told)
        yield step


def _projection(start: int, ended_at: datetime, projected_at: datetime) -> Step:
    return _step(PROJECTION, start, max(0, (projected_at - ended_at) // _MICROSECOND))


def _step(name: str, start: int, duration: int | None) -> Step:
    return {
        "step": name,
        "start_ms": milliseconds(start),
        "duration_ms": milliseconds(duration),
    }
