"""Histories in which suppliers fail, are retried, name no cost and answer after midnight."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from domain import inference_request as request
from domain.errors import GatewayError
from domain.inference_request import REPORTED
from domain.reserve_call import Reservation
from domain.settle_call import Attempt, Outcome
from domain.usage import METERED
from tests.projections.history import History

FAILURES = ("timeout", "status_500", "status_429", "not_sent", "abandoned")
UPSTREAM = {"p": "up-1", "q": "up-2"}
COLUMNS = (
    "day", "provider", "upstream_model", "model", "customer_id", "currency",
    "outcome", "priced", "crossed",
)  # fmt: skip
SUMS = ("attempts", "cost", "charges", "charged", "corrected")


class Supplied(History):
    """A shop whose calls go to two suppliers; days pass quickly."""

    def live_on(self, steps: int) -> None:
        doings = [
            (self.begin, 30), (self.answer, 26), (self.fail, 8), (self.doubt, 2), (self.lose, 3),
            (self.late, 3), (self.repair, 5), (self.wait, 8), (self.top_up, 5),
        ]  # fmt: skip
        for _ in range(steps):
            self.who = self.random.choice(self.everyone)
            doing = self.random.choices(*zip(*doings, strict=True))[0]
            with suppress(GatewayError):
                doing()

    def begin(self) -> Reservation:
        call = self.call(
            self.random.randint(0, 400),
            self.random.randint(1, 4_000),
            model=self.random.choice(["m", "m", "free"]),
            hold_for=timedelta(hours=self.random.choice([1, 30])),
        )
        held = self.do(call)
        self.held.append((self.who, held))
        return held

    def attempts(self, *outcomes: str) -> tuple[Attempt, ...]:
        return tuple(self.attempt(outcome) for outcome in outcomes)

    def attempt(self, outcome: str) -> Attempt:
        provider = self.random.choice(["p", "q"])
        answered = outcome in {"ok", "broken"}
        cost = self.random.choice([None, 0, 7, 50]) if answered else None
        return Attempt(provider, UPSTREAM[provider], outcome, cost, "USD", 12)

    def failures(self) -> list[str]:
        return self.random.choices(FAILURES, k=self.random.choice([0, 0, 0, 1, 2]))

    def answer(self) -> None:
        held = self.pick()
        usage = {name: self.random.choice([0, 0, self.random.randint(1, 300)]) for name in METERED}
        attempts = self.attempts(*self.failures(), self.random.choice(["ok", "ok", "broken"]))
        reported = {"completion_tokens": sum(usage.values())}
        outcome = Outcome(
            1, basis=REPORTED, usage=usage, reported=reported, provider=attempts[-1].provider
        )
        self.settle(held, outcome, attempts=attempts)

    def fail(self) -> None:
        attempts = self.attempts(*self.failures())
        self.settle(self.pick(), Outcome(1, reason="upstream_error"), attempts=attempts)

    def doubt(self) -> None:
        attempts = self.attempts(*self.failures(), "ok")
        self.settle(self.pick(), Outcome(1, reason="quarantined"), attempts=attempts)

    def lose(self) -> None:
        self.tick(hours=31)
        self.sweep(*(held for who, held in self.held if who == self.who))

    def late(self) -> None:
        """A call that was lost is settled after all."""
        lost = [
            (who, held) for who, held in self.held if self.request(held).state == request.UNKNOWN
        ]
        if lost:
            self.who, held = self.random.choice(lost)
            outcome = Outcome(1, basis=REPORTED, usage={"input": 3, "output": 4}, provider="p")
            self.settle(held, outcome, attempts=self.attempts("ok"))

    def repair(self) -> None:
        held = self.random.choice(self.held)[1] if self.held else self.begin()
        self.correct(held, self.random.choice([-70, -1, 1, 20]))

    def wait(self) -> None:
        self.tick(minutes=self.random.choice([0, 5, 200]))

    def top_up(self) -> None:
        self.grant(self.random.randint(1, 50_000))


def naive(facts: Iterable[Any]) -> dict[tuple[Any, ...], Counter[str]]:
    """What the rows must be, worked out call by call and without any projection."""
    calls: dict[Any, list[Any]] = defaultdict(list)
    for fact in facts:
        if fact.TOPIC.startswith("inference_request."):
            calls[fact.originator_id].append(fact)
    rows: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for story in calls.values():
        _add_call(story, rows)
    return {key: row for key, row in rows.items() if any(row.values())}


def _add_call(story: list[Any], rows: dict[tuple[Any, ...], Counter[str]]) -> None:
    ends = [f for f in story if isinstance(f, request.Charged | request.Released)]
    if not ends:
        return
    first, end = story[0], ends[-1]
    day = first.timestamp.date()
    crossed = end.timestamp.date() != day
    place = (
        day, getattr(end, "provider", ""), "", first.model, first.customer_id, "", "none", False,
        crossed,
    )  # fmt: skip
    for made in (f for f in story if isinstance(f, request.Attempted)):
        answered = made.outcome in ("ok", "broken")
        doubted = answered and getattr(end, "reason", "") == "quarantined"
        here = (
            day, made.provider, made.upstream_model, first.model, first.customer_id,
            made.cost_currency, "quarantined" if doubted else made.outcome,
            made.cost is not None and not doubted, crossed,
        )  # fmt: skip
        rows[here].update(attempts=1, cost=made.cost or 0)
        place = here if answered else place
    if isinstance(end, request.Charged):
        rows[place].update(charges=1, charged=end.amount, **_supplied(end))
    for correction in (f for f in story if isinstance(f, request.Corrected)):
        rows[place].update(corrected=correction.amount)


def _supplied(end: Any) -> dict[str, int]:
    """All that was produced, whatever of it was beyond the cap."""
    usage = dict(end.usage)
    if "output_beyond_cap" in end.flags:
        outputs = ("output", "reasoning", "citation", "audio_output", "image_output")
        missing = end.reported["completion_tokens"] - sum(usage.get(n, 0) for n in outputs)
        usage["output"] = usage.get("output", 0) + missing
    return usage
