"""The metered call: held, attempted route by route, and ended exactly once.

reserve ─▶ dispatch ─▶ (relay) ─▶ charge
   │          └─ every route failed ─▶ release
   └─ the answer is known ─▶ recall ─▶ charge
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from domain.breakers import Breakers
from domain.call_steps import ATTEMPT, CHARGE, RELAY, RELEASE, SEND, CallSteps
from domain.candidates import Candidate
from domain.catalog import Model, Route
from domain.errors import (
    InvalidRequestError,
    UpstreamError,
    UpstreamFailureError,
    UpstreamRateLimitedError,
)
from domain.inference_request import CACHED
from domain.kept_answer import Origin, Return, origin_of
from domain.metering import Verdict, judge
from domain.money import Nanos
from domain.pricing import rate
from domain.reserve_call import Reservation, ReserveCall
from domain.routing import Draw, Stop, Walk
from domain.routing_policy import retries_after
from domain.service_tier import billed_at
from domain.settle_call import Attempt, Outcome, SettleCall, Settlement
from domain.upstream import Answer, AttemptError, Provider, UpstreamCall

Failure = UpstreamFailureError | InvalidRequestError
"""Why no route answered: the provider failed, or it cannot take the call as it was held."""

QUARANTINED = "quarantined"


class CallLedger(Protocol):
    """The ledger as a call needs it."""

    async def reserve(self, command: ReserveCall) -> Reservation:
        """Hold, or raise a refusal or BillingUnavailableError."""
        ...

    async def settle(self, command: SettleCall) -> Settlement | None:
        """End the hold, whatever becomes of the caller; None if that will happen later."""
        ...


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Everything that leads upstream."""

    providers: Mapping[str, Provider]
    breakers: Breakers
    currency: str
    """What suppliers' costs are in."""
    draw: Draw
    """The lot that chooses between routes with weights."""


