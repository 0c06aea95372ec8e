"""Circuit breakers: closed, open, half open, with a clock that is told."""

import pytest

from domain.breakers import OPEN_MAX_MS, TRIAL_MS, Breakers, Standing
from domain.catalog import CHAT, Model, Route

ROUTE = Route("one", "a")
MODEL = Model("m", CHAT, 1_000, 100, (ROUTE,))
OTHER = Model("other", CHAT, 1_000, 100, (ROUTE,))


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breakers(clock: Clock) -> Breakers:
    return Breakers(clock)


def standing(breakers: Breakers) -> Standing:
    return breakers.standing(MODEL, ROUTE)


def test_a_route_that_never_failed_is_closed(breakers: Breakers) -> None:
    breakers.begin(MODEL, ROUTE)
    breakers.abandoned(MODEL, ROUTE)

    assert standing(breakers) is Standing.CLOSED


def test_a_failure_opens_the_breaker_for_as_long_as_was_asked(
    breakers: Breakers, clock: Clock
) -> None:
    breakers.failed(MODEL, ROUTE, 7)

    assert standing(breakers) is Standing.OPEN
    clock.now += 6_999
    assert standing(breakers) is Standing.OPEN
    clock.now += 1
    assert standing(breakers) is Standing.HALF_OPEN


def test_a_breaker_belongs_to_the_models_route_alone(breakers: Breakers) -> None:
    breakers.failed(OTHER, ROUTE, 5)

    assert standing(breakers) is Standing.CLOSED


def test_half_open_lets_one_call_try_at_a_time(breakers: Breakers, clock: Clock) -> None:
    breakers.failed(MODEL, ROUTE, 5)
    clock.now += 5_000

    breakers.begin(MODEL, ROUTE)

    assert standing(breakers) is Standing.OPEN
    breakers.begin(MODEL, ROUTE)
    clock.now += TRIAL_MS - 1
    assert standing(breakers) is Standing.OPEN


def test_a_trial_that_works_closes_the_breaker(breakers: Breakers, clock: Clock) -> None:
    breakers.failed(MODEL, ROUTE, 5)
    clock.now += 5_000
    breakers.begin(MODEL, ROUTE)

    breakers.succeeded(MODEL, ROUTE, 40)

    assert standing(breakers) is Standing.CLOSED


def test_each_trial_that_fails_doubles_the_time_up_to_a_minute(
    breakers: Breakers, clock: Clock
) -> None:
    breakers.failed(MODEL, ROUTE, 5)
    waits: list[int] = []
    for wait in (5, 10, 20, 40, 60):
        clock.now += 1000 * wait
        assert standing(breakers) is Standing.HALF_OPEN
        trial = breakers.begin(MODEL, ROUTE)
        breakers.failed(MODEL, ROUTE, 5, trial=trial)
        began = clock.now
        while standing(breakers) is Standing.OPEN:
            clock.now += 1_000
        waits.append(clock.now - began)
        clock.now = began

    assert waits == [10_000, 20_000, 40_000, OPEN_MAX_MS, OPEN_MAX_MS]


def test_a_longer_retry_after_is_honoured_by_a_failed_trial(
    breakers: Breakers, clock: Clock
) -> None:
    breakers.failed(MODEL, ROUTE, 1)
    clock.now += 1_000
    trial = breakers.begin(MODEL, ROUTE)

    breakers.failed(MODEL, ROUTE, 30, trial=trial)

    clock.now += 29_999
    assert standing(breakers) is Standing.OPEN
    clock.now += 1
    assert standing(breakers) is Standing.HALF_OPEN


def test_calls_that_were_under_way_do_not_lengthen_the_time_but_never_shorten_it(
    breakers: Breakers, clock: Clock
) -> None:
    breakers.failed(MODEL, ROUTE, 20)
    for _ in range(100):
        breakers.failed(MODEL, ROUTE, 5)

    clock.now += 19_999
    assert standing(breakers) is Standing.OPEN
    clock.now += 1
    assert standing(breakers) is Standing.HALF_OPEN


def test_a_trial_that_shows_nothing_is_given_to_the_next_call(
    breakers: Breakers, clock: Clock
) -> None:
    breakers.failed(MODEL, ROUTE, 5)
    clock.now += 5_000
    trial = breakers.begin(MODEL, ROUTE)

    breakers.abandoned(MODEL, ROUTE, trial=trial)

    assert standing(breakers) is Standing.HALF_OPEN


def test_only_the_call_that_is_the_trial_can_give_it_away_or_fail_it(
    breakers: Breakers, clock: Clock
) -> None:
    other = breakers.begin(MODEL, ROUTE)
    breakers.failed(MODEL, ROUTE, 5)
    clock.now += 5_000
    trial = breakers.begin(MODEL, ROUTE)
    late = breakers.begin(MODEL, ROUTE)
    assert (other, trial, late) == (False, True, False)

    breakers.abandoned(MODEL, ROUTE, trial=other)
    assert standing(breakers) is Standing.OPEN
    breakers.failed(MODEL, ROUTE, 1, trial=late)
    clock.now += 1_000
    assert standing(breakers) is Standing.OPEN, "the trial is still under way"
    breakers.failed(MODEL, ROUTE, 1, trial=trial)

    clock.now += 9_999
    assert standing(breakers) is Standing.OPEN
    clock.now += 1
    assert standing(breakers) is Standing.HALF_OPEN


def test_a_trial_that_is_never_heard_of_again_is_over_after_a_while(
    breakers: Breakers, clock: Clock
) -> None:
    breakers.failed(MODEL, ROUTE, 5)
    clock.now += 5_000
    breakers.begin(MODEL, ROUTE)

    clock.now += TRIAL_MS

    assert standing(breakers) is Standing.HALF_OPEN


def test_how_fast_a_route_is_follows_what_it_did_lately(breakers: Breakers) -> None:
    assert breakers.latency(MODEL, ROUTE) is None

    breakers.succeeded(MODEL, ROUTE, 100)
    assert breakers.latency(MODEL, ROUTE) == 100
    breakers.succeeded(MODEL, ROUTE, 500)
    assert breakers.latency(MODEL, ROUTE) == 200
    assert breakers.latency(OTHER, ROUTE) is None
