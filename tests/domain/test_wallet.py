import pytest

from domain import wallet_events as events
from domain.errors import ConflictError, NotFoundError, WalletFrozenError
from tests.domain.purse import (
    T0,
    at,
    charge,
    clock,
    facts,
    grant,
    left,
    opened,
    release,
    reserve,
)
from tests.fakes import restored, written


def test_a_new_wallet_is_empty_and_absorbs_excess() -> None:
    wallet = opened()

    assert (wallet.available, wallet.reserved, wallet.debt) == (0, 0, 0)
    assert wallet.headroom(at(0)) == 0
    assert (wallet.customer_id, wallet.currency) == ("c", "USD")
    assert facts(wallet, events.Opened)[0].excess_policy == "absorbed"


def test_a_hold_moves_credit_from_available_to_held() -> None:
    wallet = opened(a=100)

    reserve(wallet, "r", 30)

    assert (wallet.available, wallet.reserved) == (70, 30)
    assert (wallet.lots["a"].available, wallet.lots["a"].held) == (70, 30)
    assert wallet.reserved_at(at(0)) == 30


def test_the_last_nano_can_be_held_and_not_one_more() -> None:
    wallet = opened(a=100)

    reserve(wallet, "r", 100)

    assert wallet.headroom(at(0)) == 0
    with pytest.raises(AssertionError, match="a hold never exceeds the funds"):
        reserve(wallet, "s", 1)


def test_a_hold_of_nothing_fits_even_in_debt() -> None:
    wallet = opened(policy="debt")
    charge(wallet, "late", 5)

    reserve(wallet, "r", 0)

    assert wallet.holds["r"].allocations == []


def test_a_request_holds_once() -> None:
    wallet = opened(a=100)
    reserve(wallet, "r", 1)

    with pytest.raises(AssertionError, match="a request holds once"):
        reserve(wallet, "r", 1)


def test_the_overdraft_limit_is_how_far_holds_may_go_below_zero() -> None:
    wallet = opened(limit=50, a=100)

    reserve(wallet, "r", 130)

    assert wallet.holds["r"].overdraft == 30
    assert (wallet.available, wallet.headroom(at(0))) == (-30, 20)


def test_holds_take_grants_in_their_order_of_use() -> None:
    wallet = opened(paid=10)
    grant(wallet, "promotional", 10, category="promotional")
    grant(wallet, "ending", 10, expires_at=clock(99))
    grant(wallet, "first", 10, priority=-1)

    reserve(wallet, "r", 35)

    taken = [("first", 10), ("ending", 10), ("promotional", 10), ("paid", 5)]
    assert wallet.holds["r"].allocations == taken


def test_a_released_hold_goes_back_to_its_grants_and_to_their_place_in_the_order() -> None:
    wallet = opened(a=10, b=10)
    reserve(wallet, "r", 15)

    release(wallet, "r")
    reserve(wallet, "s", 15)

    assert wallet.holds["s"].allocations == [("a", 10), ("b", 5)]
    assert "r" not in wallet.holds


def test_a_hold_expires_at_its_very_instant_and_not_before() -> None:
    wallet = opened(a=100)
    reserve(wallet, "r", 60, ends=clock(5))

    wallet.expire(at(4))

    assert wallet.available == 40

    wallet.expire(at(5))

    assert (wallet.available, wallet.reserved) == (100, 0)
    assert [fact.held for fact in facts(wallet, events.HoldExpired)] == [60]


def test_a_grant_expires_at_its_very_instant_and_once() -> None:
    wallet = opened()
    grant(wallet, "a", 100, expires_at=clock(5))

    for second in (4, 5, 6):
        wallet.expire(at(second))

    expired = facts(wallet, events.GrantExpired)
    assert [(fact.grant_id, fact.amount, fact.timestamp) for fact in expired] == [
        ("a", 100, clock(5))
    ]
    assert wallet.available == 0


def test_a_reserve_expires_what_is_due_first() -> None:
    wallet = opened(lasting=10)
    grant(wallet, "ending", 50, expires_at=clock(5))
    reserve(wallet, "r", 55, ends=clock(5))

    reserve(wallet, "s", 10, when=at(5))

    assert wallet.holds["s"].allocations == [("lasting", 10)]
    assert "r" not in wallet.holds
    assert wallet.available == 0


@pytest.mark.parametrize("second", [0, 4, 5, 6, 7, 8])
def test_what_will_be_available_is_known_before_anything_has_expired(second: int) -> None:
    wallet = opened(limit=40, lasting=10)
    grant(wallet, "ending", 50, expires_at=clock(5))
    reserve(wallet, "r", 55, ends=clock(6))
    reserve(wallet, "s", 20, ends=clock(7))
    foretold = wallet.available_at(at(second)), wallet.reserved_at(at(second))

    wallet.expire(at(second))

    assert (wallet.available, wallet.reserved) == foretold
    assert wallet.headroom(at(second)) == wallet.available + 40


