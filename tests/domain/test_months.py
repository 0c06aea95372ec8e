"""Months: booked where they belong, closed one after the other, and never changed after."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.close_month import Document, change_time_zone, close_month, issue_statement
from domain.errors import ConflictError, NotFoundError
from domain.issuer import Issuer, Numbered
from domain.periods import UnknownZoneError
from domain.reserve_call import Reservation
from domain.statement import Statement
from domain.wallet_events import PeriodClosed
from tests.domain.shop import Shop
from tests.fakes import facts_of, restored

OCTOBER = datetime(2026, 10, 5, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
GRACE = timedelta(hours=12)


@pytest.fixture
def shop() -> Shop:
    return Shop(now=OCTOBER)


def charge(shop: Shop, held: Reservation, amount: int) -> None:
    shop.charge(held, {"input": amount})


def close(shop: Shop, period: str = "2026-10") -> int | None:
    return shop.do(close_month(shop.who.wallet_id, period, grace=GRACE, actor="operator"))


def closed(shop: Shop) -> list[PeriodClosed]:
    return facts_of(PeriodClosed, shop.ledger.facts)


def last(shop: Shop, topic: str) -> str:
    return str([f for f in shop.ledger.facts if f.TOPIC.startswith(topic)][-1].period)


def test_a_month_carries_its_balance_into_the_next(shop: Shop) -> None:
    shop.grant(1_000)
    charge(shop, shop.reserve(), 300)
    shop.now = NOVEMBER + timedelta(days=31)
    charge(shop, shop.reserve(), 50)

    close(shop)
    shop.grant(7)
    close(shop, "2026-11")

    assert [(c.period, c.opening, c.closing) for c in closed(shop)] == [
        ("2026-10", 0, 700),
        ("2026-11", 700, 700),
    ]
    assert shop.wallet.calendar.closing("2026-12") == 657
    assert shop.wallet.calendar.moved.keys() == {"2026-12"}


def test_a_charge_belongs_to_the_month_of_its_hold_while_that_is_open(shop: Shop) -> None:
    shop.grant(1_000)
    shop.now = NOVEMBER - timedelta(seconds=1)
    held = shop.reserve()
    shop.now = NOVEMBER + timedelta(minutes=1)
    charge(shop, held, 300)
    charge(shop, shop.reserve(), 5)
    shop.now = NOVEMBER + GRACE

    close(shop)

    assert closed(shop)[0].closing == 700


def test_a_charge_of_a_closed_month_is_booked_in_the_open_one(shop: Shop) -> None:
    shop.grant(10_000)
    shop.now = NOVEMBER - timedelta(seconds=1)
    held = shop.reserve(hold_for=timedelta(days=1))
    shop.now = NOVEMBER + GRACE

    close(shop)
    charge(shop, held, 300)

    (october,) = closed(shop)
    assert (october.closing, october.open_holds, october.held) == (10_000, 1, held.amount)
    assert last(shop, "wallet.charged") == "2026-11"


def test_what_was_held_later_is_no_open_hold_of_a_month(shop: Shop) -> None:
    shop.grant(10_000)
    shop.now = NOVEMBER + GRACE
    shop.reserve()

    close(shop)

    assert (closed(shop)[0].open_holds, closed(shop)[0].held) == (0, 0)


def test_a_late_charge_without_its_hold_is_booked_when_it_comes(shop: Shop) -> None:
    shop.grant(1_000)
    held = shop.reserve()
    shop.now = NOVEMBER + timedelta(days=1)
    shop.sweep(held)

    charge(shop, held, 300)

    assert last(shop, "wallet.hold_expired") == "2026-10"
    assert last(shop, "wallet.charged") == "2026-11"


def test_a_grant_ends_in_the_month_in_which_it_ran_out(shop: Shop) -> None:
    shop.grant(1_000, expires_at=NOVEMBER)
    shop.grant(500, expires_at=NOVEMBER - timedelta(seconds=1))
    shop.now = NOVEMBER + GRACE

    close(shop)

    periods = [f.period for f in shop.ledger.facts if f.TOPIC.startswith("wallet.grant_expired")]
    assert sorted(periods) == ["2026-10", "2026-11"]
    assert closed(shop)[0].closing == 1_000


def test_what_goes_back_to_an_ended_grant_does_not_come_back_in_a_month(shop: Shop) -> None:
    shop.grant(1_000, expires_at=OCTOBER + timedelta(days=2))
    held = shop.reserve()
    charge(shop, held, 300)
    shop.now = OCTOBER + timedelta(days=3)
    shop.correct(held, 100)

    wallet = shop.wallet
    assert wallet.calendar.closing("2026-10") == wallet.available + wallet.reserved == 0


def test_a_correction_lands_in_the_open_month_and_names_the_other(shop: Shop) -> None:
    shop.grant(1_000)
    held = shop.reserve()
    charge(shop, held, 300)
    shop.now = NOVEMBER + GRACE
    close(shop)

    shop.correct(held, 100)

    corrected = [f for f in shop.ledger.facts if f.TOPIC.startswith("wallet.corrected")][-1]
    assert (corrected.period, corrected.corrects) == ("2026-11", "2026-10")
    assert shop.request(held).total == 200


def test_a_month_is_closed_only_when_its_grace_is_over(shop: Shop) -> None:
    shop.now = NOVEMBER + GRACE - timedelta(microseconds=1)

    with pytest.raises(ConflictError, match="2026-11-01T12:00:00"):
        close(shop)

    shop.now = NOVEMBER + GRACE
    assert close(shop) == 1


def test_an_unconfirmed_leap_of_the_clock_closes_nothing(shop: Shop) -> None:
    shop.now = NOVEMBER + GRACE
    command = close_month(shop.who.wallet_id, "2026-10", grace=GRACE, actor="operator")

    with pytest.raises(ConflictError):
        shop.do(command, at=shop.ledger.at._replace(horizon=OCTOBER))


def test_months_are_closed_in_a_row(shop: Shop) -> None:
    shop.now = datetime(2027, 1, 5, tzinfo=UTC)

    with pytest.raises(ConflictError, match="2026-10 is"):
        close(shop, "2026-11")

    assert [close(shop, p) for p in ("2026-10", "2026-11", "2026-12")] == [1, 2, 3]
    with pytest.raises(ConflictError, match="2027-01 can be closed"):
        close(shop, "2027-01")


def test_closing_again_changes_nothing(shop: Shop) -> None:
    shop.now = NOVEMBER + GRACE
    close(shop)
    before = len(shop.ledger.facts)

    assert close(shop) is None
    assert len(shop.ledger.facts) == before


def test_numbers_follow_each_other_over_all_wallets(shop: Shop) -> None:
    first = shop.who
    shop.join()
    shop.now = NOVEMBER + GRACE
    close(shop)
    shop.who = first
    close(shop)

    numbered = facts_of(Numbered, shop.ledger.facts)
    assert [(n.number, n.period) for n in numbered] == [(1, "2026-10"), (2, "2026-10")]
    assert [c.number for c in closed(shop)] == [1, 2]


def test_a_wallet_knows_its_months_after_a_restart(shop: Shop) -> None:
    shop.grant(1_000)
    shop.now = NOVEMBER + GRACE
    close(shop)
    shop.do(change_time_zone(shop.who.wallet_id, zone="Asia/Tokyo", actor="operator"))
    shop.reserve()

    again = restored(shop.wallet)

    assert again.calendar == shop.wallet.calendar
    assert again.holds == shop.wallet.holds
    shop.ledger.rebuild()
    assert again.calendar == shop.wallet.calendar


def test_a_new_zone_cuts_the_next_month_and_not_this_one(shop: Shop) -> None:
    shop.grant(1_000)
    command = change_time_zone(shop.who.wallet_id, zone="Asia/Tokyo", actor="operator")

    assert shop.do(command) == "2026-11"

    calendar = shop.wallet.calendar
    assert calendar.bounds("2026-10") == (datetime(2026, 10, 1, tzinfo=UTC), NOVEMBER - 9 * HOUR)
    assert calendar.bounds("2026-11")[0] == NOVEMBER - 9 * HOUR
    assert calendar.month_of(NOVEMBER - 9 * HOUR - TICK) == "2026-10"
    assert calendar.month_of(NOVEMBER - 9 * HOUR) == "2026-11"
    assert shop.do(command) == "2026-11"
    assert len([f for f in shop.ledger.facts if f.TOPIC.startswith("wallet.time")]) == 1


def test_a_zone_in_the_west_lengthens_this_month(shop: Shop) -> None:
    zone = "America/New_York"
    shop.do(change_time_zone(shop.who.wallet_id, zone=zone, actor="operator"))
    calendar = shop.wallet.calendar

    assert calendar.month_of(NOVEMBER) == "2026-10"
    assert calendar.month_of(NOVEMBER + 4 * HOUR - TICK) == "2026-10"
    assert calendar.month_of(NOVEMBER + 4 * HOUR) == "2026-11"
    assert calendar.bounds("2026-10")[1] == NOVEMBER + 4 * HOUR


def test_a_zone_in_which_the_next_month_has_begun_waits_for_the_one_after(shop: Shop) -> None:
    shop.now = NOVEMBER - 9 * HOUR
    command = change_time_zone(shop.who.wallet_id, zone="Asia/Tokyo", actor="operator")

    assert shop.do(command) == "2026-12"
    assert shop.wallet.calendar.month_of(shop.now) == "2026-10"


def test_a_change_of_zone_still_to_come_can_be_replaced(shop: Shop) -> None:
    for zone in ("Asia/Tokyo", "America/New_York"):
        shop.do(change_time_zone(shop.who.wallet_id, zone=zone, actor="operator"))

    assert shop.wallet.calendar.zones == [("", "UTC"), ("2026-11", "America/New_York")]


def test_a_zone_that_was_to_come_can_be_taken_back(shop: Shop) -> None:
    shop.now = NOVEMBER - 9 * HOUR
    for zone in ("Asia/Tokyo", "UTC"):
        shop.do(change_time_zone(shop.who.wallet_id, zone=zone, actor="operator"))

    assert {zone for _, zone in shop.wallet.calendar.zones} == {"UTC"}


def test_an_unknown_zone_is_refused(shop: Shop) -> None:
    with pytest.raises(UnknownZoneError):
        shop.do(change_time_zone(shop.who.wallet_id, zone="Mars/Base", actor="operator"))


def test_a_statement_is_issued_once_and_only_of_a_closed_month(shop: Shop) -> None:
    wallet_id = shop.who.wallet_id
    document = Document(number=1, position=9, tree_size=None, sha256="aa")
    with pytest.raises(ConflictError, match="still open"):
        shop.do(issue_statement(wallet_id, "2026-10", document))
    shop.now = NOVEMBER + GRACE
    close(shop)

    issued = shop.do(issue_statement(wallet_id, "2026-10", document))
    other = Document(number=1, position=9, tree_size=None, sha256="bb")
    again = shop.do(issue_statement(wallet_id, "2026-10", other))

    assert (issued, again) == ("aa", "aa")
    statement = shop.ledger.look(Statement, Statement.id_of(wallet_id, "2026-10"))
    assert (statement.number, statement.retired) == (1, True)


def test_only_a_wallet_that_is_there_has_months(shop: Shop) -> None:
    with pytest.raises(NotFoundError):
        shop.do(close_month(shop.mint(), "2026-10", grace=GRACE, actor="operator"))
    assert shop.ledger._held.get(Issuer.id_of(0)) is None


HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
