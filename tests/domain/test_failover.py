"""Failover: over the routes of a model and over models, with one hold and one settlement."""

import asyncio

import pytest

from domain.breakers import Standing
from domain.candidates import Candidate
from domain.catalog import CHAT, Model, Route
from domain.errors import UpstreamError, UpstreamRateLimitedError, UpstreamTimeoutError
from domain.fit_funds import Fitting
from domain.metering import Estimate
from domain.pricing import RateCard
from domain.quote import Quote
from domain.routing_policy import RoutingPolicy
from domain.upstream import AttemptError
from tests.domain.test_metered_call import (
    FIRST,
    GOOD,
    KEPT,
    MODEL,
    SECOND,
    Said,
    Scripted,
    call_through,
    failure,
    reservation,
)

COST = RateCard({"input": 5_000_000, "output": 0})
OTHER = Model("n", CHAT, 50, 100, (Route("two", "z", COST),))
FALLBACK = Fitting(
    Candidate(OTHER, OTHER.routes, Quote(10, 33, clamps=False), Estimate(7, 9, 20)), 33, 20
)
TWO_MODELS = reservation(KEPT, FALLBACK)


def test_another_model_answers_under_its_own_name_cap_and_cost() -> None:
    one, two = Scripted(failure()), Scripted(failure(), GOOD)
    call, books, _ = call_through(one, two, TWO_MODELS)

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    (settled,) = books.settled
    assert (call.model.id, call.output_cap, call.failed_over) == ("n", 33, True)
    assert [(c.model, c.output_cap) for c in two.calls] == [("m", 77), ("n", 33)]
    assert settled.outcome.model == "n"
    assert [(a.provider, a.upstream_model, a.outcome, a.cost) for a in settled.attempts] == [
        ("one", "a", "status_500", None),
        ("two", "b", "status_500", None),
        ("two", "z", "ok", 15),
    ]


def test_a_report_is_judged_by_what_the_model_that_answered_can_have_used() -> None:
    call, books, _ = call_through(Scripted(failure()), Scripted(failure(), Said(None)), TWO_MODELS)

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    assert books.settled[0].outcome.usage == {"input": 7, "output": 4}


def test_when_no_model_answers_the_hold_is_released_once() -> None:
    call, books, _ = call_through(
        Scripted(failure()), Scripted(failure(), failure("timeout")), TWO_MODELS
    )

    with pytest.raises(UpstreamError):
        asyncio.run(call.dispatch("request"))

    (settled,) = books.settled
    assert (settled.outcome.basis, settled.outcome.reason) == (None, "upstream_error")
    assert len(settled.attempts) == 3
    assert call.ended


def test_an_open_route_of_the_first_model_is_tried_after_the_second_model() -> None:
    one, two = Scripted(), Scripted(GOOD)
    call, _, breakers = call_through(one, two, TWO_MODELS)
    breakers.failed(MODEL, FIRST, 5)
    breakers.failed(MODEL, SECOND, 5)

    asyncio.run(call.dispatch("request"))

    assert [c.model for c in two.calls] == ["n"]
    assert not call.failed_over


def test_without_fallback_nothing_else_is_tried() -> None:
    two = Scripted(GOOD)
    policy = RoutingPolicy(fallback=False)
    call, books, _ = call_through(Scripted(failure()), two, reservation(policy=policy))

    with pytest.raises(UpstreamError):
        asyncio.run(call.dispatch("request"))

    assert not two.calls
    assert books.settled[0].outcome.reason == "upstream_error"


@pytest.mark.parametrize("outcome", ["status_408", "status_409", "status_425"])
def test_what_is_over_in_a_moment_is_tried_again_once_on_the_same_route(outcome: str) -> None:
    one, two = Scripted(failure(outcome, cool=5), GOOD), Scripted()
    call, books, breakers = call_through(one, two)

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    assert [a.outcome for a in books.settled[0].attempts] == [outcome, "ok"]
    assert not call.failed_over
    assert breakers.standing(MODEL, FIRST) is Standing.CLOSED


def test_a_momentary_failure_that_lasts_goes_elsewhere() -> None:
    call, books, _ = call_through(
        Scripted(failure("status_409"), failure("status_409")), Scripted(GOOD)
    )

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    outcomes = [a.outcome for a in books.settled[0].attempts]
    assert outcomes == ["status_409", "status_409", "ok"]


def test_a_policy_of_retries_tries_the_same_route_so_often_and_then_elsewhere() -> None:
    policy = RoutingPolicy(retries=2)
    one = Scripted(*(failure("status_503") for _ in range(3)))
    call, _, _ = call_through(one, Scripted(GOOD), reservation(policy=policy))

    asyncio.run(call.dispatch("request"))

    assert len(one.calls) == 3
    assert call.failed_over


def test_a_saturated_or_silent_route_is_not_tried_again_whatever_the_policy() -> None:
    policy = RoutingPolicy(retries=3)
    saturated = AttemptError("status_429", UpstreamRateLimitedError(7), cool_seconds=7)
    silent = AttemptError("timeout", UpstreamTimeoutError(), cool_seconds=5)
    call, books, breakers = call_through(
        Scripted(saturated), Scripted(silent), reservation(policy=policy)
    )

    with pytest.raises(UpstreamTimeoutError):
        asyncio.run(call.dispatch("request"))

    assert [a.outcome for a in books.settled[0].attempts] == ["status_429", "timeout"]
    assert breakers.standing(MODEL, FIRST) is Standing.OPEN


def test_a_call_cut_short_gives_the_trial_back() -> None:
    call, _, breakers = call_through(Scripted(asyncio.CancelledError()), Scripted())
    breakers.failed(MODEL, FIRST, 0)
    assert breakers.standing(MODEL, FIRST) is Standing.HALF_OPEN

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(call.dispatch("request"))

    assert breakers.standing(MODEL, FIRST) is Standing.HALF_OPEN


def test_a_request_at_fault_gives_the_trial_back() -> None:
    rejected = failure("status_400", elsewhere=False)
    call, _, breakers = call_through(Scripted(rejected), Scripted())
    breakers.failed(MODEL, FIRST, 0)

    with pytest.raises(UpstreamError):
        asyncio.run(call.dispatch("request"))

    assert breakers.standing(MODEL, FIRST) is Standing.HALF_OPEN


@pytest.mark.parametrize(
    "fault", [failure("status_400", elsewhere=False), failure()], ids=["at fault", "elsewhere"]
)
def test_a_call_that_is_not_the_trial_leaves_it_to_the_one_that_is(fault: AttemptError) -> None:
    call, _, breakers = call_through(Scripted(fault), Scripted(fault))
    breakers.failed(MODEL, FIRST, 0)
    assert breakers.begin(MODEL, FIRST), "another call is the trial"

    with pytest.raises(UpstreamError):
        asyncio.run(call.dispatch("request"))

    assert breakers.standing(MODEL, FIRST) is Standing.OPEN


def test_while_one_call_tries_a_half_open_route_others_go_elsewhere() -> None:
    one, two = Scripted(), Scripted(GOOD)
    call, _, breakers = call_through(one, two)
    breakers.failed(MODEL, FIRST, 0)
    breakers.begin(MODEL, FIRST)

    asyncio.run(call.dispatch("request"))

    assert call.route is SECOND
