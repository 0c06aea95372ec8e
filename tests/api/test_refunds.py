"""Money that goes back, by webhook and by hand; and what waits for the operator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.counter import Counter, counter
from tests.stripe_events import charge, checkout, dispute, intent, refund

PAID = 12_500_000_000


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Counter]:
    with counter(database_url, str(tmp_path), workers=2) as running:
        yield running


def test_refunds_void_unused_credit_however_they_are_told(desk: Counter) -> None:
    account = desk.account(credit=0)
    desk.told("payment_intent.succeeded", intent(account.customer_id))

    for worker in range(2):
        desk.told("refund.created", refund(250), worker)
        desk.told("charge.refunded", charge(250), worker)
        desk.told("refund.updated", refund(500, "re_2", status="pending"), worker)
        desk.told("charge.refunded", charge(750), worker)
        desk.told("refund.updated", refund(500, "re_2"), worker)

    assert desk.wallet(account).available == PAID - 7_500_000_000
    (row,) = desk.payments()
    assert (row["refunded"], row["voided"], row["shortfall"]) == ("7.50", "7.50", "0.00")
    assert not row["needs_attention"]


def test_what_was_used_already_is_told_to_the_operator(desk: Counter) -> None:
    account = desk.account(credit=0)
    desk.told("payment_intent.succeeded", intent(account.customer_id))
    desk.hold(account, cap=2_000)
    held = desk.wallet(account).reserved
    assert held

    desk.told("charge.refunded", charge(1_250))

    assert (desk.wallet(account).available, desk.wallet(account).reserved) == (0, held)
    (row,) = desk.payments(needs_attention="true")
    assert desk.payment().shortfall == held
    assert row["voided"] != row["refunded"] == "12.50"


def test_a_refund_may_come_before_its_payment(desk: Counter) -> None:
    account = desk.account(credit=0)
    desk.told("charge.refunded", charge(250))
    assert [row["status"] for row in desk.payments()] == ["announced"]

    desk.told("checkout.session.completed", checkout(account.customer_id))

    assert desk.wallet(account).available == PAID - 2_500_000_000
    (row,) = desk.payments()
    assert (row["status"], row["refunded"], row["voided"]) == ("applied", "2.50", "2.50")


def test_a_refund_and_its_payment_at_once_end_the_same(desk: Counter) -> None:
    """The refund has looked before there was a grant, and decides after."""
    account = desk.account(credit=0)
    found = intent(account.customer_id)
    look, first = desk.gateway.ledger.read, True

    async def slow_look(query: object) -> object:
        nonlocal first
        seen = await look(query)  # type: ignore[arg-type]
        if first:
            first = False
            assert await desk.tell("payment_intent.succeeded", found, worker=1) == 200
        return seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.gateway.ledger, "read", slow_look)
        assert desk.told("refund.created", refund(250)) == 200

    assert not first
    assert desk.wallet(account).available == PAID - 2_500_000_000


def test_a_dispute_and_a_failed_refund_wait_for_a_person(desk: Counter) -> None:
    account = desk.account(credit=0)
    desk.told("payment_intent.succeeded", intent(account.customer_id))
    for _ in range(2):
        desk.told("charge.dispute.created", dispute("needs_response"))
        desk.told("refund.failed", refund(250, status="failed"))

    (row,) = desk.payments(needs_attention="true", customer_id=account.customer_id)

    assert row["questions"] == [
        {"code": "dispute_needs_response", "reference": "dp_1"},
        {"code": "refund_failed", "reference": "re_1"},
    ]
    assert desk.wallet(account).available == PAID
    one = desk.admin("GET", f"/payments/{row['payment_id']}").json()["data"]
    assert one == row


def test_the_operator_credits_what_waits_once(desk: Counter) -> None:
    account, other = desk.account(credit=0), desk.account(credit=0)
    desk.told("payment_intent.succeeded", intent())
    desk.told("charge.refunded", charge(250))
    (row,) = desk.payments(status="unapplied")
    path = f"/payments/{row['payment_id']}/apply"

    answers = [
        desk.admin("POST", path, json={"customer_id": account.customer_id}) for _ in range(2)
    ]
    refused = desk.admin("POST", path, json={"customer_id": other.customer_id})

    assert [answer.status_code for answer in answers] == [200, 200]
    data = answers[0].json()["data"]
    assert (data["amount"], data["voided"]) == ("12.50", "2.50")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert desk.wallet(account).available == PAID - 2_500_000_000
    assert desk.wallet(other).available == 0
    assert desk.payments(status="unapplied") == []


SENSELESS: list[tuple[str, dict[str, object], int]] = [
    ("pay_" + "0" * 32, {"customer_id": "@"}, 404),
    ("pay_1", {"customer_id": "@"}, 404),
    ("@", {"customer_id": "cus_" + "0" * 32}, 404),
    ("@", {"customer_id": 7}, 422),
    ("@", {}, 422),
    ("@", {"customer_id": "@", "amount": "1.00"}, 422),
]


def test_a_command_that_makes_no_sense_is_refused(desk: Counter) -> None:
    account = desk.account(credit=0)
    desk.told("payment_intent.succeeded", intent())
    (row,) = desk.payments()

    for place, fields, status in SENSELESS:
        path = f"/payments/{place.replace('@', row['payment_id'])}/apply"
        body = {k: account.customer_id if v == "@" else v for k, v in fields.items()}
        answer = desk.admin("POST", path, json=body)
        assert (answer.status_code, answer.json()["success"]) == (status, False), (place, fields)
    assert desk.wallet(account).available == 0


ABSURD: list[dict[str, str]] = [
    {"status": "lost"},
    {"customer_id": "cus_1"},
    {"limit": "0"},
    {"limit": "1001"},
    {"limit": "9" * 400},
    {"cursor": "forged"},
    {"surprise": "1"},
]


def test_an_absurd_query_is_refused(desk: Counter) -> None:
    asked = [(path, query) for path in ("/payments", "/webhook-deliveries") for query in ABSURD]
    asked.append(("/payments", {"needs_attention": "perhaps"}))

    for path, query in asked:
        answer = desk.admin("GET", path, params=query)
        assert (answer.status_code, answer.json()["success"]) == (422, False), (path, query)
    assert desk.admin("GET", "/payments?limit=1&limit=2").status_code == 422


def test_payments_are_listed_by_pages_the_newest_first(desk: Counter) -> None:
    for number in range(5):
        desk.told("payment_intent.succeeded", intent(id=f"pi_{number}"))

    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = desk.admin("GET", "/payments", params=query).json()["data"]
        seen += [row["reference"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == [f"pi_{number}" for number in (4, 3, 2, 1, 0)]


def test_a_payment_that_is_not_there_is_not_found(desk: Counter) -> None:
    assert desk.admin("GET", "/payments/pay_" + "0" * 32).status_code == 404


@pytest.mark.parametrize(("amount", "voided"), [("2.50", "2.50"), (None, "12.50")])
def test_the_operator_takes_back_a_part_of_a_grant(
    desk: Counter, amount: str | None, voided: str
) -> None:
    account = desk.account(credit=0)
    desk.told("payment_intent.succeeded", intent(account.customer_id))
    (row,) = desk.payments()
    path = f"/customers/{account.customer_id}/grants/{row['grant_id']}/void"

    answer = desk.admin("POST", path, json={"amount": amount} if amount else {})
    beyond = desk.admin("POST", path, json={"amount": "10.01"})

    assert answer.json()["data"]["voided"] == voided
    assert (beyond.status_code, beyond.json()["code"]) == (409, "conflict")
    assert desk.admin("POST", path, json={"amount": "0"}).status_code == 422


def test_a_part_is_taken_back_once_per_key(desk: Counter) -> None:
    account = desk.account(credit=0)
    desk.told("payment_intent.succeeded", intent(account.customer_id))
    (row,) = desk.payments()
    path = f"/customers/{account.customer_id}/grants/{row['grant_id']}/void"
    key = {"Idempotency-Key": "k1"}

    answers = [desk.admin("POST", path, json={"amount": "2.50"}, headers=key) for _ in range(2)]
    other = desk.admin("POST", path, json={"amount": "2.51"}, headers=key)

    assert [answer.json()["data"]["voided"] for answer in answers] == ["2.50", "2.50"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert desk.wallet(account).available == PAID - 2_500_000_000
