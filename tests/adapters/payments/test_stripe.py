"""Reading Stripe's events, signed by its own library."""

from typing import Any

import pytest

from adapters.payments.minor_units import to_nanos
from adapters.payments.stripe import (
    READERS,
    BadSignatureError,
    Notice,
    NotLiveError,
    StripeWebhooks,
    UnreadableEventError,
)
from domain.refund_payment import MoneyQuestioned, MoneyRefunded
from domain.take_payment import MoneyReceived
from tests.stripe_events import (
    SECRET,
    charge,
    checkout,
    dispute,
    event,
    intent,
    refund,
    signed,
)

ONE = 1_000_000_000
HOOKS = StripeWebhooks([SECRET])


def read(kind: str, found: dict[str, Any]) -> Notice | None:
    body = event(kind, found)
    return HOOKS.read(body, signed(body)["stripe-signature"])


def told(amount: int) -> MoneyReceived:
    return MoneyReceived("pi_1", amount, "USD", "cus_1")


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("checkout.session.completed", checkout("cus_1")),
        ("checkout.session.async_payment_succeeded", checkout("cus_1")),
        (
            "checkout.session.completed",
            checkout("order 7", metadata={"tollbook_customer_id": "cus_1"}),
        ),
        ("payment_intent.succeeded", intent("cus_1", amount=9_999)),
    ],
    ids=["checkout", "delayed checkout", "metadata wins", "intent"],
)
def test_every_word_of_a_payment_goes_by_its_intent(kind: str, found: dict[str, Any]) -> None:
    assert read(kind, found) == told(12_500_000_000)


@pytest.mark.parametrize("status", ["unpaid", "no_payment_required"])
def test_a_checkout_that_is_not_paid_is_no_money(status: str) -> None:
    assert read("checkout.session.completed", checkout("cus_1", payment_status=status)) is None


@pytest.mark.parametrize(
    "changes", [{"mode": "subscription", "payment_intent": None}, {"payment_intent": None}]
)
def test_a_checkout_that_is_no_single_payment_waits_for_the_operator(
    changes: dict[str, Any],
) -> None:
    found = read("checkout.session.completed", checkout("cus_1", **changes))

    assert isinstance(found, MoneyReceived)
    assert (found.reference, found.problem) == ("cs_test_1", "unsupported_mode")


