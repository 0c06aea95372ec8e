"""Supplier costs agree with a naive fold, whatever happened and wherever a batch was cut."""

from typing import Any
from uuid import UUID

import pytest

from adapters.ledger.connection import GATEWAY_ROLE
from domain import inference_request as request
from domain.settle_call import Attempt, Outcome
from domain.usage import METERED
from projections.errors import LogError
from projections.events import Event
from projections.rebuild import rebuild
from projections.supplier_calls import CHARGED, Fold, billable
from projections.supplier_costs import SupplierCosts
from projections.verify import verify
from tests.projections.history import database, everything, follow, owner, rows
from tests.projections.supplied import COLUMNS, SUMS, Supplied, naive

ONLY = (SupplierCosts(),)


def shown(url: str) -> dict[tuple[Any, ...], dict[str, int]]:
    """The read model's rows as the naive fold has them."""
    columns = ", ".join((*COLUMNS, *SUMS, *METERED))
    found = rows(url, f"SELECT {columns} FROM read.supplier_costs")  # noqa: S608  our own columns
    width = len(COLUMNS)
    table: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in found:
        key = tuple(part.hex if isinstance(part, UUID) else part for part in row[:width])
        figures = dict(zip((*SUMS, *METERED), row[width:], strict=True))
        table[key] = {name: figure for name, figure in figures.items() if figure}
    return {key: figures for key, figures in table.items() if figures}


def expected(history: Supplied) -> dict[tuple[Any, ...], dict[str, int]]:
    return {
        key: {name: figure for name, figure in row.items() if figure}
        for key, row in naive(history.ledger.facts).items()
    }


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("window", [1, 7, 61, 100_000])
def test_costs_are_those_of_a_naive_fold_wherever_batches_are_cut(
    server_url: str, seed: int, window: int
) -> None:
    history = Supplied(seed)
    history.live_on(260)
    with database(server_url) as url:
        history.store(url)

        follow(url, ONLY, window=window)

        assert shown(url) == expected(history)


def test_the_history_has_every_kind_of_row(database_url: str) -> None:
    history = Supplied(2)
    history.live_on(600)
    history.store(database_url)

    follow(database_url, ONLY, window=97)

    outcomes = {row[0] for row in rows(database_url, "SELECT outcome FROM read.supplier_costs")}
    assert outcomes >= {"ok", "broken", "timeout", "abandoned", "quarantined", "none"}
    flags = set(rows(database_url, "SELECT priced, crossed FROM read.supplier_costs"))
    assert flags == {(a, b) for a in (True, False) for b in (True, False)}
    assert shown(database_url) == expected(history)
    assert any("output_beyond_cap" in fact.flags for fact in history.facts(request.Charged))
    assert any(row["corrected"] for row in naive(history.ledger.facts).values())


def test_any_prefix_of_the_log_can_be_shown(database_url: str) -> None:
    history = Supplied(5)
    for _ in range(12):
        history.live_on(25)
        history.store(database_url)
        follow(database_url, ONLY, window=40)

        assert shown(database_url) == expected(history)


def test_rebuilt_is_row_for_row_what_is_live(database_url: str) -> None:
    history = Supplied(6)
    history.live_on(400)
    history.store(database_url)
    follow(database_url, ONLY, window=13)
    live = everything(database_url, ONLY)

    (compared,) = rebuild(lambda: owner(database_url), GATEWAY_ROLE, ONLY)

    assert (compared.different, compared.rows > 10) == (0, True)
    assert everything(database_url, ONLY) == live
    assert verify(lambda: owner(database_url), ONLY).sound


def test_calls_of_unknown_outcome_are_listed_until_they_are_known(database_url: str) -> None:
    history = Supplied(7)
    history.live_on(500)
    history.store(database_url)

    follow(database_url, ONLY, window=29)

    listed = rows(
        database_url,
        "SELECT request_id, day, model, customer_id, input_tokens, output_cap"
        " FROM read.supplier_unknowns",
    )
    lost = [
        fact
        for fact in history.facts(request.Reserved)
        if history.ledger.look(request.InferenceRequest, fact.originator_id).state
        == request.UNKNOWN
    ]
    assert sorted(listed) == sorted(
        (
            fact.originator_id, fact.timestamp.date(), fact.model, UUID(fact.customer_id),
            fact.input_tokens, fact.output_cap,
        )
        for fact in lost
    )  # fmt: skip
    assert len(history.facts(request.OutcomeUnknown)) > len(lost) > 0


def test_a_retried_call_counts_each_attempt_and_one_charge(database_url: str) -> None:
    shop = Supplied(customers=1)
    attempts = (
        Attempt("p", "m-1", "status_500", None, "USD", 5),
        Attempt("q", "m-2", "ok", 12, "USD", 90),
    )
    outcome = Outcome(95, basis="reported", usage={"input": 8, "cached_input": 2}, provider="q")
    shop.settle(shop.reserve(), outcome, attempts=attempts)
    shop.store(database_url)

    follow(database_url, ONLY)

    assert rows(
        database_url,
        "SELECT provider, upstream_model, outcome, priced, attempts, cost, charges,"
        " charged, input, cached_input FROM read.supplier_costs ORDER BY provider",
    ) == [
        ("p", "m-1", "status_500", False, 1, 0, 0, 0, 0, 0),
        ("q", "m-2", "ok", True, 1, 12, 1, 10, 8, 2),
    ]


def test_what_was_produced_beyond_our_cap_is_the_suppliers_to_bill() -> None:
    usage = {"input": 5, "output": 20, "reasoning": 4}
    fact = {"usage": usage, "flags": ["output_beyond_cap"], "reported": {"completion_tokens": 30}}

    assert billable(fact) == {"input": 5, "output": 26, "reasoning": 4}
    assert billable({**fact, "reported": {"output_tokens": 31}})["output"] == 27
    gemini = {"candidatesTokenCount": 25, "thoughtsTokenCount": 7, "promptTokenCount": 900}
    assert billable({**fact, "reported": gemini})["output"] == 28
    assert billable({**fact, "reported": {"outputTokens": 33}})["output"] == 29
    assert billable({**fact, "reported": {}}) == usage
    assert billable({**fact, "flags": []}) == usage


def test_a_call_without_a_beginning_stops_the_read_model() -> None:
    event = Event(7, CHARGED, "00", {"timestamp": "2026-11-20T12:00:00+00:00"})

    with pytest.raises(LogError, match="position 7"):
        Fold().take([event])


def test_no_events_are_no_work(database_url: str) -> None:
    with owner(database_url) as conn:
        SupplierCosts().project(conn, "nowhere", [])
