"""Reserving and settling on a ledger that fails as it is told to."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters.ledger import settling as settling_module
from adapters.ledger.group_commit import OutcomeUnknownError
from adapters.ledger.settling import SettlingLedger
from adapters.ledger.spool import Spool
from domain.errors import BillingUnavailableError, InsufficientBalanceError, NotFoundError
from domain.ports import Command
from domain.reserve_call import ReserveCall
from domain.settle_call import SettleCall
from tests.adapters.ledger.till import Till, run

T = TypeVar("T")
Script = Callable[[Command[Any]], Any]
TILL = Till()
SHORTAGE = InsufficientBalanceError(required=1, available=0, reserved=0, currency="USD")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling_module, "RETRY_SECONDS", 0.001)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


class ScriptedLedger:
    """Answers each command as it is told to: with a result, an error, or once somebody says so."""

    def __init__(self, script: Script = lambda command: "done") -> None:
        self.script = script
        self.asked: list[Command[Any]] = []

    async def execute(self, command: Command[T]) -> T:
        self.asked.append(command)
        answer = self.script(command)
        if isinstance(answer, asyncio.Future):
            answer = await answer
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]

    async def read(self, query: Command[T]) -> T:
        raise NotImplementedError

    @property
    def settled(self) -> list[SettleCall]:
        return [command for command in self.asked if isinstance(command, SettleCall)]


def settling_on(ledger: ScriptedLedger, spool: Spool) -> SettlingLedger:
    return SettlingLedger(ledger, spool, patience_seconds=0.02)


def waiting(spool: Spool) -> list[SettleCall]:
    return [settled for _, settled in spool.waiting()]


def reasons(settlings: list[SettleCall]) -> list[tuple[object, str | None]]:
    return [(settled.request_id, settled.outcome.reason) for settled in settlings]


async def cancelled(task: "asyncio.Future[Any]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def down_for_settlings(command: Command[Any]) -> Any:
    return BillingUnavailableError() if isinstance(command, SettleCall) else "held"


def test_a_refusal_is_passed_on_and_leaves_nothing_to_settle(spool: Spool) -> None:
    async def story() -> None:
        ledger = ScriptedLedger(lambda command: SHORTAGE)
        settling = settling_on(ledger, spool)

        with pytest.raises(InsufficientBalanceError):
            await settling.reserve(TILL.call())
        await settling.close()

        assert ledger.settled == []

    run(story())
    assert not spool


def test_a_settling_is_tried_until_the_ledger_takes_it(spool: Spool) -> None:
    answers = [BillingUnavailableError(), OutcomeUnknownError(), BillingUnavailableError(), "done"]

    async def story() -> Any:
        ledger = ScriptedLedger(lambda command: answers.pop(0))
        return await SettlingLedger(ledger, spool, patience_seconds=20).settle(
            TILL.charge(TILL.call())
        )

    assert run(story()) == "done"
    assert answers == []
    assert not spool


def test_a_settling_that_the_ledger_cannot_take_is_spooled_and_the_answer_ends(
    spool: Spool,
) -> None:
    charge = TILL.charge(TILL.call())

    async def story() -> Any:
        return await settling_on(ScriptedLedger(down_for_settlings), spool).settle(charge)

    assert run(story(), seconds=10) is None
    assert waiting(spool) == [charge]


def test_what_is_spooled_is_settled_before_the_next_reserve(spool: Spool) -> None:
    charge, call = TILL.charge(TILL.call()), TILL.call()

    async def story() -> list[Command[Any]]:
        ledger = ScriptedLedger(down_for_settlings)
        settling = settling_on(ledger, spool)
        await settling.settle(charge)
        ledger.script = lambda command: "done"
        ledger.asked.clear()

        await settling.reserve(call)
        return ledger.asked

    assert run(story()) == [charge, call]
    assert not spool


def test_while_the_spool_cannot_be_settled_nothing_is_reserved(spool: Spool) -> None:
    async def story() -> list[Command[Any]]:
        ledger = ScriptedLedger(down_for_settlings)
        settling = settling_on(ledger, spool)
        await settling.settle(TILL.charge(TILL.call()))

        with pytest.raises(BillingUnavailableError):
            await settling.reserve(TILL.call())
        return ledger.asked

    assert not any(isinstance(asked, ReserveCall) for asked in run(story()))
    assert len(waiting(spool)) == 1


def test_a_spool_of_a_dead_process_is_settled_before_the_first_reserve(spool: Spool) -> None:
    left, call = TILL.charge(TILL.call()), TILL.call()
    spool.write(left)

    async def story() -> list[Command[Any]]:
        ledger = ScriptedLedger()
        await settling_on(ledger, spool).reserve(call)
        return ledger.asked

    assert run(story()) == [left, call]
    assert not spool


def test_every_reserve_waits_while_the_spool_is_settled(spool: Spool) -> None:
    left, calls = TILL.charge(TILL.call()), [TILL.call() for _ in range(3)]
    spool.write(left)

    async def story() -> list[Command[Any]]:
        slow: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        ledger = ScriptedLedger(lambda command: slow)
        settling = settling_on(ledger, spool)
        reserving = [asyncio.create_task(settling.reserve(call)) for call in calls]
        for _ in range(10):
            await asyncio.sleep(0)
        assert ledger.asked == [left]
        slow.set_result("done")
        await asyncio.gather(*reserving)
        return ledger.asked

    assert run(story()) == [left, *calls]


def test_an_empty_spool_is_not_looked_at_for_every_reserve(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(Spool, "waiting", lambda self: looks.append(1) or iter(()))

    async def story() -> None:
        settling = settling_on(ScriptedLedger(), spool)
        for _ in range(3):
            await settling.reserve(TILL.call())

    run(story())
    assert looks == [1]


def test_what_is_spooled_while_the_spool_is_settled_is_not_forgotten(spool: Spool) -> None:
    first, second, call = TILL.charge(TILL.call()), TILL.charge(TILL.call()), TILL.call()
    spool.write(first)

    async def story() -> list[Command[Any]]:
        slow: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        ledger = ScriptedLedger(lambda c: BillingUnavailableError() if c == second else slow)
        settling = settling_on(ledger, spool)
        replaying = asyncio.create_task(settling.replay())
        await settling.settle(second)
        slow.set_result("done")
        await replaying
        ledger.script = lambda command: "done"
        ledger.asked.clear()

        await settling.reserve(call)
        return ledger.asked

    assert run(story()) == [second, call]
    assert not spool


def test_a_spooled_call_that_was_never_reserved_is_dropped(spool: Spool) -> None:
    spool.write(TILL.release(TILL.call()))

    async def story() -> None:
        ledger = ScriptedLedger(lambda c: NotFoundError("request"))
        await settling_on(ledger, spool).replay()

    run(story())
    assert not spool


def test_a_settling_that_breaks_a_rule_is_set_aside_and_the_rest_is_settled(
    spool: Spool, tmp_path: Path
) -> None:
    broken, sound = TILL.charge(TILL.call()), TILL.charge(TILL.call())
    spool.write(broken)
    spool.write(sound)

    async def story() -> list[Command[Any]]:
        ledger = ScriptedLedger(lambda c: AssertionError("a rule") if c == broken else "done")
        await settling_on(ledger, spool).replay()
        return ledger.asked

    assert run(story()) == [broken, sound]
    assert not spool
    assert [path.stem for path in tmp_path.glob("*.failed")] == [broken.request_id.hex]


def test_a_live_settling_that_breaks_a_rule_is_set_aside_and_raised(
    spool: Spool, tmp_path: Path
) -> None:
    charge = TILL.charge(TILL.call())

    async def story() -> None:
        await settling_on(ScriptedLedger(lambda c: AssertionError("a rule")), spool).settle(charge)

    with pytest.raises(AssertionError, match="a rule"):
        run(story())
    assert [path.stem for path in tmp_path.glob("*.failed")] == [charge.request_id.hex]


def test_a_reserve_of_unknown_outcome_is_released_before_the_next_reserve(spool: Spool) -> None:
    lost, call = TILL.call(), TILL.call()

    async def story() -> list[Command[Any]]:
        ledger = ScriptedLedger(lambda command: OutcomeUnknownError())
        settling = settling_on(ledger, spool)
        with pytest.raises(OutcomeUnknownError):
            await settling.reserve(lost)
        assert reasons(waiting(spool)) == [(lost.request_id, "commit_unknown")]
        ledger.script = lambda command: "done"

        await settling.reserve(call)
        assert ledger.asked[-1] == call
        return ledger.settled

    assert reasons(run(story())) == [(lost.request_id, "commit_unknown")]
    assert not spool
