"""What every ledger promises; run on the one in memory and on PostgreSQL."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
import pytest

from adapters.ledger.aggregates import Row
from domain import manage
from domain.decision import Decision
from domain.errors import (
    ConflictError,
    IdempotencyInProgressError,
    IdempotencyKeyReusedError,
    InsufficientBalanceError,
    NotFoundError,
    WalletFrozenError,
)
from domain.inference_request import InferenceRequest
from domain.reserve_call import Claim
from domain.wallet import Wallet
from tests.adapters.ledger.database import fields
from tests.adapters.ledger.till import HELD, PRICE, Till, broken_midway, mint, run, state_of

Open = Callable[[], AbstractAsyncContextManager[Any]]
AT_ONCE = {
    "wallet.reserved.2",
    "api_key.reserved.1",
    "inference_request.reserved.3",
}


def frozen_by(till: Till, actor: str) -> Decision[None]:
    return manage.freeze_wallet(till.who.wallet_id, frozen=True, actor=actor)


def test_a_command_is_answered_with_its_result(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, _, _):
            till = await Till().open(ledger)
            call = till.call()

            held = await ledger.execute(call)
            settled = await ledger.execute(till.charge(call))

            assert (held.request_id, held.amount) == (call.request_id, HELD)
            assert (settled.amount, settled.available) == (PRICE, 1_000_000 - PRICE)

    run(story())


def test_all_facts_of_a_command_are_appended_in_its_order_and_with_one_time(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, log, _):
            till = await Till().open(ledger)
            before = len(log())

            await ledger.execute(till.call())

            appended = log()[before:]
            assert [row.topic for row in appended] == [
                "api_key.reserved.1",
                "wallet.reserved.2",
                "inference_request.reserved.3",
            ]
            assert len({fields(row)["timestamp"] for row in appended}) == 1

    run(story())


def test_a_refusal_appends_nothing_and_leaves_every_aggregate_as_it_was(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, log, _):
            till = await Till().open(ledger, funds=HELD - 1)
            wallet, count = await ledger.execute(till.wallet), len(log())

            with pytest.raises(InsufficientBalanceError):
                await ledger.execute(till.call())

            assert await ledger.execute(till.wallet) == wallet
            assert await ledger.read(till.wallet) == wallet
            assert len(log()) == count

    run(story())


@pytest.mark.parametrize(
    "error",
    [RuntimeError("a bug"), ConflictError("a refusal too late"), AssertionError("a rule")],
    ids=["a bug", "a late refusal", "a broken rule"],
)
def test_a_command_that_fails_midway_appends_nothing_and_changes_nothing(
    books: Open, error: Exception
) -> None:
    async def story() -> None:
        async with books() as (ledger, log, _):
            till = await Till().open(ledger)
            wallet, count = await ledger.execute(till.wallet), len(log())

            with pytest.raises(type(error), match=str(error)):
                await ledger.execute(broken_midway(till, error))

            assert await ledger.execute(till.wallet) == wallet
            assert await ledger.read(till.wallet) == wallet
            assert len(log()) == count
            await ledger.execute(till.call())

    run(story())


def test_what_cannot_be_written_fails_its_own_command_and_no_other(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, log, _):
            till = await Till().open(ledger)
            wallet, count = await ledger.execute(till.wallet), len(log())

            with pytest.raises(TypeError):
                await ledger.execute(frozen_by(till, cast("str", object())))

            assert await ledger.execute(till.wallet) == wallet
            assert len(log()) == count
            await ledger.execute(till.call())

    run(story(), seconds=10)


def test_a_read_sees_what_was_just_written(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, _, _):
            till = await Till().open(ledger)
            for _ in range(3):
                call = till.call()

                await ledger.execute(call)

                held = await ledger.read(state_of(InferenceRequest, call.request_id))
                assert b'"reserved"' in held
                assert await ledger.read(till.wallet) == await ledger.execute(till.wallet)

    run(story())


def test_a_read_that_refuses_says_so(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, _, _):
            with pytest.raises(NotFoundError):
                await ledger.read(manage.freeze_wallet(mint(), frozen=True, actor="x"))

    run(story())


def test_what_has_no_history_is_not_found(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, log, _):
            assert await ledger.read(state_of(Wallet, mint())) == b""
            assert await ledger.execute(state_of(Wallet, mint())) == b""
            assert log() == []

    run(story())


def test_facts_are_stored_by_topic_as_plain_json(books: Open) -> None:
    async def story() -> list[Row]:
        async with books() as (ledger, log, _):
            till = await Till().open(ledger)
            await ledger.execute(till.call())
            return log()

    rows = run(story())

    assert {row.topic for row in rows} >= AT_ONCE
    for row in rows:
        state = orjson.loads(row.state)
        assert orjson.dumps(state) == row.state
        assert "originator_id" not in state
        assert "originator_version" not in state
        assert datetime.fromisoformat(state["timestamp"]).tzinfo is not None


def test_every_aggregates_versions_have_no_gap(books: Open) -> None:
    async def story() -> list[Row]:
        async with books() as (ledger, log, _):
            till = await Till().open(ledger)
            for _ in range(3):
                call = till.call()
                await ledger.execute(call)
                await ledger.execute(till.charge(call))
            return log()

    versions: dict[UUID, list[int]] = {}
    for row in run(story()):
        versions.setdefault(row.originator_id, []).append(row.version)

    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


def test_time_is_the_ledgers_and_never_runs_backwards(books: Open) -> None:
    async def story() -> list[datetime]:
        async with books() as (ledger, log, set_back):
            till = await Till().open(ledger)
            await ledger.execute(till.call())

            set_back(timedelta(minutes=5))
            await ledger.execute(till.call())

            return [datetime.fromisoformat(fields(row)["timestamp"]) for row in log()]

    started = datetime.now(UTC)
    times = run(story())

    assert times == sorted(times)
    assert started <= times[0]
    assert times[-1] <= datetime.now(UTC)


def test_a_used_idempotency_key_answers_the_same_and_appends_nothing(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, log, _):
            till = await Till().open(ledger)
            claim = Claim(mint(), "body")
            first = await ledger.execute(till.grant(7, claim))
            count = len(log())

            again = await ledger.execute(till.grant(7, claim))
            with pytest.raises(IdempotencyKeyReusedError):
                await ledger.execute(till.grant(8, Claim(claim.claim_id, "another body")))

            assert again == first
            assert len(log()) == count

    run(story())


def test_a_call_with_a_used_idempotency_key_is_told_of_the_first(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, _, _):
            till = await Till().open(ledger)
            claim = Claim(mint(), "body")
            first = await ledger.execute(till.call(claim))

            with pytest.raises(IdempotencyInProgressError) as refused:
                await ledger.execute(till.call(claim))

            assert refused.value.request_id == f"req_{first.request_id.hex}"

    run(story())


def test_a_frozen_wallet_opens_no_hold_but_settles(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, _, _):
            till = await Till().open(ledger)
            call = till.call()
            await ledger.execute(call)
            await ledger.execute(till.freeze())

            with pytest.raises(WalletFrozenError):
                await ledger.execute(till.call())

            assert (await ledger.execute(till.charge(call))).amount == PRICE

    run(story())


def test_a_command_of_another_shard_is_not_taken(books: Open) -> None:
    async def story() -> None:
        async with books() as (ledger, _, _):
            elsewhere = UUID(int=mint().int | 1)
            with pytest.raises(AssertionError, match="shard"):
                await ledger.execute(state_of(Wallet, elsewhere))

    run(story())
