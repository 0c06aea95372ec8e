from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from domain.periods import (
    UnknownZoneError,
    bounds,
    month_of,
    next_month,
    parse_month,
    previous_month,
)

YEARS = (datetime(1999, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001  the strategy adds the zone
ZONES = ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu"]


def test_the_same_moment_is_in_different_months_of_different_zones() -> None:
    moment = datetime(2026, 10, 31, 20, tzinfo=UTC)

    assert [month_of(moment, zone) for zone in ZONES[:2]] == ["2026-10", "2026-11"]


@given(st.datetimes(*YEARS, timezones=st.just(UTC)), st.sampled_from(ZONES))
def test_a_moment_is_within_the_bounds_of_its_month(moment: datetime, zone: str) -> None:
    start, end = bounds(month_of(moment, zone), zone)

    assert start <= moment < end


@given(st.integers(2, 9998), st.integers(1, 12))
def test_months_follow_each_other_without_a_gap(year: int, month: int) -> None:
    period = f"{year:04d}-{month:02d}"

    assert previous_month(next_month(period)) == period
    assert period < next_month(period)
    assert bounds(period)[1] == bounds(next_month(period))[0]


def test_a_month_is_cut_by_the_clocks_of_its_zone() -> None:
    start, end = bounds("2026-03", "Europe/Berlin")

    assert (start.hour, end.hour) == (23, 22)
    assert end - start == timedelta(days=31, hours=-1)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "26-01", "2026-1", "2026-01-01", "", "0000-01", "٢٠٢٦-01"]
)
def test_only_a_month_is_a_month(text: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        parse_month(text)


def test_a_month_is_read_as_it_is_written() -> None:
    assert parse_month("2026-11") == "2026-11"


@pytest.mark.parametrize(
    "zone", ["Mars/Base", "", "../etc/passwd", "/etc/passwd", "Europe", "a\0b"]
)
def test_a_zone_that_nobody_knows_is_refused(zone: str) -> None:
    with pytest.raises(UnknownZoneError, match="no time zone"):
        month_of(datetime(2026, 1, 1, tzinfo=UTC), zone)
