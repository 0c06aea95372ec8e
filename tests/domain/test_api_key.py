from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from domain import api_key_events as events
from domain.api_key import INFERENCE, MANAGE, ApiKey
from domain.errors import (
    ApiKeyDisabledError,
    ApiKeyExpiredError,
    ModelNotAllowedError,
    PermissionDeniedError,
)
from domain.moment import Moment, moment
from domain.quota import Quota, window_of
from tests.domain.purse import T0, TICK, at, clock
from tests.fakes import facts_of, restored, written

DAY = timedelta(days=1)


def key(**changes: object) -> ApiKey:
    fields = {"customer_id": "c", "wallet_id": "w", "name_hash": "h", "actor": "operator"}
    return ApiKey.create(at(0), UUID(int=2), **{**fields, **changes})  # type: ignore[arg-type]


def limited(amount: int, window: str = "none") -> ApiKey:
    return key(quota=Quota(amount, window))


def hold(one: ApiKey, name: str, amount: int, when: Moment | None = None, ends: int = 60) -> None:
    one.reserve(when or at(0), request_id=name, amount=amount, expires_at=clock(ends))


def charge(one: ApiKey, name: str, amount: int, when: Moment | None = None) -> None:
    """Charge; the window given is that of a day, which only a late charge needs."""
    one.charge(when or at(0), request_id=name, amount=amount, window="2026-11-20")


def test_a_key_without_a_scope_may_call_everything() -> None:
    assert key().check_allows("any", ["p", "q"]) == ["p", "q"]


def test_a_key_may_call_only_the_models_of_its_scope() -> None:
    one = key(allowed_models=["m", "n"])

    assert one.check_allows("n", ["p"]) == ["p"]
    with pytest.raises(ModelNotAllowedError, match="'o'"):
        one.check_allows("o", ["p"])


def test_a_models_providers_are_narrowed_to_the_scope_in_the_models_order() -> None:
    one = key(allowed_providers=["r", "q", "p"])

    assert one.check_allows("m", ["p", "x", "q"]) == ["p", "q"]


def test_a_model_without_a_provider_in_scope_is_refused() -> None:
    with pytest.raises(ModelNotAllowedError, match="'m'"):
        key(allowed_providers=["r"]).check_allows("m", ["p", "q"])


def test_a_key_has_both_permissions_unless_it_is_given_fewer() -> None:
    key().check_usable(at(0), INFERENCE)
    key().check_usable(at(0), MANAGE)

    with pytest.raises(PermissionDeniedError, match="'manage'"):
        key(permissions=[INFERENCE]).check_usable(at(0), MANAGE)
    with pytest.raises(PermissionDeniedError, match="'inference'"):
        key(permissions=[]).check_usable(at(0), INFERENCE)


def test_a_key_is_over_at_its_very_instant_and_not_before() -> None:
    one = key(expires_at=clock(5))

    one.check_usable(moment(clock(5) - TICK), INFERENCE)

    with pytest.raises(ApiKeyExpiredError):
        one.check_usable(at(5), INFERENCE)


def test_a_disabled_key_opens_nothing_and_is_disabled_once() -> None:
    one = key()

    one.disable(at(0), actor="operator")
    one.disable(at(0), actor="operator")

    with pytest.raises(ApiKeyDisabledError):
        one.check_usable(at(0), INFERENCE)
    assert len(facts_of(events.Disabled, one.pending_events)) == 1


def test_without_a_quota_there_is_no_headroom_to_speak_of() -> None:
    one = key()

    hold(one, "r", 10**15)

    assert one.headroom(at(0)) is None


def test_holds_and_charges_count_towards_the_quota() -> None:
    one = limited(100)
    hold(one, "r", 30)
    hold(one, "s", 50)

    charge(one, "s", 40)

    assert one.headroom(at(0)) == 30


def test_a_hold_beyond_the_quota_is_a_bug_of_the_caller() -> None:
    one = limited(100)
    hold(one, "r", 100)

    hold(one, "free", 0)
    with pytest.raises(AssertionError, match="a hold never exceeds the quota"):
        hold(one, "s", 1)


def test_a_call_of_nothing_fits_even_beyond_the_quota() -> None:
    one = limited(10)
    one.charge(at(0), request_id="late", amount=25, window="all")

    hold(one, "r", 0)

    assert one.headroom(at(0)) == -15
    assert "r" in one.holds


