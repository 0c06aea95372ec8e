"""Suppliers' reports in the ledger: taken in once, the later one speaks, and a human may accept."""

from dataclasses import replace
from typing import Any

import pytest

from domain import ids
from domain.errors import ConflictError
from domain.supplier import Covered, Registered, Resolved, Superseded, Supplier, key_of
from domain.supplier_books import (
    NewResolution,
    Taken,
    import_report,
    look_at_report,
    resolve_difference,
)
from domain.supplier_report import (
    COST,
    LINES_PER_FACT,
    USAGE,
    Draft,
    Imported,
    Line,
    LinesListed,
    ReportCurrencyError,
    SupplierReport,
)
from tests.domain.shop import Shop
from tests.fakes import restored

DAYS = ("2026-11-01", "2026-11-02")


def draft(name: str = "a", **changes: Any) -> Draft:
    fields: dict[str, Any] = {
        "provider": "p",
        "format": "csv",
        "sha256": name * 64,
        "kinds": (USAGE,),
        "days": DAYS,
        "lines": (Line(DAYS[0], "m-1", usage={"input": 5}, requests=1),),
        "read_count": 3,
    }
    return Draft(**fields | changes)


def take(shop: Shop, new: Draft) -> Taken:
    return shop.do(import_report(0, new, actor="operator"))


def test_a_report_is_its_file_and_its_lines() -> None:
    shop = Shop()
    line = Line(DAYS[0], "m-1", "key_1", "input", {"input": 5}, 2, 70)

    taken = take(shop, draft(kinds=(USAGE, COST), currency="USD", lines=(line,)))

    (imported,) = shop.facts(Imported)
    assert (imported.provider, imported.format, imported.actor) == ("p", "csv", "operator")
    assert (imported.kinds, imported.currency) == ([USAGE, COST], "USD")
    assert (imported.days, imported.partial_days) == ([*DAYS], [])
    assert (imported.read_count, imported.line_count) == (3, 1)
    (listed,) = shop.facts(LinesListed)
    assert listed.first == 1
    figures = {"amount": 70, "requests": 2, "tokens": 5, "input": 5}
    assert listed.lines == [(DAYS[0], "m-1", "key_1", "input", figures)]
    assert taken == Taken(draft().report_id(0), new=True, superseded=())
    assert imported.originator_id == taken.report_id


def test_the_same_file_again_is_the_same_report_and_changes_nothing() -> None:
    shop = Shop()
    first = take(shop, draft())
    before = len(shop.ledger.facts)

    again = take(shop, draft())

    assert (again.report_id, again.new) == (first.report_id, False)
    assert len(shop.ledger.facts) == before


def test_the_same_bytes_of_another_provider_are_another_report() -> None:
    assert draft().report_id(0) != draft(provider="q").report_id(0)
    assert draft().report_id(0) != draft("b").report_id(0)
    assert ids.shard_of(draft().report_id(7)) == 7


def test_a_file_is_not_read_in_two_ways() -> None:
    shop = Shop()
    take(shop, draft())

    with pytest.raises(ConflictError, match="imported already, as csv"):
        take(shop, draft(format="openai-usage"))


def test_a_report_in_another_currency_is_refused() -> None:
    shop = Shop()

    with pytest.raises(ReportCurrencyError, match="in EUR; suppliers' costs are in USD"):
        take(shop, draft(currency="EUR"))

    assert shop.facts(Imported) == []


def test_a_new_report_supersedes_only_the_days_and_figures_that_it_tells() -> None:
    shop = Shop()
    older = take(shop, draft(kinds=(USAGE, COST)))
    newer = take(shop, draft("b", days=(DAYS[1], "2026-11-03")))

    assert newer.superseded == ((older.report_id.hex, USAGE, [DAYS[1]]),)
    (ended,) = shop.facts(Superseded)
    assert (ended.report_id, ended.by) == (older.report_id.hex, newer.report_id.hex)
    assert (ended.kind, ended.days, ended.actor) == (USAGE, [DAYS[1]], "operator")
    assert shop.ledger.look(Supplier, Supplier.id_of(0, "p")).covered == {
        USAGE: {
            DAYS[0]: older.report_id.hex,
            DAYS[1]: newer.report_id.hex,
            "2026-11-03": newer.report_id.hex,
        },
        COST: dict.fromkeys(DAYS, older.report_id.hex),
    }


def test_a_supplier_is_registered_once_and_for_itself() -> None:
    shop = Shop()
    for name, provider in (("a", "p"), ("b", "p"), ("c", "q")):
        take(shop, draft(name, provider=provider))

    assert [fact.provider for fact in shop.facts(Registered)] == ["p", "q"]
    assert len(shop.facts(Covered)) == 3
    assert len(shop.facts(Superseded)) == 1


