"""An answer that is given again: to whom it may go, and what the call then is."""

import asyncio
from dataclasses import replace

import pytest

from domain.catalog import Route
from domain.fit_funds import Fitting
from domain.kept_answer import Origin, Return, origin_of
from domain.metered_call import MeteredCall
from domain.metering import Verdict
from domain.quote import Quote
from domain.settle_call import Settlement
from domain.usage import Usage, exclusive
from tests.domain.test_metered_call import (
    FIRST,
    KEPT,
    SECOND,
    Books,
    Said,
    Scripted,
    call_through,
    reservation,
)

USAGE = {"input": 3, "output": 4}
ORIGIN = Origin("m", "two", "b", 77, USAGE)
SETTLED = Settlement(1, 2, "USD", exclusive(**USAGE))


def at_work(*kept: Fitting) -> tuple[MeteredCall, Books]:
    """A call whose providers must not be asked."""
    call, books, _ = call_through(Scripted(), Scripted(), reservation(*kept))
    return call, books


def test_a_recalled_call_is_charged_as_cached_and_no_supplier_was_called() -> None:
    call, books = at_work()

    assert call.recall(ORIGIN)
    asyncio.run(call.charge(Said(None), complete=True))

    (settled,) = books.settled
    assert settled.outcome.basis == "cached"
    assert settled.outcome.usage == USAGE
    assert (settled.outcome.provider, settled.outcome.model) == ("two", "m")
    assert (settled.outcome.reported, settled.outcome.flags) == ({}, [])
    assert settled.outcome.first_byte_ms is not None
    assert settled.attempts == ()
    assert call.route == SECOND
    assert call.keepable is None


@pytest.mark.parametrize("end", ["release", "forgive"])
def test_a_recalled_call_that_went_wrong_called_no_supplier_either(end: str) -> None:
    call, books = at_work()
    call.recall(ORIGIN)

    if end == "release":
        asyncio.run(call.release("internal_error"))
    else:
        asyncio.run(call.forgive(Said(None), "upstream_timeout"))

    (settled,) = books.settled
    assert settled.attempts == ()
    assert settled.outcome.reason in {"internal_error", "upstream_timeout"}


@pytest.mark.parametrize(
    "origin",
    [
        replace(ORIGIN, model="n"),
        replace(ORIGIN, provider="three"),
        replace(ORIGIN, upstream_model="c"),
        replace(ORIGIN, provider="one"),
        replace(ORIGIN, output_cap=76),
    ],
)
def test_what_came_by_a_way_that_the_call_may_not_take_is_not_recalled(origin: Origin) -> None:
    call, _ = at_work()

    assert not call.recall(origin)
    assert call.recalled is None
    assert call.route is None


def test_only_the_routes_that_were_admitted_count() -> None:
    narrowed = KEPT._replace(candidate=replace(KEPT.candidate, routes=(FIRST,)))
    call, _ = at_work(narrowed)

    assert not call.recall(ORIGIN)


def test_any_of_the_candidates_may_have_answered() -> None:
    model = replace(KEPT.candidate.model, id="n")
    other = KEPT._replace(candidate=replace(KEPT.candidate, model=model), output_cap=9)
    call, _ = at_work(KEPT, other)

    assert call.recall(replace(ORIGIN, model="n", output_cap=9))
    assert (call.model.id, call.output_cap) == ("n", 9)


def test_a_charged_answer_may_be_kept_with_how_it_came_to_be() -> None:
    verdict = Verdict("reported", exclusive(**USAGE), [])

    assert origin_of(Return(KEPT, Route("two", "b")), verdict, SETTLED) == ORIGIN


@pytest.mark.parametrize(
    ("verdict", "settled"),
    [
        (Verdict("estimated", SETTLED.usage, []), SETTLED),
        (Verdict("partial", SETTLED.usage, []), SETTLED),
        (Verdict(None, SETTLED.usage, []), SETTLED),
        (Verdict("reported", SETTLED.usage, ["truncated"]), SETTLED),
        (Verdict("reported", SETTLED.usage, []), replace(SETTLED, usage=Usage({}))),
    ],
)
def test_what_is_doubtful_is_not_kept(verdict: Verdict, settled: Settlement) -> None:
    assert origin_of(Return(KEPT, FIRST), verdict, settled) is None


@pytest.mark.parametrize(("most", "kept"), [(0, True), (1, False)])
def test_what_a_providers_tools_may_have_had_a_part_in_is_not_kept(most: int, kept: bool) -> None:
    quote = Quote(10, 77, clamps=False, extras={"web_search": most})
    held = KEPT._replace(candidate=replace(KEPT.candidate, quote=quote))
    verdict = Verdict("reported", SETTLED.usage, [])

    assert (origin_of(Return(held, FIRST), verdict, SETTLED) is not None) is kept


def test_a_dispatched_call_tells_what_may_be_kept_once_it_is_settled() -> None:
    call, _, _ = call_through(Scripted(Said(exclusive(**USAGE))), Scripted())
    answer = asyncio.run(call.dispatch("request"))
    before = call.keepable
    asyncio.run(call.charge(answer, complete=True))
    call.settlement = None
    spooled = call.keepable
    call.settlement = SETTLED

    assert (before, spooled) == (None, None)
    assert call.keepable == replace(ORIGIN, provider="one", upstream_model="a")
