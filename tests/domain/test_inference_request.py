from typing import Any
from uuid import UUID

import pytest

from domain.errors import ConflictError
from domain.grants import Allocation
from domain.inference_request import InferenceRequest
from tests.domain.purse import at, clock
from tests.fakes import restored, written


def reserved() -> InferenceRequest:
    return InferenceRequest.reserve(
        at(0),
        UUID(int=7),
        customer_id="c",
        wallet_id="w",
        key_id="k",
        model="m",
        requested="auto",
        surface="chat",
        amount=50,
        price_version="pv_1",
        price_list=None,
        service_tier=None,
        input_tokens=10,
        extras={},
        output_cap=20,
        alternatives={"n": 30},
        choices=2,
        window="2026-11",
        expires_at=clock(60),
        period="2026-11",
        tags={},
        client_request_id=None,
        conversation_id=None,
    )


def charged(amount: int, *allocations: tuple[str, int]) -> InferenceRequest:
    request = reserved()
    charge(request, amount, list(allocations))
    return request


def charge(request: InferenceRequest, amount: int, allocations: Allocation) -> None:
    request.charge(
        at(1),
        period="2026-11",
        model=None,
        service_tier=None,
        amount=amount,
        absorbed=0,
        basis="reported",
        usage={"input": amount},
        reported={},
        flags=[],
        provider="p",
        allocations=allocations,
        first_byte_ms=1,
        milliseconds=2,
    )


def release(request: InferenceRequest) -> None:
    request.release(at(1), reason="upstream_error", reported={}, flags=[], milliseconds=2)


def correct(request: InferenceRequest, amount: int, allocations: Allocation) -> Any:
    request.correct(
        at(2),
        correction_id="x",
        amount=amount,
        allocations=allocations,
        period="2026-11",
        reason_hash="h",
        actor="operator",
    )
    return request.pending_events[-1]


def test_a_reserved_call_is_open_and_knows_what_settling_needs() -> None:
    request = reserved()

    assert request.open
    assert not request.retired
    assert (request.wallet_id, request.key_id, request.customer_id) == ("w", "k", "c")
    assert (request.model, request.price_version, request.window) == ("m", "pv_1", "2026-11")
    assert (request.hold, request.output_cap, request.choices) == (50, 20, 2)


def test_an_attempt_changes_nothing_of_the_call() -> None:
    request = reserved()
    before = written(request)

    request.attempt(
        at(1),
        provider="p",
        upstream_model="u",
        outcome="ok",
        cost=3,
        cost_currency="USD",
        milliseconds=5,
    )

    assert written(request) == before
    assert request.pending_events[-1].cost == 3


def test_a_charge_ends_the_call() -> None:
    request = charged(30, ("a", 30))

    assert not request.open
    assert request.retired
    assert (request.total, request.drawn) == (30, [("a", 30)])


def test_a_release_ends_the_call_with_nothing_owed() -> None:
    request = reserved()

    release(request)

    assert not request.open
    assert request.retired
    assert request.total == 0


@pytest.mark.parametrize("end", [release, lambda request: charge(request, 1, [("a", 1)])])
@pytest.mark.parametrize("ended", [release, lambda request: charge(request, 1, [("a", 1)])])
def test_a_call_ends_once(ended: Any, end: Any) -> None:
    request = reserved()
    ended(request)

    with pytest.raises(AssertionError, match="once"):
        end(request)


def test_a_lost_call_is_neither_open_nor_ended() -> None:
    request = reserved()

    request.lose(at(1))

    assert not request.open
    assert not request.retired
    with pytest.raises(AssertionError, match="only an open call can be lost"):
        request.lose(at(1))


@pytest.mark.parametrize("end", [release, lambda request: charge(request, 1, [("a", 1)])])
def test_a_lost_call_can_still_be_ended(end: Any) -> None:
    request = reserved()
    request.lose(at(1))

    end(request)

    assert request.retired


@pytest.mark.parametrize("lost", [False, True])
def test_only_an_ended_call_can_be_corrected(*, lost: bool) -> None:
    request = reserved()
    if lost:
        request.lose(at(1))

    with pytest.raises(ConflictError, match="only an ended one can be corrected"):
        request.check_correctable(-1)


def test_no_more_can_be_given_back_than_was_charged() -> None:
    request = charged(30, ("a", 30))

    request.check_correctable(30)
    request.check_correctable(-1000)
    with pytest.raises(ConflictError, match=r"Only 0\.00000003 was charged"):
        request.check_correctable(31)


def test_a_released_call_can_be_billed_by_a_correction() -> None:
    request = reserved()
    release(request)

    request.check_correctable(-5)
    corrected = correct(request, -5, [("a", 5)])

    assert corrected.total == 5
    assert (request.total, request.drawn) == (5, [("a", 5)])


def test_corrections_add_up_and_follow_what_is_drawn_from_which_grant() -> None:
    request = charged(50, ("a", 20), ("b", 30))

    correct(request, 35, [("b", 30), ("a", 5)])
    last = correct(request, -10, [("c", 10)])

    assert (last.amount, last.total) == (-10, 25)
    assert request.total == 25
    assert request.drawn == [("a", 15), ("c", 10)]
    with pytest.raises(ConflictError, match=r"Only 0\.000000025 was charged"):
        request.check_correctable(26)


def test_a_call_comes_back_from_its_snapshot_as_it_was() -> None:
    request = charged(50, ("a", 20), ("b", 30))

    again = restored(request)
    for one in (request, again):
        correct(one, 10, [("b", 10)])

    assert written(again) == written(request)
    assert again.total == 40
