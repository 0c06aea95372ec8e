"""The auditor on months, statements and re-ratings: true ones believed, each false one named."""

from datetime import UTC, datetime, timedelta
from typing import cast

import orjson
import pytest

from domain import manage
from domain.close_month import Document, change_time_zone, close_month, issue_statement
from domain.correction_batch import Concerned, complete_batch, open_batch, rerate_call
from domain.price_page import plain_page
from domain.reserve_call import Reservation
from tests.domain.shop import CARDS, MILLION, Shop
from tests.projections.audited import Stored, audited, log_of
from tests.projections.history import History
from tests.projections.spoiling import (
    Spoil,
    a_day_less,
    changed,
    doubled,
    foreign,
    missing,
    more,
    pick,
)

W, R, N, S = "wallet", "inference_request", "issuer", "statement"
OCTOBER, OTHER = "2026-10", "2026-09"


class Months(History):
    """One customer, two closed months, and everything that can go over their edges."""

    def __init__(self) -> None:
        Shop.__init__(self, funds=100_000, now=datetime(2026, 9, 30, 10, tzinfo=UTC))
        self.do(change_time_zone(self.who.wallet_id, zone="Asia/Tokyo", actor="operator"))
        self.grant(500, expires_at=datetime(2026, 9, 30, 11, tzinfo=UTC))
        early = self.reserve(10, 20, hold_for=timedelta(days=3))
        charged = self.reserve(10, 20)
        self.charge(charged, {"input": 10, "output": 20})
        self.now = datetime(2026, 10, 3, tzinfo=UTC)
        self.close(OTHER)
        self.charge(early, {"input": 10, "output": 20})
        self.correct(charged, 5)
        self.rerate(charged)
        self.now = datetime(2026, 11, 3, tzinfo=UTC)
        self.close(OCTOBER)
        self.grant(7)

    def close(self, period: str) -> None:
        wallet_id = self.who.wallet_id
        number = self.do(close_month(wallet_id, period, grace=timedelta(0), actor="operator"))
        document = Document(number or 0, len(self.ledger.facts), None, "aa")
        self.do(issue_statement(wallet_id, period, document))

    def rerate(self, held: Reservation) -> None:
        cards = {**CARDS, "m": {"input": MILLION, "output": MILLION}}
        version = self.do(manage.draft_prices(0, plain_page(cards), actor="operator"))
        batch_id = self.mint()
        facts = {"upto": 9, "count": 1, "amount": 20, "reason_hash": "h", "actor": "operator"}
        self.do(open_batch(batch_id, price_version=version, selector={}, **facts))
        call = Concerned(held.request_id, self.who.wallet_id, self.who.key_id)
        self.do(rerate_call(call, batch_id, self.mint()))
        self.do(complete_batch(batch_id, count=1, amount=20))


@pytest.fixture(scope="module")
def told() -> list[Stored]:
    return log_of(Months())


@pytest.fixture
def log(told: list[Stored]) -> list[Stored]:
    return cast("list[Stored]", orjson.loads(orjson.dumps(told)))


def test_the_story_of_the_months_is_true(log: list[Stored]) -> None:
    assert audited(log)[0] == []
    assert {pick(log, f"{W}.grant_expired.2")[3]["period"]} == {OTHER}
    assert pick(log, f"{W}.charged.2", 1)[3]["period"] == OCTOBER


def too_early(_: str) -> str:
    return "2026-10-31T14:59:59+00:00"


