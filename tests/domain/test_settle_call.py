import json

import pytest

from domain import api_key_events, ids, wallet_events
from domain.errors import NotFoundError
from domain.inference_request import ESTIMATED, PARTIAL, REPORTED, Attempted, Charged, Released
from domain.quota import Quota
from domain.settle_call import BEYOND_CAP, CAPPED_AT_HOLD, Attempt, Outcome, SettleCall
from tests.domain.shop import MILLION, Shop

ATTEMPT = Attempt("p", "up-1", "ok", 7, "USD", 12)


def test_a_charge_is_booked_on_the_wallet_on_the_key_and_for_the_request() -> None:
    shop = Shop(funds=100, quota=Quota(90))
    held = shop.reserve(tokens=10, cap=20)

    settled = shop.charge(held, {"input": 10, "output": 5})

    assert (settled.amount, settled.available, settled.currency) == (20, 80, "USD")
    assert settled.usage.buckets == {"input": 10, "output": 5}
    assert (shop.wallet.available, shop.wallet.reserved) == (80, 0)
    assert (shop.key.spent, shop.key.held) == ({"all": 20}, {})
    assert (shop.request(held).total, shop.request(held).open) == (20, False)
    booked = [
        shop.facts(wallet_events.Charged)[0].allocations,
        shop.facts(Charged)[0].allocations,
        shop.request(held).drawn,
    ]
    assert booked == [booked[0]] * 3


def test_the_outcome_is_recorded_as_it_was_told() -> None:
    shop = Shop(funds=100)
    held = shop.reserve(tokens=10, cap=20)
    outcome = Outcome(
        34,
        basis=REPORTED,
        usage={"input": 10},
        reported={"prompt_tokens": 10},
        flags=["odd"],
        provider="p",
        first_byte_ms=12,
    )

    shop.settle(held, outcome, attempts=(ATTEMPT,))

    (charged,), (attempted,) = shop.facts(Charged), shop.facts(Attempted)
    assert (charged.basis, charged.provider, charged.flags) == (REPORTED, "p", ["odd"])
    assert (charged.usage, charged.reported) == ({"input": 10}, {"prompt_tokens": 10})
    assert (charged.first_byte_ms, charged.milliseconds, charged.absorbed) == (12, 34, 0)
    assert (attempted.provider, attempted.upstream_model, attempted.cost) == ("p", "up-1", 7)
    assert (attempted.outcome, attempted.cost_currency, attempted.milliseconds) == ("ok", "USD", 12)


def test_a_release_gives_everything_back_and_names_its_reason() -> None:
    shop = Shop(funds=100, quota=Quota(90))
    held = shop.reserve()

    settled = shop.settle(held, Outcome(1, reason="upstream_error", flags=["odd"]))

    assert (settled.amount, settled.available, settled.usage.buckets) == (0, 100, {})
    assert shop.key.headroom(shop.ledger.at) == 90
    assert [fact.reason for fact in shop.facts(wallet_events.Released)] == ["upstream_error"]
    assert [(f.reason, f.flags) for f in shop.facts(Released)] == [("upstream_error", ["odd"])]


@pytest.mark.parametrize("first", ["charge", "release"])
@pytest.mark.parametrize("second", ["charge", "release"])
def test_a_second_settling_changes_nothing(first: str, second: str) -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    settle = {
        "charge": lambda: shop.charge(held, {"input": 30}),
        "release": lambda: shop.release(held),
    }
    once = settle[first]()
    before = len(shop.ledger.facts)

    again = settle[second]()

    assert (again.amount, again.available) == (once.amount, once.available)
    assert len(shop.ledger.facts) == before


def test_a_charge_is_by_the_price_version_of_its_hold() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    shop.publish({"m": {"input": 9 * MILLION, "output": 9 * MILLION}})

    assert shop.charge(held, {"input": 10}).amount == 10


def test_a_model_that_left_the_price_list_is_still_charged() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    shop.publish({})

    assert shop.charge(held, {"input": 10}).amount == 10


def test_a_reported_input_beyond_the_estimate_is_charged_beyond_the_hold() -> None:
    shop = Shop(funds=100, quota=Quota(60))
    held = shop.reserve(tokens=10, cap=20)

    settled = shop.charge(held, {"input": 80, "output": 5})

    assert settled.amount == 90
    assert shop.key.headroom(shop.ledger.at) == -30


def test_what_the_wallet_cannot_pay_is_absorbed_and_no_quota_is_used_for_it() -> None:
    shop = Shop(funds=60, quota=Quota(100))
    held = shop.reserve(tokens=10, cap=20)

    settled = shop.charge(held, {"input": 80})

    assert settled.amount == 60
    assert shop.facts(Charged)[0].absorbed == 20
    assert shop.facts(wallet_events.Charged)[0].absorbed == 20
    assert shop.key.spent == {"all": 60}