class MeteredCall:
    """One call's way through; `clock` is in milliseconds and only ever subtracted."""

    def __init__(
        self,
        ledger: CallLedger,
        upstreams: Upstreams,
        clock: Callable[[], int],
        reservation: Reservation,
        steps: CallSteps,
    ) -> None:
        self.reservation = reservation
        self.route: Route | None = None
        self.failed_over = False
        self.settlement: Settlement | None = None
        self.ended = False
        self.recalled: Origin | None = None
        """What is given again instead of asking a provider."""
        self._verdict: Verdict | None = None
        self._ledger = ledger
        self._upstreams = upstreams
        self._clock = clock
        self.steps = steps
        self._held = reservation.kept[0]
        self._started = clock()
        self._attempts: list[Attempt] = []
        self.first_byte_ms: int | None = None

    async def dispatch(self, request: object) -> Answer:
        """Try the candidates' routes until one answers.

        When none does, the hold is released and the last failure raised.
        """
        upstreams, failure = self._upstreams, None
        walk = Walk(self.reservation.kept, upstreams.breakers, upstreams.draw)
        while stop := walk.next():
            try:
                answer = await self._stop_at(stop, request)
            except AttemptError as attempt:
                failure = _worse(failure, attempt.error)
                if not attempt.elsewhere or not self.reservation.policy.fallback:
                    break
                self.failed_over = True
            else:
                return answer
        failure = failure or UpstreamError()
        await self.release(failure.code)
        raise failure

    def recall(self, origin: Origin) -> bool:
        """Answer with what is kept, if it came by a way that the call may take; else dispatch."""
        way = origin.way_back(self.reservation.kept)
        if way is not None:
            self._held, self.route = way
            self.steps.begin(RELAY)
            self.recalled = origin
            self.first_byte_ms = self.elapsed_ms
        return way is not None

    @property
    def keepable(self) -> Origin | None:
        """Tell what a provider's answer that was charged may be kept as, if it may be kept."""
        if self._verdict is None or self.settlement is None or self.route is None:
            return None
        return origin_of(Return(self._held, self.route), self._verdict, self.settlement)

    async def _stop_at(self, stop: Stop, request: object) -> Answer:
        """Try one route, and again where that may help, or raise the last AttemptError."""
        tries = 1
        while True:
            try:
                return await self._try(stop, request)
            except AttemptError as attempt:
                if tries > retries_after(attempt.outcome, self.reservation.policy):
                    raise
            tries += 1

    async def _try(self, stop: Stop, request: object) -> Answer:
        self.steps.begin(ATTEMPT)
        began, breakers = self._clock(), self._upstreams.breakers
        trial = breakers.begin(stop.model, stop.route)
        try:
            answer = await self._send(stop, request)
        except AttemptError as attempt:
            self._failed(stop, attempt, began, trial=trial)
            raise
        except BaseException:
            # The deadline or a shutdown: the supplier may have worked for us all the same.
            breakers.abandoned(stop.model, stop.route, trial=trial)
            self._record_attempt(stop.route, "abandoned", None, self._clock() - began)
            raise
        self.steps.begin(RELAY)
        self._held, self.route = stop.held, stop.route
        now = self._clock()
        self.first_byte_ms = now - self._started
        breakers.succeeded(stop.model, stop.route, now - began)
        return answer

    async def charge(self, answer: Answer, *, complete: bool) -> None:
        """End the hold with what the answer comes to, or quarantine a report beyond belief."""
        if self.recalled is not None:
            outcome = self._outcome(CACHED, self.recalled.usage)
        else:
            verdict = self._verdict = self._judge(answer, complete=complete)
            self._attempted("ok" if complete else "broken", verdict, answer.report.service_tier)
            outcome = self._outcome(
                verdict.basis,
                verdict.usage.buckets,
                service_tier=answer.report.service_tier,
                reported=answer.report.counters,
                flags=verdict.flags,
            )
        await self._end(outcome)
        self.steps.begin(SEND)

    async def forgive(self, answer: Answer, reason: str) -> None:
        """End the hold with nothing owed; what the supplier may bill all the same is recorded."""
        verdict = self._judge(answer, complete=False)
        self._attempted("broken", verdict, answer.report.service_tier)
        await self._end(Outcome(self.elapsed_ms, reason=reason))
        self.steps.begin(SEND)

    async def release(self, reason: str) -> None:
        """End the hold with nothing owed."""
        if self.route is not None:
            # Whatever went wrong after the answer, it must not go wrong here again.
            self._record_attempt(self.route, "abandoned", None, self.elapsed_ms)
        await self._end(Outcome(self.elapsed_ms, reason=reason))

    def _outcome(self, basis: str | None, usage: Mapping[str, int], **told: Any) -> Outcome:
        return Outcome(
            self.elapsed_ms,
            basis=basis,
            reason=None if basis else QUARANTINED,
            usage=dict(usage),
            provider=self.route.provider if self.route else "",
            first_byte_ms=self.first_byte_ms,
            model=self.model.id,
            **told,
        )

    def _judge(self, answer: Answer, *, complete: bool) -> Verdict:
        return judge(
            answer.report,
            answer.produced,
            self.candidate.estimate,
            output_max=self.model.context_tokens * self.reservation.choices,
            complete=complete,
        )

    async def _send(self, stop: Stop, request: object) -> Answer:
        route = stop.route
        request_id, cap = self.reservation.request_id.hex, stop.held.output_cap
        return await self._upstreams.providers[route.provider].send(
            UpstreamCall(request_id, stop.model.id, route, request, cap, self.steps.traceparent)
        )

    async def _end(self, outcome: Outcome) -> None:
        assert not self.ended, "a hold ends once"
        self.ended = True
        self.steps.begin(CHARGE if outcome.basis else RELEASE)
        self.settlement = await self._ledger.settle(
            SettleCall(
                self.reservation.request_id,
                self.reservation.identity,
                outcome,
                self.attempts,
            )
        )

    def _failed(self, stop: Stop, attempt: AttemptError, began: int, *, trial: bool) -> None:
        breakers = self._upstreams.breakers
        if attempt.cool_seconds:
            breakers.failed(stop.model, stop.route, attempt.cool_seconds, trial=trial)
        else:
            breakers.abandoned(stop.model, stop.route, trial=trial)
        self._record_attempt(stop.route, attempt.outcome, None, self._clock() - began)

    def _attempted(self, outcome: str, verdict: Verdict, reported: str | None) -> None:
        """Record the attempt that answered, at what the supplier will bill for it.

        Nobody knows what it bills for a report that cannot be, so neither does the record.
        """
        assert self.route is not None, "only an answered call is charged"
        card = self.route.cost if verdict.basis else None
        cost = rate(verdict.usage, card, billed_at(card, reported)) if card else None
        self._record_attempt(self.route, outcome, cost, self.elapsed_ms)

    def _record_attempt(
        self, route: Route, outcome: str, cost: Nanos | None, milliseconds: int
    ) -> None:
        if self.recalled is not None:
            return  # no supplier was called
        self._attempts.append(
            Attempt(
                route.provider,
                route.upstream_model,
                outcome,
                cost,
                self._upstreams.currency,
                milliseconds,
            )
        )

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The suppliers that were called so far, and what came of it."""
        return tuple(self._attempts)

    @property
    def candidate(self) -> Candidate:
        """The candidate that answered; until one has, the first."""
        return self._held.candidate

    @property
    def model(self) -> Model:
        """Its model."""
        return self.candidate.model

    @property
    def output_cap(self) -> int:
        """The output cap that was sent there."""
        return self._held.output_cap

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the hold."""
        return self._clock() - self._started


def _worse(before: Failure | None, now: Failure) -> Failure:
    """Choose what to tell: when all are saturated, the shortest wait; else the latest failure."""
    if isinstance(before, UpstreamRateLimitedError) and isinstance(now, UpstreamRateLimitedError):
        return min(before, now, key=lambda failure: failure.retry_after or 0)
    return now
