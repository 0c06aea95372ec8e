"""The ledger's clock: never backwards, and a leap expires nothing until it is confirmed."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.ledger import sql
from adapters.ledger.clock import LEAP_MAX, LedgerClock
from domain.errors import HoldsInFlightError
from domain.moment import Moment
from domain.sweep import SweepWallet
from tests.adapters.ledger.database import topics_of
from tests.adapters.ledger.till import HELD, HOLD_FOR, Till, opened, run

T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


class Watch:
    """A ledger's clock, and our own time in seconds."""

    def __init__(self) -> None:
        self.here = 100.0
        self.clock = LedgerClock(lambda: self.here)

    def read(self, after: timedelta, database: timedelta, last: timedelta | None = None) -> Moment:
        """Read the database's clock when `after` has passed here; times are after T0."""
        self.here = 100.0 + after.total_seconds()
        return self.clock.moment(T0 + database, None if last is None else T0 + last)


def moment(now: timedelta, horizon: timedelta) -> Moment:
    return Moment(T0 + now, T0 + horizon)


def test_a_clock_in_step_is_believed() -> None:
    watch = Watch()

    read = [watch.read(n * SECOND, n * SECOND) for n in range(3)]

    assert read == [moment(n * SECOND, n * SECOND) for n in range(3)]
    assert not watch.clock.leapt


def test_time_is_never_below_the_logs_last() -> None:
    read = Watch().read(SECOND, database=-HOUR, last=timedelta())

    assert read.now == T0


def test_time_is_never_below_our_own_last() -> None:
    watch = Watch()
    watch.read(timedelta(), database=HOUR)

    assert watch.read(SECOND, database=timedelta()).now == T0 + HOUR
    assert watch.read(SECOND, database=timedelta(), last=timedelta()).now == T0 + HOUR


def test_what_the_clock_gains_within_the_limit_is_believed() -> None:
    watch = Watch()
    watch.read(timedelta(), database=timedelta())

    read = watch.read(SECOND, database=LEAP_MAX + SECOND)

    assert read.horizon == T0 + LEAP_MAX + SECOND
    assert not watch.clock.leapt


def test_after_a_leap_deadlines_follow_our_own_time() -> None:
    watch = Watch()
    watch.read(timedelta(), database=timedelta())

    read = [watch.read(n * SECOND, HOUR + n * SECOND) for n in (1, 2, 600)]

    assert read == [moment(HOUR + n * SECOND, n * SECOND) for n in (1, 2, 600)]
    assert watch.clock.leapt


def test_small_gains_one_after_the_other_are_a_leap_only_if_made_at_once() -> None:
    watch, gain = Watch(), timedelta(minutes=9)

    read = [watch.read(n * SECOND, n * (gain + SECOND)) for n in range(4)]

    assert read[-1].horizon == T0 + 3 * (gain + SECOND)


def test_back_in_step_deadlines_are_due_again_but_none_before_its_time() -> None:
    watch = Watch()
    watch.read(timedelta(), database=timedelta())
    watch.read(SECOND, database=HOUR)

    back = watch.read(2 * SECOND, database=2 * SECOND, last=HOUR)
    later = watch.read(2 * HOUR, database=2 * HOUR, last=HOUR)

    assert not watch.clock.leapt
    assert back == moment(HOUR, 2 * SECOND)
    assert later == moment(2 * HOUR, 2 * HOUR)


def test_what_another_ledger_wrote_in_a_leap_makes_nothing_due() -> None:
    watch = Watch()
    watch.read(timedelta(), database=timedelta())

    read = watch.read(SECOND, database=SECOND, last=HOUR)

    assert read == moment(HOUR, SECOND)


def test_a_leap_is_said_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    for after in range(3):
        watch.read(after * SECOND, database=after * SECOND)
    for after in range(3, 6):
        watch.read(after * SECOND, database=HOUR)
    for after in range(6, 9):
        watch.read(after * SECOND, database=after * SECOND)

    assert caplog.messages == ["clock leapt", "clock leapt"]


def leap(monkeypatch: pytest.MonkeyPatch, true_clock: str, ahead: timedelta) -> None:
    seconds = f"clock_timestamp() + interval '{ahead.total_seconds()} seconds'"
    monkeypatch.setattr(sql, "CLOCK", true_clock.replace("clock_timestamp()", seconds))


def test_no_hold_expires_because_the_databases_clock_leapt(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_clock = sql.CLOCK

    async def story() -> None:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger, funds=HELD)
            call = till.call(hold_for=HOLD_FOR)
            await ledger.execute(call)
            sweep = SweepWallet(till.who.wallet_id, (till.who.key_id,), (call.request_id,))
            leap(monkeypatch, true_clock, HOUR)
            await ledger.execute(till.grant(1))

            assert await ledger.execute(sweep) == 0
            with pytest.raises(HoldsInFlightError):
                await ledger.execute(till.call())

            leap(monkeypatch, true_clock, timedelta())
            assert await ledger.execute(sweep) == 0
            with pytest.raises(HoldsInFlightError):
                await ledger.execute(till.call())

    run(story())

    assert topics_of(database_url)["wallet.hold_expired.2"] == 0


def test_a_new_start_confirms_the_leap(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    true_clock = sql.CLOCK

    async def story() -> int:
        async with opened(database_url) as ledger:
            till = await Till().open(ledger, funds=HELD)
            call = till.call()
            await ledger.execute(call)
            leap(monkeypatch, true_clock, HOUR)
            await ledger.execute(till.wallet)
        async with opened(database_url) as ledger:
            return await ledger.execute(
                SweepWallet(till.who.wallet_id, (till.who.key_id,), (call.request_id,))
            )

    assert run(story()) == 1
    topics = topics_of(database_url)
    assert topics["wallet.hold_expired.2"] == topics["api_key.hold_expired.1"] == 1
    assert topics["inference_request.outcome_unknown.1"] == 1
