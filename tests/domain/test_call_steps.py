"""The steps of a call, in the order in which it takes them, whatever becomes of it."""

import asyncio
from itertools import count

import pytest

from domain.call_steps import CallSteps
from domain.errors import GatewayError
from domain.metered_call import MeteredCall
from tests.domain.test_metered_call import GOOD, Scripted, call_through, failure


def names(call: MeteredCall) -> list[str]:
    return [step for step, _ in call.steps.begun]


def test_a_step_begins_when_it_is_said_to_and_the_first_one_at_once() -> None:
    steps = CallSteps(count(5, 5).__next__)
    steps.begin("body")
    steps.begin("end")

    assert steps.begun == [("auth", 5), ("body", 10), ("end", 15)]


@pytest.mark.parametrize("answered_by", [["attempt", "attempt", "relay"], ["relay"]])
def test_routing_lasts_from_the_first_policies_to_whatever_first_answers(
    answered_by: list[str],
) -> None:
    steps = CallSteps(count(0, 2_000_000).__next__)
    for step in ("body", "policies", "quote", "policies", "reserve", *answered_by, "charge"):
        steps.begin(step)

    assert steps.routing_ms == 8


def test_an_answered_call_is_attempted_relayed_charged_and_sent() -> None:
    call, _, _ = call_through(Scripted(GOOD), Scripted())

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    assert names(call) == ["auth", "attempt", "relay", "charge", "send"]


def test_every_attempt_is_a_step_of_its_own() -> None:
    call, _, _ = call_through(Scripted(failure()), Scripted(GOOD))

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.forgive(answer, "upstream_error"))

    assert names(call) == ["auth", "attempt", "attempt", "relay", "release", "send"]
    assert [attempt.outcome for attempt in call.attempts] == ["status_500", "broken"]


def test_a_call_that_nobody_answers_is_released_and_nothing_is_sent() -> None:
    call, _, _ = call_through(Scripted(failure()), Scripted(failure("status_503")))

    with pytest.raises(GatewayError):
        asyncio.run(call.dispatch("request"))

    assert names(call) == ["auth", "attempt", "attempt", "release"]
    assert [attempt.outcome for attempt in call.attempts] == ["status_500", "status_503"]


def test_an_upstream_is_told_of_a_trace_only_if_there_is_one_to_tell_of() -> None:
    one = Scripted(failure())
    two = Scripted(GOOD)
    call, _, _ = call_through(one, two)
    call.steps.traceparent = "00-1-2-01"
    asyncio.run(call.dispatch("request"))

    other = Scripted(GOOD)
    asyncio.run(call_through(other, Scripted())[0].dispatch("request"))

    assert [sent.traceparent for sent in (*one.calls, *two.calls)] == ["00-1-2-01"] * 2
    assert other.calls[0].traceparent is None
