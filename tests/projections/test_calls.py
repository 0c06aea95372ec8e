"""Calls and usage: whatever happens and however it is read, they are a plain fold of the facts."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from adapters.ledger.connection import GATEWAY_ROLE
from domain.inference_request import Charged, Corrected
from domain.usage import COUNTERS, METERED
from projections.calls import Calls
from projections.errors import LogError
from projections.events import Event
from projections.rebuild import rebuild
from projections.usage_figures import NAMES
from tests.projections.history import History, database, follow, installed, owner, rows
from tests.projections.months import Months
from tests.projections.plain_calls import COLUMNS, SUMS, calls_of, days_of

ONLY = [Calls()]
SHOWN = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def calls_in(url: str) -> list[Any]:
    query = f"SELECT {', '.join(COLUMNS)} FROM read.calls"  # noqa: S608  our own names
    return sorted(rows(url, query))


def days_in(url: str) -> dict[Any, Counter[str]]:
    key = "wallet_id, day, period, key_id, model, tags"
    query = f"SELECT {key}, {', '.join(SUMS)} FROM read.usage_days"  # noqa: S608  our own names
    return {
        (*row[:5], tuple(sorted(row[5].items()))): Counter(dict(zip(SUMS, row[6:], strict=True)))
        for row in rows(url, query)
    }


def check(history: History, url: str) -> None:
    assert calls_in(url) == calls_of(history)
    assert days_in(url) == days_of(history)


@given(
    seed=st.integers(0, 10**6),
    steps=st.lists(st.integers(1, 120), min_size=1, max_size=4),
    window=st.integers(1, 400),
)
@SHOWN
def test_they_are_a_plain_fold_of_any_history_in_batches_of_any_size(
    server_url: str, seed: int, steps: list[int], window: int
) -> None:
    history = Months(seed)
    with database(server_url) as url:
        for some in steps:
            history.live(some)
            history.store(url)
            follow(url, ONLY, window=window)
        check(history, url)
        (compared,) = rebuild(lambda: owner(url), GATEWAY_ROLE, ONLY)
        assert compared.different == 0


def test_tokens_by_component_are_those_of_the_events(database_url: str) -> None:
    history = Months(5)
    history.live(1_000)
    history.store(database_url)
    follow(database_url, ONLY)

    told: Counter[str] = Counter()
    for fact in history.facts(Charged):
        told.update(fact.usage)
    in_calls = rows(
        database_url,
        "SELECT key, sum(value::bigint)::bigint"
        " FROM read.calls, jsonb_each_text(usage) GROUP BY key",
    )
    sums = ", ".join(f"sum({name})::bigint" for name in METERED)
    (in_days,) = rows(
        database_url,
        f"SELECT {sums} FROM read.usage_days",  # noqa: S608  our own names
    )
    (in_totals,) = rows(
        database_url, "SELECT sum(input_tokens + output_tokens)::bigint FROM read.calls"
    )

    assert told == Counter(dict(in_calls))
    assert told == Counter(dict(zip(METERED, in_days, strict=True)))
    assert in_totals == (told.total() - sum(told[name] for name in COUNTERS),)
    assert len(told) == 5


def test_a_usage_day_has_a_column_for_every_component(database_url: str) -> None:
    follow(database_url, ONLY)

    columns = rows(
        database_url,
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'usage_days'",
    )
    assert {name for (name,) in columns} >= set(METERED)
    assert {"input", "web_search"} <= set(METERED) <= set(NAMES)


def test_a_charge_long_after_its_call_was_given_up_is_booked_when_it_came(
    database_url: str,
) -> None:
    history = Months(1, customers=1)
    held = history.reserve(10, 20)
    history.tick(days=1)
    history.sweep(held)
    history.store(database_url)
    follow(database_url, ONLY)
    ((status, ended_at),) = rows(database_url, "SELECT status, ended_at FROM read.calls")
    assert (status, ended_at) == ("unknown", history.now)

    history.tick(days=30)
    history.close_all()
    history.charge(held, {"input": 10})
    history.store(database_url)
    follow(database_url, ONLY)

    check(history, database_url)
    ((status, amount, period),) = rows(
        database_url, "SELECT status, amount, period FROM read.calls"
    )
    assert (status, amount, period) == ("charged", 10, "2026-12")
    booked = rows(database_url, "SELECT day::text, calls, charges FROM read.usage_days ORDER BY 1")
    assert booked == [("2026-11-20", 1, 0), ("2026-12-21", 0, 1)]


def test_a_correction_in_a_later_month_counts_then_and_not_before(database_url: str) -> None:
    history = Months(1, customers=1)
    held = history.reserve(10, 20)
    history.charge(held, {"input": 10, "output": 5})
    history.store(database_url)
    follow(database_url, ONLY)
    history.tick(days=20)
    for amount in (7, -2):
        history.correct(held, amount)
        history.store(database_url)
        follow(database_url, ONLY)

    check(history, database_url)
    assert rows(database_url, "SELECT amount, corrected, total FROM read.calls") == [(20, 5, 15)]
    found = rows(
        database_url, "SELECT day::text, period, amount, corrected FROM read.usage_days ORDER BY 1"
    )
    assert found == [("2026-11-20", "2026-11", 20, 0), ("2026-12-10", "2026-12", 0, 5)]
    assert len(history.facts(Corrected)) == 2


def test_a_call_over_midnight_counts_on_one_day_and_its_charge_on_the_next(
    database_url: str,
) -> None:
    history = Months(1, customers=1)
    history.tick(hours=11, minutes=55)
    held = history.reserve(10, 20)
    history.tick(minutes=6)
    history.charge(held, {"input": 1})
    history.store(database_url)

    follow(database_url, ONLY)

    booked = rows(database_url, "SELECT day::text, calls, charges FROM read.usage_days ORDER BY 1")
    assert booked == [("2026-11-20", 1, 0), ("2026-11-21", 0, 1)]
    check(history, database_url)


def test_what_changes_a_call_that_was_never_held_cannot_be_taken(database_url: str) -> None:
    late = Event(
        9, Corrected.TOPIC, "0" * 32, {"timestamp": "2026-11-20", "amount": 1, "period": "2026-11"}
    )

    with installed(database_url, ONLY) as conn, pytest.raises(LogError) as caught:
        Calls().project(conn, "read", [late])

    assert caught.value.position == 9


def test_a_hold_of_ten_minutes_is_open_until_it_ends(database_url: str) -> None:
    history = Months(1, customers=1)
    held = history.reserve(10, 20, hold_for=timedelta(minutes=10))
    history.store(database_url)
    follow(database_url, ONLY)
    assert rows(database_url, "SELECT status FROM read.calls") == [("reserved",)]

    history.release(held)
    history.store(database_url)
    follow(database_url, ONLY)

    assert rows(database_url, "SELECT status, reason FROM read.calls") == [
        ("released", "upstream_error")
    ]
