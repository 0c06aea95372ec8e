"""The year adds up: by the aggregates, by every read model, and by an auditor of its own."""

from functools import partial

from adapters.ledger.connection import connect
from domain import wallet_events as wallet
from projections.verify import verify
from tests.projections.history import figures, rows
from tests.year.story import Year

LEAST = {
    wallet.Reserved: 50_000,
    wallet.Charged: 45_000,
    wallet.Corrected: 100,
    wallet.HoldExpired: 10,
    wallet.GrantExpired: 3,
    wallet.GrantVoided: 2,
    wallet.PeriodClosed: 36,
    wallet.TimeZoneChanged: 3,
}


def test_the_year_has_some_of_everything(year: Year) -> None:
    told = {kind: len(year.facts(kind)) for kind in LEAST}

    assert all(told[kind] >= least for kind, least in LEAST.items()), told


def test_the_read_models_say_what_the_aggregates_say(year: Year, year_url: str) -> None:
    expected = []
    for customer in year.customers:
        year.who = customer.who
        expected.append(figures(year.wallet))
    query = """
        SELECT wallet_id, customer_id, currency, posted, reserved, available, debt, open_holds
        FROM read.balances
    """

    assert sorted(rows(year_url, query)) == sorted(expected)


def test_every_month_opens_with_what_the_last_one_closed_with(year: Year) -> None:
    for customer in year.customers:
        months = [
            f for f in year.facts(wallet.PeriodClosed) if f.originator_id == customer.who.wallet_id
        ]
        assert [m.opening for m in months] == [0, *(m.closing for m in months[:-1])]
        assert [m.period for m in months] == [f"2025-{n:02d}" for n in range(1, 13)]


def test_verify_finds_nothing_in_the_year(year_url: str) -> None:
    report = verify(partial(connect, year_url, role=None))

    assert (report.violations, report.violation_count) == ([], 0)
    assert report.charges >= LEAST[wallet.Charged]
