"""Usage days: what a wallet's calls came to, by day of UTC, month, key, model and tags.

A call counts on the day of its hold; its charge with the tokens, its release and each of its
corrections on the day when they were booked, and in the month that they were booked in.
"""

from collections.abc import Iterable
from typing import Any, Final

import orjson
from psycopg import Connection

from domain.inference_request import CHARGED
from domain.usage import TOKEN_COMPONENTS
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
        input bigint NOT NULL,
        cached_input bigint NOT NULL,
        cache_write bigint NOT NULL,
        cache_write_5m bigint NOT NULL,
        cache_write_1h bigint NOT NULL,
        audio_input bigint NOT NULL,
        image_input bigint NOT NULL,
        output bigint NOT NULL,
        reasoning bigint NOT NULL,
        audio_output bigint NOT NULL,
        image_output bigint NOT NULL,
        position bigint NOT NULL,
        PRIMARY KEY (wallet_id, day, period, key_id, model, tags)
    ) WITH (fillfactor = 50)
    """,  # tags are few and short by the domain's rules, so a key may hold them
)

_NOTHING: Final = dict.fromkeys(
    ("calls", "charges", "releases", "amount", "corrected", *sorted(TOKEN_COMPONENTS), "position"),
    0,
)
_DATE: Final = len("2026-11-20")

Day = dict[str, Any]
Days = dict[tuple[str, ...], Day]


def add(conn: Connection, schema: str, calls: Iterable[Call]) -> None:
    """Add what these calls have come to; each must know its wallet, key, model and tags."""
    run(conn, schema, _ADD, list(fold(calls).values()))


def fold(calls: Iterable[Call]) -> Days:
    """Sum calls up by day."""
    days: Days = {}
    for call in calls:
        if call.created_position is not None:
            day = _day(days, call, call.created_at, call.hold_period, call.created_position)
            day["calls"] += 1
        if call.settled_position:
            _settle(days, call)
        for correction in call.corrections:
            day = _day(days, call, correction.timestamp, correction.period, correction.position)
            day["corrected"] += correction.amount
    return days


def _settle(days: Days, call: Call) -> None:
    assert call.ended_at is not None, "a charge and a release have a time"
    assert call.period is not None, "whoever adds a call knows its month"
    day = _day(days, call, call.ended_at, call.period, call.settled_position)
    if call.status != CHARGED:
        day["releases"] += 1
        return
    day["charges"] += 1
    day["amount"] += call.amount
    for component, tokens in (call.usage or {}).items():
        day[component] += tokens


def _day(days: Days, call: Call, timestamp: str, period: str, position: int) -> Day:
    date = timestamp[:_DATE]
    tags = _text(call.tags) if call.tags else ""
    key = (call.wallet_id, date, period, call.key_id, call.model, tags)
    day = days.get(key)
    if day is None:
        names = {
            "wallet_id": call.wallet_id,
            "day": date,
            "period": period,
            "key_id": call.key_id,
            "model": call.model,
            "tags": call.tags,
        }
        day = days[key] = {**names, **_NOTHING}
    day["position"] = max(day["position"], position)
    return day


def _text(tags: dict[str, str]) -> str:
    return orjson.dumps(tags, option=orjson.OPT_SORT_KEYS).decode()


_ADD = """
    INSERT INTO {schema}.usage_days AS old
    SELECT * FROM json_to_recordset(%s::json) AS new (
        wallet_id uuid, day date, period text, key_id uuid, model text, tags jsonb,
        calls bigint, charges bigint, releases bigint, amount bigint, corrected bigint,
        input bigint, cached_input bigint, cache_write bigint, cache_write_5m bigint,
        cache_write_1h bigint, audio_input bigint, image_input bigint, output bigint,
        reasoning bigint, audio_output bigint, image_output bigint, position bigint
    )
    ON CONFLICT (wallet_id, day, period, key_id, model, tags) DO UPDATE
    SET calls = old.calls + excluded.calls,
        charges = old.charges + excluded.charges,
        releases = old.releases + excluded.releases,
        amount = old.amount + excluded.amount,
        corrected = old.corrected + excluded.corrected,
        input = old.input + excluded.input,
        cached_input = old.cached_input + excluded.cached_input,
        cache_write = old.cache_write + excluded.cache_write,
        cache_write_5m = old.cache_write_5m + excluded.cache_write_5m,
        cache_write_1h = old.cache_write_1h + excluded.cache_write_1h,
        audio_input = old.audio_input + excluded.audio_input,
        image_input = old.image_input + excluded.image_input,
        output = old.output + excluded.output,
        reasoning = old.reasoning + excluded.reasoning,
        audio_output = old.audio_output + excluded.audio_output,
        image_output = old.image_output + excluded.image_output,
        position = greatest(old.position, excluded.position)
"""