@pytest.mark.parametrize(("choices", "charged"), [(1, 10 + 40), (2, 10 + 80)])
def test_output_beyond_the_cap_we_sent_is_not_charged_and_flagged(
    choices: int, charged: int
) -> None:
    shop = Shop(funds=1000)
    held = shop.reserve(tokens=10, cap=20, choices=choices)

    settled = shop.charge(held, {"input": 10, "output": 500})

    assert settled.amount == charged
    assert shop.facts(Charged)[0].flags == [BEYOND_CAP]
    assert settled.usage.output_tokens == 20 * choices


def test_output_at_the_cap_is_charged_and_not_flagged() -> None:
    shop = Shop(funds=1000)
    held = shop.reserve(tokens=10, cap=20)

    assert shop.charge(held, {"input": 10, "output": 20}).amount == 50
    assert shop.facts(Charged)[0].flags == []


@pytest.mark.parametrize("basis", [ESTIMATED, PARTIAL])
def test_an_estimated_or_partial_charge_never_exceeds_the_hold(basis: str) -> None:
    shop = Shop(funds=1000)
    held = [shop.reserve(tokens=10, cap=20) for _ in range(2)]

    amounts = [
        shop.charge(one, {"input": tokens}, basis).amount
        for one, tokens in zip(held, (50, 51), strict=True)
    ]

    assert amounts == [50, 50]
    assert [fact.flags for fact in shop.facts(Charged)] == [[], [CAPPED_AT_HOLD]]


def test_a_call_whose_hold_has_expired_is_charged_late_and_once() -> None:
    shop = Shop(funds=100, quota=Quota(90))
    held = shop.reserve()
    shop.tick(minutes=10)
    shop.sweep(held)

    settled = [shop.charge(held, {"input": 30}) for _ in range(2)]

    assert [one.amount for one in settled] == [30, 30]
    assert shop.wallet.available == 70
    assert shop.key.spent == {"all": 30}
    assert [fact.held for fact in shop.facts(api_key_events.Charged)] == [0]


def test_a_call_whose_hold_has_expired_is_released_late_without_a_hold_to_release() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    shop.tick(minutes=10)
    shop.sweep(held)

    shop.release(held)

    assert shop.facts(wallet_events.Released) == []
    assert shop.facts(api_key_events.Released) == []
    assert len(shop.facts(Released)) == 1


def test_a_hold_that_only_the_wallet_has_expired_is_settled_on_the_key_all_the_same() -> None:
    shop = Shop(funds=100, quota=Quota(100))
    held = [shop.reserve(), shop.reserve()]
    shop.tick(minutes=10)
    shop.reserve()

    shop.charge(held[0], {"input": 10})
    shop.release(held[1])

    assert shop.key.spent == {"all": 10}
    assert shop.key.held == {"all": 50}
    assert [fact.held for fact in shop.facts(api_key_events.Charged)] == [50]


def test_many_free_calls_at_once_settle_one_by_one() -> None:
    shop = Shop()
    held = [shop.reserve(model="free") for _ in range(3)]

    settled = [shop.charge(one, {"input": 10}) for one in held]

    assert [one.amount for one in settled] == [0, 0, 0]


@pytest.mark.parametrize("what", ["request", "wallet", "key"])
def test_what_is_missing_is_named(what: str) -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    missing = {
        "request": held.request_id,
        "wallet": shop.who.wallet_id,
        "key": shop.who.key_id,
    }
    shop.ledger._held.pop(missing[what])

    with pytest.raises(NotFoundError, match=f"No such {what}"):
        shop.release(held)


@pytest.mark.parametrize("lost", ["book", "version"])
def test_a_charge_without_its_prices_leaves_no_fact(lost: str) -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    if lost == "book":
        shop.ledger._held.pop(ids.price_book_id(0))
    else:
        shop.book.versions.clear()
        shop.book._cards.clear()
    before = len(shop.ledger.facts)

    with pytest.raises(NotFoundError, match="price version"):
        shop.settle(held, Outcome(1, basis=REPORTED), attempts=(ATTEMPT,))

    assert len(shop.ledger.facts) == before


@pytest.mark.parametrize(("basis", "reason"), [(None, None), (REPORTED, "upstream_error")])
def test_a_call_is_either_charged_or_released(basis: str | None, reason: str | None) -> None:
    with pytest.raises(AssertionError, match="a call is charged or released"):
        Outcome(1, basis=basis, reason=reason)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(1, reason="upstream_error"),
        Outcome(9, basis=PARTIAL, usage={"input": 3}, flags=["odd"], provider="p", first_byte_ms=2),
    ],
)
def test_a_settling_survives_the_spool(outcome: Outcome) -> None:
    shop = Shop(funds=100)
    settling = SettleCall(shop.reserve().request_id, shop.who, outcome, (ATTEMPT,))

    again = SettleCall.from_json(json.loads(json.dumps(settling.to_json())))

    assert again == settling
    assert again.ids == settling.ids
