"""The read model of reports agrees with the supplier's own memory, however it was built."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.ledger.connection import GATEWAY_ROLE
from domain import supplier_report as report
from domain.errors import ConflictError
from domain.supplier import Resolved, Supplier
from domain.supplier_books import NewResolution, import_report, resolve_difference
from domain.supplier_report import COST, USAGE, Draft, Line
from projections.rebuild import rebuild
from projections.supplier_reports import SupplierReports
from projections.verify import verify
from tests.projections.history import History, everything, follow, owner, rows

ONLY = (SupplierReports(),)
FIRST = date(2026, 11, 1)


class Reported(History):
    """Reports of two suppliers keep coming, over each other's days, and some items are resolved."""

    def report(self) -> None:
        begin = self.random.randint(0, 9)
        days = [self.day(begin + n) for n in range(self.random.randint(1, 5))]
        kinds = self.random.choice([(USAGE,), (COST,), (USAGE, COST)])
        draft = Draft(
            provider=self.random.choice(["p", "q"]),
            format="csv",
            sha256=f"{self.random.randint(0, 40):064x}",
            kinds=kinds,
            days=tuple(days),
            lines=tuple(self.lines(days, kinds)),
            currency="USD" if COST in kinds else None,
            partial_days=tuple(days[:1]) if self.random.random() < 0.3 else (),
            read_count=17,
        )
        self.do(import_report(0, draft, actor="operator"))

    def lines(self, days: list[str], kinds: tuple[str, ...]) -> list[Line]:
        many = self.random.random() < 0.15
        return [
            Line(
                self.random.choice(days),
                f"m-{number}",
                self.random.choice(["", "key_1"]),
                usage=self.random.choice([{}, {"input": number, "output": 1}])
                if USAGE in kinds
                else None,
                requests=self.random.choice([None, 3]),
                amount=number * 7 if COST in kinds else None,
            )
            for number in range(1_200 if many else self.random.randint(0, 4))
        ]

    def resolve(self) -> None:
        new = NewResolution(
            self.mint(), self.random.choice(["p", "q"]), self.day(self.random.randint(0, 2)), "m",
            "p", "AMOUNT_MISMATCH", "accepted", None, {"amount": self.random.randint(0, 2)},
            {"amount": 1}, "operator",
        )  # fmt: skip
        with suppress(ConflictError):
            self.do(resolve_difference(0, new))

    def day(self, number: int) -> str:
        return (FIRST + timedelta(days=number)).isoformat()

    def live_on(self, steps: int) -> None:
        for _ in range(steps):
            self.random.choices([self.report, self.resolve, self.wait], [6, 4, 3])[0]()

    def wait(self) -> None:
        self.tick(minutes=5)


@pytest.mark.parametrize("window", [1, 5, 100_000])
def test_reports_lines_and_days_are_those_of_the_ledger(database_url: str, window: int) -> None:
    history = Reported(window)
    history.live_on(70)
    history.store(database_url)

    follow(database_url, ONLY, window=window)

    coverage = rows(
        database_url, "SELECT supplier_id, kind, day, report_id FROM read.supplier_coverage"
    )
    assert sorted(coverage) == sorted(
        (supplier.id, kind, date.fromisoformat(day), UUID(report_id))
        for supplier in history.aggregates(Supplier)
        for kind, days in supplier.covered.items()
        for day, report_id in days.items()
    )
    counted = rows(
        database_url,
        "SELECT report_id, line_count, (SELECT count(*) FROM read.supplier_lines AS line"
        " WHERE line.report_id = report.report_id) FROM read.supplier_reports AS report",
    )
    assert sorted(counted) == sorted(
        (known.id, known.line_count, known.line_count)
        for known in history.aggregates(report.SupplierReport)
    )
    assert max(known.line_count for known in history.aggregates(report.SupplierReport)) == 1_200


def test_lines_are_numbered_through_and_say_what_was_read(database_url: str) -> None:
    history = Reported(3)
    history.live_on(40)
    history.store(database_url)

    follow(database_url, ONLY, window=3)

    found = rows(
        database_url,
        "SELECT report_id, number, day::text, model, credential, component, usage, requests, amount"
        " FROM read.supplier_lines ORDER BY report_id, number",
    )
    listed: list[tuple[Any, ...]] = [
        (fact.originator_id, fact.first + index, *line[:4], *told(line[4]))
        for fact in history.facts(report.LinesListed)
        for index, line in enumerate(fact.lines)
    ]
    assert found == sorted(listed, key=lambda row: row[:2])
    assert len({row[:2] for row in found}) == len(found)


def told(figures: dict[str, int]) -> tuple[Any, ...]:
    usage = {name: figures[name] for name in ("input", "output") if name in figures}
    known = usage if "tokens" in figures else None
    return known, figures.get("requests"), figures.get("amount")


def test_the_last_resolution_of_a_key_counts(database_url: str) -> None:
    history = Reported(4)
    history.live_on(60)
    history.store(database_url)

    follow(database_url, ONLY, window=4)

    last = {
        (fact.originator_id, fact.day): (UUID(fact.resolution_id), fact.ours)
        for fact in history.facts(Resolved)
    }
    found = rows(
        database_url,
        "SELECT supplier_id, day::text, resolution_id, ours FROM read.supplier_resolutions",
    )
    assert {row[:2]: row[2:] for row in found} == last
    assert len(history.facts(Resolved)) > len(last)


def test_rebuilt_is_row_for_row_what_is_live(database_url: str) -> None:
    history = Reported(5)
    history.live_on(40)
    history.store(database_url)
    follow(database_url, ONLY, window=2)
    live = everything(database_url, ONLY)

    (compared,) = rebuild(lambda: owner(database_url), GATEWAY_ROLE, ONLY)

    assert (compared.different, compared.rows > 10) == (0, True)
    assert everything(database_url, ONLY) == live
    assert verify(lambda: owner(database_url), ONLY).sound
