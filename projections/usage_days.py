"""Usage days: what a wallet's calls came to, by day of UTC, month, key, model and tags.

A call counts on the day of its hold; its charge with the tokens, its release and each of its
corrections on the day when they were booked, and in the month that they were booked in. All of
it counts for the model that answered: a call moves if that is not the one first held for.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import orjson
from psycopg import Connection

from domain.inference_request import CHARGED
from domain.usage import METERED
from projections.call_changes import Call
from projections.projection import Table, run

TABLE: Final = Table(
    "usage_days",
    ("wallet_id", "day", "period", "key_id", "model", "tags"),
    """
    CREATE TABLE {schema}.usage_days (
        wallet_id uuid NOT NULL,
        day date NOT NULL,
        period text NOT NULL,
        key_id uuid NOT NULL,
        model text NOT NULL,
        tags jsonb NOT NULL,
        calls bigint NOT NULL,
        charges bigint NOT NULL,
        releases bigint NOT NULL,
        amount bigint NOT NULL,
        corrected bigint NOT NULL,
        {metered_columns},
        position bigint NOT NULL,
        PRIMARY KEY (wallet_id, day, period, key_id, model, tags)
    ) WITH (fillfactor = 50)
    """,  # tags are few and short by the domain's rules, so a key may hold them
)

_NOTHING: Final = dict.fromkeys(
    ("calls", "charges", "releases", "amount", "corrected", *METERED, "position"),
    0,
)
_DATE: Final = len("2026-11-20")

Day = dict[str, Any]
Days = dict[tuple[str, ...], Day]


class Place(NamedTuple):
    """Where something of a call counts: for which model, when, and in which month."""

    model: str
    timestamp: str
    period: str
    position: int


def add(conn: Connection, schema: str, calls: Iterable[Call]) -> None:
    """Add what these calls have come to; each must know its wallet, key, model and tags."""
    run(conn, schema, _ADD, list(fold(calls).values()))


def fold(calls: Iterable[Call]) -> Days:
    """Sum calls up by day."""
    days: Days = {}
    for call in calls:
        if call.created_position is not None:
            _count(days, call, call.model, 1, call.created_position)
        if call.answered is not None:
            _count(days, call, call.model, -1, call.settled_position)
            _count(days, call, call.answered, 1, call.settled_position)
        if call.settled_position:
            _settle(days, call)
        for correction in call.corrections:
            place = Place(call.booked, correction.timestamp, correction.period, correction.position)
            _day(days, call, place)["corrected"] += correction.amount
    return days


def _count(days: Days, call: Call, model: str, calls: int, position: int) -> None:
    """Count the call on the day of its hold, or count it no more."""
    place = Place(model, call.created_at, call.hold_period, position)
    _day(days, call, place)["calls"] += calls


def _settle(days: Days, call: Call) -> None:
    assert call.ended_at is not None, "a charge and a release have a time"
    assert call.period is not None, "whoever adds a call knows its month"
    day = _day(days, call, Place(call.booked, call.ended_at, call.period, call.settled_position))
    if call.status != CHARGED:
        day["releases"] += 1
        return
    day["charges"] += 1
    day["amount"] += call.amount
    for component, tokens in (call.usage or {}).items():
        day[component] += tokens


def _day(days: Days, call: Call, place: Place) -> Day:
    date = place.timestamp[:_DATE]
    tags = _text(call.tags) if call.tags else ""
    key = (call.wallet_id, date, place.period, call.key_id, place.model, tags)
    day = days.get(key)
    if day is None:
        names = {
            "wallet_id": call.wallet_id,
            "day": date,
            "period": place.period,
            "key_id": call.key_id,
            "model": place.model,
            "tags": call.tags,
        }
        day = days[key] = {**names, **_NOTHING}
    day["position"] = max(day["position"], place.position)
    return day


def _text(tags: dict[str, str]) -> str:
    return orjson.dumps(tags, option=orjson.OPT_SORT_KEYS).decode()


_ADD = """
    INSERT INTO {schema}.usage_days AS old
    SELECT * FROM json_to_recordset(%s::json) AS new (
        wallet_id uuid, day date, period text, key_id uuid, model text, tags jsonb,
        calls bigint, charges bigint, releases bigint, amount bigint, corrected bigint,
        {metered_types}, position bigint
    )
    ON CONFLICT (wallet_id, day, period, key_id, model, tags) DO UPDATE
    SET calls = old.calls + excluded.calls,
        charges = old.charges + excluded.charges,
        releases = old.releases + excluded.releases,
        amount = old.amount + excluded.amount,
        corrected = old.corrected + excluded.corrected,
        {metered_added},
        position = greatest(old.position, excluded.position)
"""