@pytest.mark.parametrize(
    ("window", "same", "next_one"),
    [
        ("day", datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
        ("month", datetime(2026, 11, 30, 23, 59, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_quota_begins_anew_with_its_window(
    window: str, same: datetime, next_one: datetime
) -> None:
    one = limited(100, window)
    hold(one, "r", 80)
    charge(one, "r", 70)

    assert one.headroom(moment(same)) == 30
    assert one.headroom(moment(next_one)) == 100


def test_a_quota_without_a_window_never_begins_anew() -> None:
    one = limited(100)
    hold(one, "r", 80)
    charge(one, "r", 70)

    assert one.headroom(moment(T0 + 1000 * DAY)) == 30


def test_a_charge_counts_in_the_window_of_its_hold() -> None:
    one = limited(100, "day")
    hold(one, "r", 80, ends=99999)

    charge(one, "r", 70, when=moment(T0 + DAY))

    assert one.spent == {"2026-11-20": 70}
    assert one.headroom(moment(T0 + DAY)) == 100


def test_a_late_charge_counts_in_the_window_of_its_hold() -> None:
    one = limited(100, "day")
    hold(one, "r", 80, ends=5)
    one.expire(at(5))

    charge(one, "r", 70, when=moment(T0 + DAY))

    (charged,) = facts_of(events.Charged, one.pending_events)
    assert (charged.held, charged.amount, charged.window) == (0, 70, "2026-11-20")
    assert one.headroom(at(9)) == 30


def test_a_released_hold_counts_no_more_and_is_released_once() -> None:
    one = limited(100)
    hold(one, "r", 80)

    one.release(at(0), request_id="r")
    one.release(at(0), request_id="r")

    assert one.headroom(at(0)) == 100
    assert len(facts_of(events.Released, one.pending_events)) == 1


def test_a_hold_that_has_run_out_counts_no_more_whoever_ends_it_later() -> None:
    one = limited(100)
    hold(one, "r", 80, ends=5)

    assert one.headroom(at(4)) == 20
    assert one.headroom(at(5)) == 100
    assert one.headroom(at(9999, horizon=4)) == 20


def test_a_hold_of_another_window_does_not_count_when_it_runs_out() -> None:
    one = limited(100, "day")
    hold(one, "r", 80, ends=24 * 3600)

    assert one.headroom(moment(T0 + DAY)) == 100


def test_expiry_ends_what_is_due_and_names_it() -> None:
    one = limited(100)
    hold(one, "s", 10, ends=6)
    hold(one, "r", 20, ends=5)
    hold(one, "t", 30, ends=7)

    due = one.expire(at(6))

    assert due == ["r", "s"]
    assert one.held == {"all": 30}
    assert one.expire(at(6)) == []


def test_a_correction_gives_quota_back_in_the_window_of_the_charge() -> None:
    one = limited(100, "day")
    hold(one, "r", 80)
    charge(one, "r", 70)

    one.correct(moment(T0 + DAY), request_id="r", amount=50, window="2026-11-20")
    one.correct(moment(T0 + DAY), request_id="r", amount=-5, window="2026-11-20")

    assert one.headroom(at(0)) == 75
    assert one.headroom(moment(T0 + DAY)) == 100


@pytest.mark.parametrize("how", ["charge", "release", "expiry"])
def test_several_holds_of_nothing_end_one_by_one(how: str) -> None:
    one = key()
    for name in "abc":
        hold(one, name, 0, ends=5)

    {
        "charge": lambda: [charge(one, name, 0) for name in "abc"],
        "release": lambda: [one.release(at(0), request_id=name) for name in "abc"],
        "expiry": lambda: one.expire(at(5)),
    }[how]()

    assert one.holds == {}


def test_a_key_comes_back_from_its_snapshot_as_it_was() -> None:
    one = key(quota=Quota(100, "day"), allowed_models=["m"], expires_at=clock(99))
    hold(one, "r", 10, ends=5)
    hold(one, "s", 20, ends=9)
    charge(one, "t", 3)

    again = restored(one)

    assert written(again) == written(one)
    for second in (4, 5, 9):
        assert again.headroom(at(second)) == one.headroom(at(second))
        assert again.expire(at(second)) == one.expire(at(second))
    with pytest.raises(ApiKeyExpiredError):
        again.check_usable(at(99), INFERENCE)


def test_a_key_that_never_ends_comes_back_from_its_snapshot_so() -> None:
    assert restored(key()).expires_at is None


@pytest.mark.parametrize(
    ("window", "name"), [("none", "all"), ("day", "2026-11-20"), ("month", "2026-11")]
)
def test_a_window_is_named_in_utc_whatever_zone_the_clock_is_in(window: str, name: str) -> None:
    east = timezone(timedelta(hours=14))

    assert window_of(T0, window) == name
    assert window_of(datetime(2026, 11, 21, 1, tzinfo=east), window) == name
