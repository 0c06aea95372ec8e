"""The arithmetic of a bucket: a limit at once, then evenly, and corrected without losing count."""

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from adapters.rate_limits.bucket import NEVER_MS, Bucket, Taking, correct, level, take

NOW = 1_795_000_000_000
BUCKET = Bucket(UUID(int=1), "tokens")


def of(amount: int, limit: int = 60) -> Taking:
    return Taking(BUCKET, limit, amount)


def spent(amount: int, limit: int = 60) -> int:
    """The state of a new bucket after this was taken."""
    state, wait = take(0, of(amount, limit), NOW)
    assert wait is None
    return state


def test_a_whole_limit_may_be_taken_at_once_and_nothing_more() -> None:
    state = spent(60)

    assert take(state, of(1), NOW) == (state, 1_000)
    assert level(state, of(0), NOW)[1:] == (60, 0, 60_000, NOW + 60_000)


def test_what_was_taken_comes_back_evenly() -> None:
    state = spent(60)

    assert level(state, of(0), NOW + 30_000).remaining == 30
    assert take(state, of(30), NOW + 30_000)[1] is None
    assert take(state, of(31), NOW + 30_000)[1] == 1_000


def test_a_bucket_that_nobody_used_holds_no_more_than_its_limit() -> None:
    state = spent(1)

    assert level(state, of(0), NOW + 3_600_000)[1:4] == (60, 60, 0)
    assert take(state, of(61), NOW + 3_600_000)[1] == NEVER_MS


def test_what_is_beyond_the_limit_alone_never_fits() -> None:
    assert take(0, of(61), NOW) == (0, NEVER_MS)


@pytest.mark.parametrize("limit", [1, 7, 60, 1_000, 999_983, 30_000_000])
def test_every_limit_admits_exactly_itself_at_once(limit: int) -> None:
    state = spent(limit, limit)

    assert take(state, of(1, limit), NOW)[1] is not None
    assert level(state, of(0, limit), NOW).remaining == 0


@given(first=st.integers(1, 500), real=st.integers(0, 500))
def test_a_correction_leaves_what_the_real_amount_would_have_left(first: int, real: int) -> None:
    limit = 1_000
    state = correct(spent(first, limit), of(real - first, limit), NOW)

    assert level(state, of(0, limit), NOW).remaining == limit - real


def test_what_was_given_back_late_gives_nothing_that_was_not_there() -> None:
    later = NOW + 120_000
    state = correct(spent(60), of(-60), later)

    assert level(state, of(0), later).remaining == 60
    assert take(state, of(61), later)[1] == NEVER_MS


def test_a_call_that_came_to_much_more_blocks_for_about_a_minute() -> None:
    state = correct(spent(1), of(1_000_000), NOW)

    assert level(state, of(0), NOW).remaining == 0
    assert take(state, of(1), NOW)[1] == 61_000


def test_a_late_charge_counts_from_now() -> None:
    later = NOW + 600_000
    state = correct(spent(1), of(20), later)

    assert level(state, of(0), later).remaining == 40