FAULTS: list[tuple[str, Spoil, str]] = [
    ("a grant in another month", changed(f"{W}.granted.2", period=OCTOBER), "period"),
    ("a hold that differs in its month", changed(f"{W}.reserved.2", period=OCTOBER), "calls"),
    ("a hold in another month", changed(f"{W}.reserved.2", period=OCTOBER), "period"),
    ("a charge in a closed month", changed(f"{W}.charged.2", 1, period=OTHER), "period"),
    ("a charge in another month", changed(f"{W}.charged.2", 1, period="2026-12"), "period"),
    ("a call that says another month", changed(f"{R}.charged.3", period="2026-12"), "calls"),
    ("an expiry in another month", changed(f"{W}.grant_expired.2", period=OCTOBER), "period"),
    ("a correction in a closed month", changed(f"{W}.corrected.2", period=OTHER), "period"),
    ("a correction of no month", changed(f"{W}.corrected.2", corrects=OCTOBER), "corrections"),
    ("a correction in two months", changed(f"{R}.corrected.2", period="2026-12"), "corrections"),
    ("a zone from now on", changed(f"{W}.time_zone_changed.1", from_period=OTHER), "period"),
    ("a month of another opening", changed(f"{W}.period_closed.1", 1, opening=more), "period"),
    ("a month of another closing", changed(f"{W}.period_closed.1", closing=more), "period"),
    ("a month with other holds", changed(f"{W}.period_closed.1", open_holds=7), "period"),
    ("a month that holds more", changed(f"{W}.period_closed.1", held=more), "period"),
    ("a month out of turn", changed(f"{W}.period_closed.1", 1, period="2026-11"), "period"),
    ("a month that is not over", changed(f"{W}.period_closed.1", 1, timestamp=too_early), "period"),
    ("a number of another statement", changed(f"{W}.period_closed.1", number=9), "statements"),
    ("a gap between numbers", changed(f"{N}.numbered.1", 1, number=3), "statements"),
    ("a month closed twice", doubled(f"{W}.period_closed.1"), "statements"),
    ("a number that nothing has", changed(f"{N}.numbered.1", 1, period="2026-12"), "statements"),
    ("a document of another number", changed(f"{S}.issued.1", number=7), "statements"),
    ("a document of an open month", changed(f"{S}.issued.1", 1, period="2026-11"), "statements"),
    ("a document from the future", changed(f"{S}.issued.1", position=10**6), "statements"),
    ("a document issued twice", doubled(f"{S}.issued.1"), "statements"),
    ("a re-rating of more", changed(f"{R}.corrected.2", 1, amount=more), "price"),
    ("a re-rating at another", changed(f"{R}.corrected.2", 1, price_version="pv"), "corrections"),
    ("a re-rating of no batch", changed(f"{R}.corrected.2", 1, batch_id=None), "corrections"),
    ("a draft of other prices", changed("price_book.drafted.2", cards={}), "price"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "check"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_false_month_is_not_believed(log: list[Stored], spoil: Spoil, check: str) -> None:
    event = spoil(log)

    found = {(finding.check, finding.position) for finding in audited(log)[0]}

    assert (check, event[0]) in found


def test_another_wallets_months_are_its_own(log: list[Stored]) -> None:
    event = foreign(f"{W}.period_closed.1")(log)

    assert event[0] in {finding.position for finding in audited(log)[0]}


def test_a_number_without_its_closed_month_is_found(log: list[Stored]) -> None:
    missing(f"{W}.period_closed.1", f"{S}.issued.1")(log)

    checks = {finding.check for finding in audited(log)[0]}
    assert "statements" in checks


def test_a_month_that_closes_before_time_is_told_by_its_clock(log: list[Stored]) -> None:
    event = changed(f"{W}.period_closed.1", timestamp=a_day_less)(log)

    assert ("time", event[0]) in {(f.check, f.position) for f in audited(log)[0]}


def test_a_re_rating_at_a_version_without_the_calls_price_list_is_named(log: list[Stored]) -> None:
    corrected = pick(log, f"{R}.corrected.2", 1)
    held = next(e for e in log if e[1:3] == [f"{R}.reserved.3", corrected[2]])
    held[3]["price_list"] = "gone"

    violations, _ = audited(log)

    said = [found.message for found in violations if found.position == corrected[0]]
    assert said == ["re-rating comes to 0"]