@pytest.mark.parametrize(
    ("currency", "minor", "nanos"),
    [
        ("USD", 1, ONE // 100),
        ("JPY", 500, 500 * ONE),
        ("KRW", 1, ONE),
        ("KWD", 5_120, 5_120 * ONE // 1_000),
        ("TND", 1, ONE // 1_000),
        ("ISK", 500, 5 * ONE),
        ("UGX", 500, 5 * ONE),
        ("HUF", 1_045, 1_045 * ONE // 100),
        ("USD", 922_337_203_685, 9_223_372_036_850_000_000),
    ],
)
def test_minor_units_become_nanos_exactly(currency: str, minor: int, nanos: int) -> None:
    assert to_nanos(minor, currency) == nanos


def test_the_currency_of_an_event_decides_its_decimals() -> None:
    found = read("payment_intent.succeeded", intent("cus_1", currency="jpy"))

    assert found == MoneyReceived("pi_1", 1_250 * ONE, "JPY", "cus_1")


@pytest.mark.parametrize(
    ("kind", "found", "notice"),
    [
        ("charge.refunded", charge(500), MoneyRefunded("pi_1", None, 5 * ONE, "USD")),
        (
            "charge.refunded",
            charge(500, payment_intent=None),
            MoneyRefunded("ch_1", None, 5 * ONE, "USD"),
        ),
        ("charge.refunded", charge(0), None),
        ("refund.created", refund(500), MoneyRefunded("pi_1", "re_1", 5 * ONE, "USD")),
        (
            "refund.updated",
            refund(500, status="pending", payment_intent=None),
            MoneyRefunded("ch_1", "re_1", 5 * ONE, "USD"),
        ),
        ("refund.created", refund(500, status="requires_action"), None),
        ("refund.created", refund(500, status=None), None),
        ("refund.created", refund(0), None),
        (
            "refund.failed",
            refund(500, status="failed"),
            MoneyQuestioned("pi_1", "refund_failed", "re_1", 5 * ONE, "USD"),
        ),
        (
            "charge.refund.updated",
            refund(500, status="canceled"),
            MoneyQuestioned("pi_1", "refund_failed", "re_1", 5 * ONE, "USD"),
        ),
        (
            "charge.dispute.created",
            dispute("needs_response"),
            MoneyQuestioned("pi_1", "dispute_needs_response", "dp_1", 12_500_000_000, "USD"),
        ),
        (
            "charge.dispute.closed",
            dispute("lost", payment_intent=None),
            MoneyQuestioned("ch_1", "dispute_lost", "dp_1", 12_500_000_000, "USD"),
        ),
    ],
)
def test_money_that_goes_back_is_told_of_its_payment(
    kind: str, found: dict[str, Any], notice: Notice | None
) -> None:
    assert read(kind, found) == notice


@pytest.mark.parametrize("kind", ["customer.created", "charge.succeeded", "v2.core.event"])
def test_other_events_say_nothing_of_money(kind: str) -> None:
    assert read(kind, {"id": "x"}) is None


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("payment_intent.succeeded", {}),
        ("payment_intent.succeeded", intent(amount_received=12.5)),
        ("payment_intent.succeeded", intent(amount_received="1250")),
        ("payment_intent.succeeded", intent(amount_received=True)),
        ("payment_intent.succeeded", intent(amount_received=-1)),
        ("payment_intent.succeeded", intent(amount_received=922_337_203_686)),
        ("payment_intent.succeeded", intent(amount_received=9_223_372_037, currency="jpy")),
        ("payment_intent.succeeded", intent(currency="usdt")),
        ("payment_intent.succeeded", intent(currency="USD")),
        ("payment_intent.succeeded", intent(id="pi 1\n")),
        ("checkout.session.completed", checkout(currency=None)),
        ("checkout.session.completed", checkout(amount_total=None)),
        ("refund.created", refund(5, charge=None, payment_intent=None)),
        ("charge.dispute.created", dispute("Free text; of the bank")),
    ],
)
def test_a_signed_event_of_another_shape_is_unreadable_not_guessed(
    kind: str, found: dict[str, Any]
) -> None:
    with pytest.raises(UnreadableEventError):
        read(kind, found)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'{"type": 5}', b'{"type": "charge.refunded"}', b'{"a":1,"a":1}',
        event("payment_intent.succeeded", intent()).replace(b"livemode", b"deadmode"),
        event("payment_intent.succeeded", intent()).replace(b"evt_1", b"free text"),
        b'{"id": "evt_1", "livemode": true, "type": "charge.refunded"}',
    ],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableEventError):
        HOOKS.read(body, signed(body)["stripe-signature"])


BODY = event("payment_intent.succeeded", intent("cus_1"))
GOOD = signed(BODY)["stripe-signature"]


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (BODY, ""),
        (BODY, "nonsense"),
        (BODY, "t=1,v1="),
        (BODY, GOOD.replace("v1=", "v0=")),
        (BODY, GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1")),
        (BODY, GOOD + "é"),
        (BODY, signed(BODY, "whsec_other")["stripe-signature"]),
        (BODY.replace(b"1250", b"9250"), GOOD),
        (b"\xff" + BODY, GOOD),
        (BODY, signed(BODY, age=301)["stripe-signature"]),
    ],
    ids=[
        "none", "nonsense", "empty", "scheme", "altered", "not ascii", "other secret", "other body",
        "not utf-8", "old",
    ],
)  # fmt: skip
def test_what_stripe_did_not_sign_lately_is_refused(body: bytes, signature: str) -> None:
    with pytest.raises(BadSignatureError):
        HOOKS.read(body, signature)


def test_within_the_tolerance_an_event_is_still_good() -> None:
    assert HOOKS.read(BODY, signed(BODY, age=290)["stripe-signature"]) is not None


def test_during_a_rotation_either_secret_is_good() -> None:
    hooks = StripeWebhooks(["whsec_new", SECRET])

    for secret in ("whsec_new", SECRET):
        assert hooks.read(BODY, signed(BODY, secret)["stripe-signature"]) is not None


def test_money_of_test_mode_is_none_unless_somebody_said_so() -> None:
    body = event("payment_intent.succeeded", intent("cus_1"), live=False)
    signature = signed(body)["stripe-signature"]

    with pytest.raises(NotLiveError) as refused:
        HOOKS.read(body, signature)

    assert refused.value.event_id == "evt_1"
    assert StripeWebhooks([SECRET], test_mode=True).read(body, signature) is not None


@pytest.mark.parametrize("live", [False, True])
def test_what_says_nothing_of_money_is_nothing_in_either_mode(*, live: bool) -> None:
    body = event("customer.created", {}, live=live)

    assert HOOKS.read(body, signed(body)["stripe-signature"]) is None


def test_every_event_about_refunds_and_disputes_is_read() -> None:
    assert len(READERS) == 13
