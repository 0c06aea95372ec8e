"""What a worker knows of limits, when it asks again, and that a failing limiter stops nobody."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.rate_limits.bucket import NEVER_MS, Bucket, Level, Taken, Taking
from api import rate_limiter
from api.rate_limiter import Admission, RateLimiter
from domain.limits import UNLIMITED, CallLimits, Limits, RateLimitedError
from domain.reserve_call import Identity

WHO = Identity(*(UUID(int=n) for n in range(1, 5)))
KEY, CUSTOMER = WHO.key_id, WHO.customer_id
TEN = Limits(requests_per_minute=10, tokens_per_minute=1_000)


class FakeBuckets:
    """Takes everything, unless told otherwise, and remembers it."""

    def __init__(self) -> None:
        self.taken: list[list[Taking]] = []
        self.corrected: list[Taking] = []
        self.refuse: dict[Bucket, int] = {}
        self.fail: BaseException | None = None

    async def take(self, takings: list[Taking]) -> Taken:
        if isinstance(self.fail, TimeoutError):
            await asyncio.sleep(60)
        if self.fail is not None:
            raise self.fail
        self.taken.append(takings)
        levels = [Level(one.bucket, one.limit, 1, 2, 3) for one in takings]
        refused = next((one.bucket for one in takings if one.bucket in self.refuse), None)
        return Taken(levels, refused, self.refuse[refused] if refused else 0)

    async def look(self, takings: list[Taking]) -> Taken:
        taken = await self.take(takings)
        if self.fail is None:
            self.taken.pop()
        return taken

    def correct(self, corrections: Iterable[Taking]) -> None:
        self.corrected += corrections


class Desk:
    """A limiter, with what it asks and what it is told."""

    def __init__(self, key: Limits = UNLIMITED, customer: Limits = UNLIMITED) -> None:
        self.limits = CallLimits(key, customer)
        self.looks = 0
        self.failures = 0
        self.now = 100.0
        self.buckets = FakeBuckets()
        self.limiter = RateLimiter(self.buckets, self, lambda: self.now, self._failed)  # type: ignore[arg-type]

    def _failed(self) -> None:
        self.failures += 1

    async def read(self, _: Any) -> CallLimits:
        self.looks += 1
        return self.limits

    def admit(self, inputs: int = 10, outputs: int = 20) -> Admission | None:
        return asyncio.run(self.limiter.admit(WHO, inputs, outputs))


def taking(holder: UUID, kind: str, limit: int, amount: int) -> Taking:
    return Taking(Bucket(holder, kind), limit, amount)


def test_a_key_without_limits_is_looked_at_once_and_asks_no_bucket() -> None:
    desk = Desk()

    assert [desk.admit() for _ in range(3)] == [None] * 3
    assert (desk.looks, desk.buckets.taken) == (1, [])


def test_parallel_calls_are_no_matter_of_buckets() -> None:
    assert Desk(Limits(parallel_calls=1)).admit() is None


def test_a_call_takes_one_request_and_all_the_tokens_that_it_may_come_to() -> None:
    desk = Desk(TEN, Limits(tokens_per_minute=500))
    admission = desk.admit()

    assert admission is not None
    assert admission.refusal is None
    assert desk.buckets.taken == [
        [
            taking(KEY, "requests", 10, 1),
            taking(KEY, "tokens", 1_000, 30),
            taking(CUSTOMER, "tokens", 500, 30),
        ]
    ]
    assert [level.limit for level in admission.levels] == [10, 1_000, 500]


@pytest.mark.parametrize(
    ("inputs", "outputs", "taken"), [(10, 5_000, 1_000), (990, 10, 1_000), (1_001, 5, 1_001)]
)
def test_only_the_prompt_alone_can_exceed_a_limit_for_ever(
    inputs: int, outputs: int, taken: int
) -> None:
    desk = Desk(Limits(tokens_per_minute=1_000))
    desk.admit(inputs, outputs)

    assert desk.buckets.taken == [[taking(KEY, "tokens", 1_000, taken)]]


def test_what_a_hold_found_counts_from_the_next_call_on() -> None:
    desk = Desk()
    desk.admit()
    desk.limiter.learn(WHO, CallLimits(TEN))
    desk.admit()
    desk.limiter.learn(WHO, CallLimits())
    desk.admit()

    assert (desk.looks, len(desk.buckets.taken)) == (1, 1)


@pytest.mark.parametrize(
    ("holder", "name"), [(KEY, "key"), (CUSTOMER, "customer")], ids=["key", "customer"]
)
@pytest.mark.parametrize(
    ("waits", "seconds"), [(1, 1), (1_001, 2), (59_999, 60), (110_000, 60), (NEVER_MS, None)]
)
def test_a_refusal_says_whose_limit_it_is_and_how_long_to_wait(
    holder: UUID, name: str, waits: int, seconds: int | None
) -> None:
    desk = Desk(TEN, TEN)
    desk.buckets.refuse = {Bucket(holder, "tokens"): waits}
    admission = desk.admit()

    assert admission is not None
    assert admission.refusal is not None
    assert (admission.refusal.kind, admission.refusal.holder) == ("tokens", name)
    assert (admission.refusal.limit, admission.refusal.retry_after) == (1_000, seconds)
    assert len(admission.levels) == 4


def test_a_refused_key_is_looked_at_again_once_a_second() -> None:
    desk = Desk(TEN)
    desk.buckets.refuse = {Bucket(KEY, "requests"): 5}
    for _ in range(5):
        desk.admit()
    assert desk.looks == 2

    desk.now += 1
    desk.admit()
    assert desk.looks == 3


def test_a_limit_that_was_raised_lets_a_refused_key_through_at_once() -> None:
    desk = Desk(TEN)
    desk.admit()
    desk.buckets.refuse = {Bucket(KEY, "requests"): 5}
    desk.limits = CallLimits()

    assert desk.admit() is None

    desk.limiter.learn(WHO, CallLimits(TEN))
    desk.limits = CallLimits(Limits(tokens_per_minute=7))
    desk.now += 1
    admission = desk.admit(1, 1)
    assert admission is not None
    assert admission.refusal is None
    assert desk.buckets.taken[-1] == [taking(KEY, "tokens", 7, 2)]


@pytest.mark.parametrize(
    "fault", [psycopg.OperationalError("gone"), TimeoutError()], ids=["error", "silence"]
)
def test_a_limiter_that_fails_lets_the_call_through_and_is_counted(
    fault: BaseException, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rate_limiter, "PATIENCE_SECONDS", 0.01)
    desk = Desk(TEN)
    desk.buckets.fail = fault

    assert desk.admit() is None
    assert desk.failures == 1
    assert [record.message for record in caplog.records] == ["a call went unlimited"]


@pytest.mark.parametrize(("real", "corrections"), [(12, [-18]), (0, [-30]), (45, [15]), (30, [])])
def test_a_calls_tokens_are_corrected_and_its_request_is_not(
    real: int, corrections: list[int]
) -> None:
    desk = Desk(TEN)
    admission = desk.admit()
    assert admission is not None
    desk.limiter.correct(admission, real)

    assert desk.buckets.corrected == [taking(KEY, "tokens", 1_000, by) for by in corrections]


def test_a_refused_call_has_nothing_to_give_back() -> None:
    desk = Desk(TEN)
    desk.buckets.refuse = {Bucket(KEY, "requests"): 5}
    admission = desk.admit()
    assert admission is not None
    desk.limiter.correct(admission, 0)

    assert desk.buckets.corrected == []


def test_a_worker_forgets_the_keys_that_it_has_not_seen_for_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limiter, "KNOWN_MAX", 2)
    desk = Desk()
    others = [Identity(KEY, UUID(int=n), KEY, CUSTOMER) for n in range(10, 14)]

    async def story(admit: Callable[..., Awaitable[object]]) -> None:
        for who in (*others, others[-1], others[0]):
            await admit(who, 1, 1)

    asyncio.run(story(desk.limiter.admit))

    assert desk.looks == 5


def look(desk: Desk, inputs: int = 10, outputs: int = 20) -> RateLimitedError | None:
    return asyncio.run(desk.limiter.look(WHO, desk.limits, inputs, outputs))


def test_looking_tells_the_refusal_of_the_next_call_and_takes_nothing() -> None:
    desk = Desk(TEN)
    desk.buckets.refuse = {Bucket(KEY, "requests"): 1_500}

    refusal = look(desk)

    assert refusal is not None
    assert (refusal.kind, refusal.holder, refusal.limit, refusal.retry_after) == (
        "requests", "key", 10, 2,
    )  # fmt: skip
    assert desk.buckets.taken == []


def test_nobody_is_refused_ahead_without_limits_or_with_room_in_them() -> None:
    assert look(Desk()) is None
    assert look(Desk(TEN)) is None


def test_a_limiter_that_fails_refuses_nobody_ahead() -> None:
    desk = Desk(TEN)
    desk.buckets.fail = psycopg.OperationalError()

    assert look(desk) is None
