"""How calls went, read from the tables, is what a plain fold of the same calls comes to."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.ledger.connection import connect
from projections import read_observation
from projections.read_observation import (
    OUTCOMES,
    Health,
    Observed,
    TooManyGroupsError,
    health,
    projected_at,
)
from tests.projections.history import database, installed
from tests.projections.looking import ask
from tests.projections.observed import KEYS, NOON, OTHER, WALLET, Fate, make_fates, store_fates

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
Place = Callable[[Fate], Any]
PLACES: dict[str | None, Place] = {
    None: lambda fate: None,
    "model": lambda fate: fate.model,
    "api_key": lambda fate: fate.key_id,
    "hour": lambda fate: fate.at.replace(minute=0),
    "day": lambda fate: fate.at.replace(hour=0, minute=0),
}
WHOLE = Observed(WALLET, NOON - 9 * DAY, NOON + DAY)
SELECTIONS = (
    WHOLE,
    Observed(WALLET, NOON - 2 * DAY, NOON - HOUR),
    Observed(WALLET, NOON - 9 * DAY, NOON + DAY, model="small"),
    Observed(WALLET, NOON - 9 * DAY, NOON + DAY, key_id=KEYS[1]),
    Observed(OTHER, NOON - 9 * DAY, NOON + DAY, "large", KEYS[0]),
    Observed(UUID(int=77 << 16), NOON - 9 * DAY, NOON + DAY),
)


@pytest.fixture(scope="module")
def shown(server_url: str) -> Iterator[tuple[str, list[Fate]]]:
    fates = make_fates(7, 500)
    with database(server_url) as url:
        with installed(url):
            pass
        store_fates(url, fates)
        yield url, fates


def selected(fates: list[Fate], observed: Observed) -> list[Fate]:
    return [
        fate
        for fate in fates
        if fate.wallet_id == observed.wallet_id
        and observed.since <= fate.at < observed.until
        and observed.model in (None, fate.model)
        and observed.key_id in (None, fate.key_id)
    ]


def plain(group: Any, fates: Sequence[Fate]) -> Health:
    """The same figures without a database."""
    timed = [f for f in fates if f.outcome in {"ok", "partial"} and f.milliseconds is not None]
    busy = sum(f.milliseconds or 0 for f in fates if f.output_tokens)
    out = sum(f.output_tokens for f in fates)
    rate = (Decimal(out) * 1000 / busy).quantize(Decimal("0.01"), "ROUND_HALF_UP") if busy else None
    return Health(
        group,
        dict(Counter(f.outcome for f in fates)),
        dict(Counter(f.code for f in fates if f.code)),
        percentiles([f.first_byte_ms for f in fates if f.first_byte_ms is not None]),
        percentiles([f.milliseconds for f in timed if f.milliseconds is not None]),
        sum(f.input_tokens for f in fates),
        out,
        None if rate is None else str(rate),
        sum(f.total for f in fates),
    )


def percentiles(values: list[int]) -> list[int] | None:
    """Exactly, interpolated between the neighbours."""
    if not values:
        return None
    values.sort()
    return [round(interpolated(values, Fraction(p, 100))) for p in (50, 90, 95, 99)]


def interpolated(values: list[int], part: Fraction) -> Fraction:
    place = part * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


@pytest.mark.parametrize("dimension", PLACES, ids=str)
@pytest.mark.parametrize("observed", SELECTIONS, ids=range(len(SELECTIONS)))
def test_the_figures_are_those_of_the_calls(
    shown: tuple[str, list[Fate]], observed: Observed, dimension: str | None
) -> None:
    url, fates = shown
    groups = defaultdict[Any, list[Fate]](list)
    for fate in selected(fates, observed):
        groups[PLACES[dimension](fate)].append(fate)
    ordered = sorted(groups, key=lambda group: (group is None, group))

    found = ask(url, lambda conn: health(conn, observed, dimension))

    assert found == [plain(group, groups[group]) for group in ordered]


def test_calls_of_every_fate_are_among_them(shown: tuple[str, list[Fate]]) -> None:
    url, _ = shown

    (found,) = ask(url, lambda conn: health(conn, WHOLE))

    assert set(found.counts) == set(OUTCOMES)
    assert set(found.errors) == {
        "upstream_error", "upstream_timeout", "outcome_unknown",
        "insufficient_balance", "model_not_found",
    }  # fmt: skip


def test_more_groups_than_are_given_are_refused(shown: tuple[str, list[Fate]]) -> None:
    url, _ = shown

    assert len(ask(url, lambda conn: health(conn, WHOLE, "model", most=3))) == 3
    with pytest.raises(TooManyGroupsError):
        ask(url, lambda conn: health(conn, WHOLE, "model", most=2))


def test_a_call_was_projected_when_its_end_had_been_reached(
    shown: tuple[str, list[Fate]],
) -> None:
    url, _ = shown
    one, open_one, early = (UUID(int=n << 16) for n in range(11, 14))
    with psycopg.connect(url) as conn:
        for request_id, version, topic in (
            (early, 1, "charged.3"),  # before any mark
            (open_one, 1, "reserved.3"),
            (one, 1, "reserved.3"),
            (one, 2, "charged.3"),
            (one, 3, "corrected.2"),
        ):
            conn.execute(
                "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
                " VALUES (%s, %s, %s, '{}')",
                (request_id, version, f"inference_request.{topic}"),
            )
        rows = conn.execute(
            "SELECT position FROM ledger_events WHERE originator_id = ANY(%s) ORDER BY position",
            ([one, early],),
        ).fetchall()
        first, reserved, charged, corrected = (position for (position,) in rows)
        marks = {first + 1: 0, reserved: 1, charged: 2, corrected: 3}
        for position, minutes in marks.items():
            at = NOON + timedelta(minutes=minutes)
            conn.execute("INSERT INTO read_model_marks VALUES (%s, %s)", (position, at))

    assert ask(url, lambda conn: projected_at(conn, one)) == NOON + timedelta(minutes=2)
    assert ask(url, lambda conn: projected_at(conn, open_one)) is None
    assert ask(url, lambda conn: projected_at(conn, early)) is None


def test_when_an_old_call_was_projected_is_found_without_all_marks_since(
    shown: tuple[str, list[Fate]],
) -> None:
    url, _ = shown
    request_id = UUID(int=14 << 16)
    with psycopg.connect(url) as conn:
        conn.execute(
            "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
            " VALUES (%s, 1, 'inference_request.charged.3', '{}')",
            (request_id,),
        )
        last = "(SELECT max(position) FROM ledger_events)"
        marks = f"SELECT {last} + n FROM generate_series(-1, 20000) AS n"  # noqa: S608  ours
        conn.execute(
            f"INSERT INTO read_model_marks (position) {marks} ON CONFLICT DO NOTHING".encode()
        )
        conn.execute("ANALYZE read_model_marks")
    with connect(url) as conn:
        plan = "EXPLAIN (ANALYZE, FORMAT JSON) " + read_observation._PROJECTED
        (found,) = conn.execute(plan.encode(), (request_id,)).fetchone() or ()

    looked_at = [
        node["Actual Rows"] * node["Actual Loops"]
        for node in nodes(found[0]["Plan"])
        if node.get("Relation Name") == "read_model_marks"
    ]
    assert looked_at
    assert max(looked_at) <= 1


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)