def test_nothing_expires_while_a_jump_of_the_clock_is_unconfirmed() -> None:
    wallet = opened(a=10)
    grant(wallet, "b", 10, expires_at=clock(5))
    reserve(wallet, "r", 15, ends=clock(5))

    wallet.expire(at(9999, horizon=4))

    assert wallet.reserved == 15
    assert wallet.headroom(at(9999, horizon=4)) == 5


def test_what_a_hold_returns_to_an_expired_grant_expires_at_once() -> None:
    wallet = opened(b=10)
    grant(wallet, "a", 50, expires_at=clock(5))
    reserve(wallet, "r", 55)

    release(wallet, "r", when=at(5))

    (released,) = facts(wallet, events.Released)
    assert released.expired == [("a", 50)]
    assert released.returned == [("b", 5)]
    assert left(wallet) == {"b": 10, "a": 0}


def test_what_an_expired_hold_returns_to_an_expired_grant_expires_at_once() -> None:
    wallet = opened(b=10)
    grant(wallet, "a", 50, expires_at=clock(5))
    reserve(wallet, "r", 55, ends=clock(5))

    wallet.expire(at(5))

    (ended,) = facts(wallet, events.HoldExpired)
    assert (ended.expired, ended.returned) == ([("a", 50)], [("b", 5)])
    assert facts(wallet, events.GrantExpired) == []
    assert wallet.available == 10


def test_voiding_takes_what_is_unused_and_not_held() -> None:
    wallet = opened(a=100)
    reserve(wallet, "r", 30)

    voided = wallet.void_grant(at(0), grant_id="a", reason="fraud", actor="operator")

    assert voided == 70
    assert (wallet.available, wallet.reserved) == (0, 30)


def test_an_unknown_grant_cannot_be_voided() -> None:
    with pytest.raises(NotFoundError, match="No such grant"):
        opened().void_grant(at(0), grant_id="a", reason="fraud", actor="operator")


def test_a_used_up_grant_cannot_be_voided() -> None:
    wallet = opened(a=30)
    reserve(wallet, "r", 30)

    with pytest.raises(ConflictError, match="Nothing of this grant is unused"):
        wallet.void_grant(at(0), grant_id="a", reason="fraud", actor="operator")


def test_a_frozen_wallet_says_so_until_it_is_unfrozen() -> None:
    wallet = opened()

    wallet.freeze(at(0), actor="operator")

    with pytest.raises(WalletFrozenError):
        wallet.check_not_frozen()

    wallet.unfreeze(at(0), actor="operator")

    wallet.check_not_frozen()


def test_freezing_or_unfreezing_twice_is_one_fact() -> None:
    wallet = opened()

    for change in (wallet.unfreeze, wallet.freeze, wallet.freeze, wallet.unfreeze, wallet.unfreeze):
        change(at(0), actor="operator")

    assert len(facts(wallet, events.Frozen)) == 1
    assert len(facts(wallet, events.Unfrozen)) == 1


def test_a_grant_of_nothing_a_negative_limit_and_an_unknown_policy_are_bugs_of_the_caller() -> None:
    wallet = opened()

    with pytest.raises(AssertionError, match="a grant adds credit"):
        grant(wallet, "a", 0)
    with pytest.raises(AssertionError, match="a limit is a distance"):
        wallet.change_overdraft_limit(at(0), limit=-1, actor="operator")
    with pytest.raises(AssertionError, match="an unknown policy"):
        wallet.change_excess_policy(at(0), policy="ignored", actor="operator")


def test_a_wallet_comes_back_from_its_snapshot_as_it_was() -> None:
    wallet = opened(limit=40, a=10)
    grant(wallet, "b", 50, category="promotional", expires_at=clock(5))
    grant(wallet, "used", 5, priority=-1)
    reserve(wallet, "r", 30, ends=clock(9))
    reserve(wallet, "s", 5, ends=clock(4))
    wallet.freeze(at(0), actor="operator")

    again = restored(wallet)

    assert written(again) == written(wallet)
    for second in (3, 4, 5, 9):
        wallet.expire(at(second))
        again.expire(at(second))
        assert written(again) == written(wallet)
        assert [lot.grant_id for lot in again.lots_in_order] == [
            lot.grant_id for lot in wallet.lots_in_order
        ]


def test_a_wallet_is_never_done_with() -> None:
    assert not opened().retired


def test_facts_are_stamped_with_the_ledgers_time() -> None:
    wallet = opened(a=1)

    reserve(wallet, "r", 1, when=at(7, horizon=3))

    assert wallet.pending_events[-1].timestamp == clock(7)
    assert wallet.pending_events[0].timestamp == T0


def test_credit_that_has_run_out_is_not_available_before_anybody_has_recorded_it() -> None:
    wallet = opened(a=100)
    grant(wallet, "b", 50, expires_at=clock(10))

    assert [wallet.available_at(at(second)) for second in (9, 10)] == [150, 100]
