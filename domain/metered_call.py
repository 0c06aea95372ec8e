"""The metered call: held, attempted route by route, and ended exactly once.

reserve ─▶ dispatch ─▶ (relay) ─▶ charge
              └─ every route failed ─▶ release
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.catalog import Model, Route
from domain.errors import UpstreamError, UpstreamFailureError, UpstreamRateLimitedError
from domain.metering import Estimate, Verdict, judge
from domain.money import Nanos
from domain.pricing import rate
from domain.reserve_call import Reservation, ReserveCall
from domain.routing import CoolDowns
from domain.settle_call import Attempt, Outcome, SettleCall, Settlement
from domain.upstream import Answer, AttemptError, Provider, UpstreamCall

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
    cool_downs: CoolDowns
    currency: str
    """What suppliers' costs are in."""


class MeteredCall:
    """One call's way through; `clock` is in milliseconds and only ever subtracted."""

    def __init__(
        self,
        ledger: CallLedger,
        upstreams: Upstreams,
        clock: Callable[[], int],
        *,
        model: Model,
        estimate: Estimate,
        reservation: Reservation,
    ) -> None:
        self.reservation = reservation
        self.model = model
        self.route: Route | None = None
        self.failed_over = False
        self.settlement: Settlement | None = None
        self.ended = False
        self._ledger = ledger
        self._upstreams = upstreams
        self._clock = clock
        self._estimate = estimate
        self._started = clock()
        self._attempts: list[Attempt] = []
        self.first_byte_ms: int | None = None

    async def dispatch(self, request: object) -> Answer:
        """Try the model's routes in order until one answers.

        When none does, the hold is released and the last failure raised.
        """
        failure: UpstreamFailureError | None = None
        for route in self._upstreams.cool_downs.order(self.model, self.reservation.providers):
            began = self._clock()
            try:
                answer = await self._send(route, request)
            except AttemptError as attempt:
                failure = _worse(failure, attempt.error)
                self._failed(route, attempt, began)
                if not attempt.elsewhere:
                    break
            except BaseException:
                # The deadline or a shutdown: the supplier may have worked for us all the same.
                self._record_attempt(route, "abandoned", None, self._clock() - began)
                raise
            else:
                self._answered(route)
                return answer
        failure = failure or UpstreamError()
        await self.release(failure.code)
        raise failure

    async def charge(self, answer: Answer, *, complete: bool) -> None:
        """End the hold with what the answer comes to, or quarantine a report beyond belief."""
        verdict = self._judge(answer, complete=complete)
        self._attempted("ok" if complete else "broken", verdict)
        outcome = Outcome(
            self.elapsed_ms,
            basis=verdict.basis,
            reason=None if verdict.basis else QUARANTINED,
            usage=dict(verdict.usage.buckets),
            reported=answer.report.counters,
            flags=verdict.flags,
            provider=self.route.provider if self.route else "",
            first_byte_ms=self.first_byte_ms,
        )
        await self._end(outcome)

    async def forgive(self, answer: Answer, reason: str) -> None:
        """End the hold with nothing owed; what the supplier may bill all the same is recorded."""
        self._attempted("broken", self._judge(answer, complete=False))
        await self._end(Outcome(self.elapsed_ms, reason=reason))

    async def release(self, reason: str) -> None:
        """End the hold with nothing owed."""
        if self.route is not None:
            # Whatever went wrong after the answer, it must not go wrong here again.
            self._record_attempt(self.route, "abandoned", None, self.elapsed_ms)
        await self._end(Outcome(self.elapsed_ms, reason=reason))

    def _judge(self, answer: Answer, *, complete: bool) -> Verdict:
        return judge(
            answer.report,
            answer.produced,
            self._estimate,
            output_max=self.model.context_tokens * self.reservation.choices,
            complete=complete,
        )

    async def _send(self, route: Route, request: object) -> Answer:
        provider = self._upstreams.providers[route.provider]
        request_id = self.reservation.request_id.hex
        return await provider.send(
            UpstreamCall(request_id, self.model.id, route, request, self.reservation.output_cap)
        )

    async def _end(self, outcome: Outcome) -> None:
        assert not self.ended, "a hold ends once"
        self.ended = True
        self.settlement = await self._ledger.settle(
            SettleCall(
                self.reservation.request_id,
                self.reservation.identity,
                outcome,
                tuple(self._attempts),
            )
        )

    def _failed(self, route: Route, attempt: AttemptError, began: int) -> None:
        self.failed_over = attempt.elsewhere
        if attempt.cool_seconds:
            self._upstreams.cool_downs.cool(self.model, route, attempt.cool_seconds)
        self._record_attempt(route, attempt.outcome, None, self._clock() - began)

    def _answered(self, route: Route) -> None:
        self.route = route
        self.first_byte_ms = self._clock() - self._started
        self._upstreams.cool_downs.warm(self.model, route)

    def _attempted(self, outcome: str, verdict: Verdict) -> None:
        """Record the attempt that answered, at what the supplier will bill for it.

        Nobody knows what it bills for a report that cannot be, so neither does the record.
        """
        assert self.route is not None, "only an answered call is charged"
        card = self.route.cost if verdict.basis else None
        cost = rate(verdict.usage, card) if card else None
        self._record_attempt(self.route, outcome, cost, self.elapsed_ms)

    def _record_attempt(
        self, route: Route, outcome: str, cost: Nanos | None, milliseconds: int
    ) -> None:
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
    def elapsed_ms(self) -> int:
        """Milliseconds since the hold."""
        return self._clock() - self._started


def _worse(before: UpstreamFailureError | None, now: UpstreamFailureError) -> UpstreamFailureError:
    """Choose what to tell: when all are saturated, the shortest wait; else the latest failure."""
    if isinstance(before, UpstreamRateLimitedError) and isinstance(now, UpstreamRateLimitedError):
        return min(before, now, key=lambda failure: failure.retry_after or 0)
    return now
