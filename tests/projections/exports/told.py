"""What a history tells, as exports read it: events, and what is written of them."""

import csv
import io
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import orjson
import pyarrow.parquet as pq

from adapters.ledger.event_codec import encode
from domain import inference_request as call
from projections.events import WINDOW, Event, event_of
from projections.exports.journal.entries import Balance, Entry
from projections.exports.journal.journal import HOLDS, TOPICS, Journal
from projections.exports.reading import one_moment
from projections.exports.selection import Selection, Task
from projections.exports.sheets import CSV, NDJSON
from projections.exports.sidecar import Control
from projections.upkeep import silent
from tests.projections.history import owner


def events_of(facts: Iterable[Any]) -> list[Event]:
    """Give facts as events at the positions that a fresh log would have."""
    stored = (encode(fact) for fact in facts)
    return [
        event_of(position, event.topic, event.originator_id.hex, event.state)
        for position, event in enumerate(stored, 1)
    ]


def requests_of(events: Iterable[Event]) -> dict[str, Any]:
    """Give how every call began."""
    return {e.originator_id: e.fields for e in events if e.topic == call.Reserved.TOPIC}


def entries_of(facts: Iterable[Any], month: str | None = None) -> list[Entry | Balance]:
    """Give the whole journal."""
    events, journal = events_of(facts), Journal(month, holds=True)
    booked = [e for e in events if e.topic in TOPICS | HOLDS]
    return [*journal.take(booked, requests_of(events)), *journal.finish()]


def written(
    url: str, write: Any, form: str, window: int = WINDOW, **selection: str
) -> tuple[bytes, Control]:
    """Run an export of the log and give its bytes, and what it came to."""
    out = io.BytesIO()
    with one_moment(partial(owner, url)) as (conn, end):
        control = write(Task(conn, end, out, form, Selection(**selection), silent, window))
    return out.getvalue(), control


def rows_in(text: bytes, form: str) -> list[dict[str, Any]]:
    """Read a table back: every value as text, as its format writes it, an empty one as None."""
    if form == CSV:
        return [_filled(row) for row in csv.DictReader(io.StringIO(text.decode(), newline=""))]
    if form == NDJSON:
        return [orjson.loads(line) for line in text.splitlines()]
    table: Iterator[dict[str, Any]] = iter(pq.read_table(io.BytesIO(text)).to_pylist())
    return list(table)


def _filled(row: dict[str, str]) -> dict[str, str | None]:
    return {name: value or None for name, value in row.items()}