def test_looking_tells_what_an_import_would_do_and_does_nothing() -> None:
    shop = Shop()
    nothing_yet = shop.do(look_at_report(0, draft()))
    older = take(shop, draft())
    before = len(shop.ledger.facts)

    known = shop.do(look_at_report(0, draft()))
    newer = shop.do(look_at_report(0, draft("b")))

    assert (nothing_yet.new, nothing_yet.superseded) == (True, ())
    assert (known.new, known.report_id) == (False, older.report_id)
    assert newer.superseded == ((older.report_id.hex, USAGE, [*DAYS]),)
    assert len(shop.ledger.facts) == before


def test_no_fact_lists_more_lines_than_agreed_and_they_are_numbered_through() -> None:
    shop = Shop()
    lines = tuple(Line(DAYS[0], f"m-{n:04}", usage={}) for n in range(2 * LINES_PER_FACT + 1))

    take(shop, draft(lines=lines))

    listed = shop.facts(LinesListed)
    assert [(fact.first, len(fact.lines)) for fact in listed] == [
        (1, LINES_PER_FACT),
        (LINES_PER_FACT + 1, LINES_PER_FACT),
        (2 * LINES_PER_FACT + 1, 1),
    ]
    told = [line[1] for fact in listed for line in fact.lines]
    assert told == [line.model for line in lines]
    report = shop.ledger.look(SupplierReport, draft().report_id(0))
    assert report.retired
    assert report.listed == report.line_count == len(lines)


def test_what_a_line_does_not_tell_is_left_out_and_nothing_is_told_as_nothing() -> None:
    assert Line(DAYS[0], "m").listed() == (DAYS[0], "m", "", "", {})
    assert Line(DAYS[0], "m", usage={}).listed()[4] == {"tokens": 0}
    assert Line(DAYS[0], "m", requests=0, amount=0).listed()[4] == {"amount": 0, "requests": 0}


def test_a_report_without_lines_still_speaks_for_its_days() -> None:
    shop = Shop()

    take(shop, draft(lines=()))

    assert shop.facts(LinesListed) == []
    assert shop.facts(Covered)[0].days == [*DAYS]


def resolution(shop: Shop, **changes: Any) -> NewResolution:
    new = NewResolution(
        resolution_id=shop.mint(),
        provider="p",
        day=DAYS[0],
        model="m-1",
        credential="p",
        state="AMOUNT_MISMATCH",
        reason="accepted",
        note_hash=None,
        ours={"amount": 5},
        theirs={"amount": 7},
        actor="operator",
    )
    return replace(new, **changes)


def test_a_resolution_is_a_fact_with_the_figures_that_were_accepted() -> None:
    shop = Shop()
    new = resolution(shop, note_hash="hash")

    decided = shop.do(resolve_difference(0, new))

    (fact,) = shop.facts(Resolved)
    assert decided == new.resolution_id
    assert fact.resolution_id == new.resolution_id.hex
    for name in ("day", "model", "credential", "state", "reason", "note_hash", "actor"):
        assert getattr(fact, name) == getattr(new, name)
    assert (fact.ours, fact.theirs) == ({"amount": 5}, {"amount": 7})


def test_the_same_figures_are_accepted_once_and_others_again() -> None:
    shop = Shop()
    shop.do(resolve_difference(0, resolution(shop)))

    with pytest.raises(ConflictError, match="resolved already"):
        shop.do(resolve_difference(0, resolution(shop)))
    shop.do(resolve_difference(0, resolution(shop, theirs={"amount": 8})))
    shop.do(resolve_difference(0, resolution(shop, model="m-2")))
    shop.do(resolve_difference(0, resolution(shop)))

    assert len(shop.facts(Resolved)) == 4
    assert len(shop.facts(Registered)) == 1


def test_a_supplier_goes_on_from_a_snapshot() -> None:
    shop = Shop()
    take(shop, draft())
    shop.do(resolve_difference(0, resolution(shop)))

    shop.ledger.restart_from_snapshots()

    assert take(shop, draft("b")).superseded
    with pytest.raises(ConflictError):
        shop.do(resolve_difference(0, resolution(shop)))
    supplier = shop.ledger.look(Supplier, Supplier.id_of(0, "p"))
    assert restored(supplier).covered == supplier.covered
    assert supplier.provider == "p"
    accepted = supplier.accepted(key_of(DAYS[0], "m-1", "p"))
    assert accepted == [{"amount": 5}, {"amount": 7}]
    assert supplier.accepted(key_of(DAYS[1], "m-1", "p")) is None
