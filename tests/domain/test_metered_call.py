"""Every way a call can end: held once, attempted in order, settled once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.breakers import Breakers, Standing
from domain.call_steps import CallSteps
from domain.candidates import Candidate
from domain.catalog import CHAT, Model, Route
from domain.errors import (
    UnsupportedParameterError,
    UpstreamError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
)
from domain.fit_funds import Fitting
from domain.metered_call import QUARANTINED, MeteredCall, Upstreams
from domain.metering import Estimate, Produced, Report
from domain.pricing import RateCard
from domain.quote import Quote
from domain.reserve_call import Identity, Reservation, ReserveCall
from domain.routing_policy import ANY_ROUTE, RoutingPolicy
from domain.settle_call import SettleCall, Settlement
from domain.upstream import AttemptError, BrokenAnswerError, UpstreamCall
from domain.usage import Usage, exclusive

COST = RateCard({"input": 1_000_000, "output": 2_000_000})
FIRST, SECOND = Route("one", "a", COST), Route("two", "b")
MODEL = Model("m", CHAT, 1_000, 100, (FIRST, SECOND))
KEPT = Fitting(
    Candidate(MODEL, MODEL.routes, Quote(10, 77, clamps=False), Estimate(10, 14, 100)), 77, 50
)
NOBODY = Identity(*(UUID(int=n << 16) for n in range(4)))
REQUEST = UUID(int=9 << 16)


def reservation(*kept: Fitting, policy: RoutingPolicy = ANY_ROUTE) -> Reservation:
    now = datetime.now(UTC)
    return Reservation(REQUEST, NOBODY, "m", kept or (KEPT,), 50, "USD", "pv", now, policy)


class Books:
    """The ledger as a call sees it; keeps what was settled."""

    def __init__(self) -> None:
        self.settled: list[SettleCall] = []

    async def reserve(self, command: ReserveCall) -> Reservation:
        raise AssertionError(command)

    async def settle(self, command: SettleCall) -> Settlement | None:
        self.settled.append(command)
        return Settlement(1, 2, "USD", Usage({}))


class Said:
    """An answer that is already whole."""

    def __init__(self, usage: Usage | None) -> None:
        self.report = Report(usage, {"prompt_tokens": 3})
        self.produced = Produced(lambda: True, lambda: 4)

    async def relay(self) -> AsyncIterator[bytes]:
        yield b""

    def tail(self, metadata: object) -> bytes:
        return b""

    async def close(self) -> None:
        pass


class Scripted:
    """A provider that fails, or answers."""

    def __init__(self, *turns: AttemptError | BaseException | Said) -> None:
        self.turns = list(turns)
        self.calls: list[UpstreamCall] = []

    def check(self, request: object, route: object, output_cap: int) -> None:
        pass

    async def send(self, call: UpstreamCall) -> Said:
        self.calls.append(call)
        turn = self.turns.pop(0)
        if isinstance(turn, BaseException):
            raise turn
        return turn


def call_through(
    one: Scripted, two: Scripted, held: Reservation | None = None
) -> tuple[MeteredCall, Books, Breakers]:
    books, breakers = Books(), Breakers(lambda: 0)
    upstreams = Upstreams({"one": one, "two": two}, breakers, "USD", lambda _: 0)
    ticks = iter(range(0, 10_000, 10))
    call = MeteredCall(
        books, upstreams, lambda: next(ticks), held or reservation(), CallSteps(lambda: 0)
    )
    return call, books, breakers


def failure(outcome: str = "status_500", *, elsewhere: bool = True, cool: int = 0) -> AttemptError:
    return AttemptError(outcome, UpstreamError(), elsewhere=elsewhere, cool_seconds=cool)


GOOD = Said(exclusive(input=3, output=4))


def test_the_first_route_answers_and_the_charge_names_usage_cost_and_provider() -> None:
    one = Scripted(GOOD)
    call, books, _ = call_through(one, Scripted())

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    (settled,) = books.settled
    assert one.calls[0].output_cap == 77
    assert settled.outcome.basis == "reported"
    assert settled.outcome.usage == {"input": 3, "output": 4}
    assert settled.outcome.reported == {"prompt_tokens": 3}
    assert settled.outcome.provider == "one"
    assert [(a.provider, a.outcome, a.cost) for a in settled.attempts] == [("one", "ok", 11)]
    assert call.ended
    assert call.settlement is not None
    assert not call.failed_over


def test_a_failed_route_is_recorded_and_cooled_and_the_next_one_answers() -> None:
    call, books, breakers = call_through(Scripted(failure(cool=5)), Scripted(GOOD))

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    (settled,) = books.settled
    outcomes = [(a.provider, a.outcome, a.cost) for a in settled.attempts]
    assert outcomes == [("one", "status_500", None), ("two", "ok", None)]
    assert call.failed_over
    assert breakers.standing(MODEL, FIRST) is Standing.OPEN
    assert breakers.standing(MODEL, SECOND) is Standing.CLOSED


def test_when_every_route_fails_the_hold_is_released_and_the_last_failure_told() -> None:
    saturated = AttemptError("status_429", UpstreamRateLimitedError(7))
    call, books, _ = call_through(Scripted(failure()), Scripted(saturated))

    with pytest.raises(UpstreamRateLimitedError) as raised:
        asyncio.run(call.dispatch("request"))

    (settled,) = books.settled
    assert raised.value.retry_after == 7
    assert settled.outcome.reason == "upstream_rate_limited"
    assert [a.outcome for a in settled.attempts] == ["status_500", "status_429"]


def test_when_every_route_is_saturated_the_shortest_wait_is_told() -> None:
    one, two = (AttemptError("status_429", UpstreamRateLimitedError(n)) for n in (3, 9))
    call, _, _ = call_through(Scripted(one), Scripted(two))

    with pytest.raises(UpstreamRateLimitedError) as raised:
        asyncio.run(call.dispatch("request"))

    assert raised.value.retry_after == 3


def test_a_fault_of_the_request_itself_is_not_tried_elsewhere() -> None:
    rejected = AttemptError("status_400", UpstreamRejectedError(400, None, None), elsewhere=False)
    two = Scripted(GOOD)
    call, books, _ = call_through(Scripted(rejected), two)

    with pytest.raises(UpstreamRejectedError):
        asyncio.run(call.dispatch("request"))

    assert not two.calls
    assert books.settled[0].outcome.reason == "upstream_rejected"


def test_an_attempt_cut_short_is_recorded_for_the_supplier_may_have_worked() -> None:
    call, books, _ = call_through(Scripted(asyncio.CancelledError()), Scripted())

    async def scenario() -> None:
        with pytest.raises(asyncio.CancelledError):
            await call.dispatch("request")
        await call.release("upstream_timeout")

    asyncio.run(scenario())

    (settled,) = books.settled
    assert [a.outcome for a in settled.attempts] == ["abandoned"]
    assert settled.outcome.reason == "upstream_timeout"


def test_usage_beyond_belief_is_quarantined() -> None:
    call, books, _ = call_through(Scripted(Said(exclusive(input=10**6, output=1))), Scripted())

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    assert books.settled[0].outcome.reason == QUARANTINED
    assert books.settled[0].outcome.basis is None


def test_a_broken_answer_is_charged_by_what_was_relayed() -> None:
    call, books, _ = call_through(Scripted(Said(None)), Scripted())

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=False))

    (settled,) = books.settled
    assert settled.outcome.basis == "partial"
    assert settled.outcome.usage == {"input": 10, "output": 4}
    assert settled.attempts[-1].outcome == "broken"


def test_a_forgiven_answer_still_costs_what_the_supplier_may_bill() -> None:
    call, books, _ = call_through(Scripted(GOOD), Scripted())

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.forgive(answer, "upstream_error"))

    (settled,) = books.settled
    assert (settled.outcome.basis, settled.outcome.reason) == (None, "upstream_error")
    assert [(a.provider, a.outcome, a.cost) for a in settled.attempts] == [("one", "broken", 11)]


def test_what_a_supplier_bills_for_an_impossible_report_is_unknown() -> None:
    call, books, _ = call_through(Scripted(Said(exclusive(input=3_000, output=4))), Scripted())

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    (settled,) = books.settled
    assert settled.outcome.reason == "quarantined"
    assert [(a.provider, a.outcome, a.cost) for a in settled.attempts] == [("one", "ok", None)]


def test_an_answer_that_we_fail_on_ourselves_is_an_attempt_all_the_same() -> None:
    call, books, _ = call_through(Scripted(GOOD), Scripted())

    asyncio.run(call.dispatch("request"))
    asyncio.run(call.release("internal_error"))

    (settled,) = books.settled
    assert [(a.outcome, a.cost) for a in settled.attempts] == [("abandoned", None)]


def test_a_call_ends_once() -> None:
    call, _, _ = call_through(Scripted(), Scripted())
    asyncio.run(call.release("x"))

    with pytest.raises(AssertionError):
        asyncio.run(call.release("x"))


def test_a_broken_answer_says_what_the_caller_is_told() -> None:
    told = UpstreamError()

    assert BrokenAnswerError(told).error is told


def test_a_route_that_cannot_take_the_call_as_it_was_held_leaves_it_to_the_next() -> None:
    """Its cap may be lower than the caller's: what his funds allow."""
    refused = AttemptError("not_carried", UnsupportedParameterError("thinking"))
    one, two = Scripted(refused), Scripted(GOOD)
    call, books, _ = call_through(one, two)

    answer = asyncio.run(call.dispatch("request"))
    asyncio.run(call.charge(answer, complete=True))

    assert [attempt.outcome for attempt in books.settled[0].attempts] == ["not_carried", "ok"]


def test_a_call_that_no_route_can_take_as_it_was_held_is_released_and_names_the_field() -> None:
    refused = [AttemptError("not_carried", UnsupportedParameterError("thinking")) for _ in "12"]
    call, books, _ = call_through(Scripted(refused[0]), Scripted(refused[1]))

    with pytest.raises(UnsupportedParameterError, match="thinking"):
        asyncio.run(call.dispatch("request"))

    assert books.settled[0].outcome.reason == "unsupported_parameter"
