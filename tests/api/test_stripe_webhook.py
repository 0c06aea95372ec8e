"""Money in by Stripe's webhook: exactly once, in whatever order, by however many workers."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api import stripe_webhook
from api.settings import Settings
from api.stripe_webhook import BODY_MAX
from domain.errors import BillingUnavailableError
from tests.api.counter import Counter, counter
from tests.stripe_events import SECRET, checkout, event, intent, signed


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Counter]:
    with counter(database_url, str(tmp_path), workers=2) as running:
        yield running


def test_a_checkout_becomes_paid_credit(desk: Counter) -> None:
    account = desk.account(credit=0)

    assert desk.told("checkout.session.completed", checkout(account.customer_id)) == 200

    wallet = desk.wallet(account)
    (lot,) = wallet.lots.values()
    assert (lot.available, lot.category) == (12_500_000_000, "paid")
    balance = desk.get(account, "/balance").json()["data"]
    assert balance["available"] == "12.50"
    (row,) = desk.payments(status="applied")
    assert (row["reference"], row["amount"], row["customer_id"]) == (
        "pi_1", "12.50", account.customer_id,
    )  # fmt: skip
    assert row["grant_id"] == f"grt_{lot.grant_id}"
    assert not row["needs_attention"]


def test_twenty_deliveries_at_once_to_two_workers_are_one_grant(desk: Counter) -> None:
    account = desk.account(credit=0)
    words: list[tuple[str, dict[str, Any]]] = [
        ("checkout.session.completed", checkout(account.customer_id)),
        ("payment_intent.succeeded", intent(account.customer_id)),
    ]

    async def deliver() -> list[int]:
        telling = [desk.tell(*words[n % 2], worker=n // 2) for n in range(20)]
        return await asyncio.gather(*telling)

    assert desk.run(deliver()) == [200] * 20

    assert desk.wallet(account).available == 12_500_000_000
    assert desk.topics("payment.%") == [
        "payment.opened.1", "payment.received.1", "payment.applied.1",
    ]  # fmt: skip
    assert len(desk.topics("wallet.granted.%")) == 1


def test_two_workers_that_both_saw_no_payment_still_grant_once(desk: Counter) -> None:
    """Both have looked and queue for the ledger's lock before either has written."""
    account = desk.account(credit=0)

    async def deliver() -> list[int]:
        with desk.appends_wait():
            telling = [
                asyncio.create_task(
                    desk.tell("payment_intent.succeeded", intent(account.customer_id), worker=n)
                )
                for n in range(2)
            ]
            await asyncio.sleep(0.3)
            assert not any(task.done() for task in telling)
        return await asyncio.gather(*telling)

    assert desk.run(deliver()) == [200, 200]

    assert desk.wallet(account).available == 12_500_000_000
    assert len(desk.topics("wallet.granted.%")) == 1


def test_the_grant_and_the_payment_are_one_commit(desk: Counter) -> None:
    account = desk.account(credit=0)

    desk.told("payment_intent.succeeded", intent(account.customer_id))

    with psycopg.connect(desk.url) as conn:
        commits = conn.execute(
            "SELECT array_agg(topic ORDER BY position) FROM ledger_events"
            " GROUP BY xmin::text HAVING bool_or(topic LIKE 'payment.%')"
        ).fetchall()
    (topics,) = (topics for (topics,) in commits)
    assert sorted(topics) == [
        "payment.applied.1", "payment.opened.1", "payment.received.1", "wallet.granted.2",
    ]  # fmt: skip


@pytest.mark.parametrize("first", ["checkout", "intent"])
def test_the_word_that_names_the_customer_may_come_last(desk: Counter, first: str) -> None:
    account = desk.account(credit=0)
    words = [
        ("checkout.session.completed", checkout(account.customer_id)),
        ("payment_intent.succeeded", intent()),
    ]

    for kind, found in words if first == "checkout" else words[::-1]:
        desk.told(kind, found)

    assert desk.wallet(account).available == 12_500_000_000
    assert [row["status"] for row in desk.payments()] == ["applied"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"client_reference_id": None}, "customer_missing"),
        ({"client_reference_id": "order 7"}, "customer_unknown"),
        ({"client_reference_id": "cus_" + "0" * 32}, "customer_unknown"),
        ({"client_reference_id": "cus_" + "f" * 32}, "customer_unknown"),
        ({"currency": "eur"}, "currency_mismatch"),
        ({"amount_total": 0}, "amount_zero"),
        ({"mode": "subscription", "payment_intent": None}, "unsupported_mode"),
    ],
    ids=lambda case: str(case)[:40],
)
def test_money_that_cannot_be_credited_is_kept_for_the_operator(
    desk: Counter, changes: dict[str, Any], problem: str
) -> None:
    account = desk.account(credit=0)

    for _ in range(2):
        found = {**checkout(account.customer_id), **changes}
        assert desk.told("checkout.session.completed", found) == 200

    (row,) = desk.payments(status="unapplied")
    assert (row["problem"], row["needs_attention"]) == (problem, True)
    assert (row["customer_id"], row["grant_id"]) == (None, None)
    assert desk.wallet(account).available == 0


def test_what_did_not_come_from_stripe_changes_nothing(
    desk: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    account = desk.account(credit=0)
    body = event("payment_intent.succeeded", intent(account.customer_id))
    caplog.set_level(logging.DEBUG)

    answers = [
        desk.post(body, {}),
        desk.post(body, signed(body, "whsec_forged")),
        desk.post(body.replace(b"1250", b"9999"), signed(body)),
        desk.post(body, signed(body, age=301)),
        desk.post(b"{}", signed(b"{}")),
        desk.post(b"", {"stripe-signature": "t=1,v1=x"}),
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(400, "bad request")}
    assert desk.topics("payment.%") == []
    assert account.customer_id not in caplog.text
    assert SECRET not in caplog.text


def test_nothing_of_an_event_is_logged(desk: Counter, caplog: pytest.LogCaptureFixture) -> None:
    account = desk.account(credit=0)
    caplog.set_level(logging.DEBUG)

    desk.told("checkout.session.completed", checkout(account.customer_id))

    written = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    for secret in ("ada@example.com", "Ada", "pi_1", "cs_test_1", account.customer_id):
        assert secret not in written


def test_other_events_are_thanked_for_and_forgotten(desk: Counter) -> None:
    assert desk.told("customer.created", {"id": "cus_NffrFeUfNV2Hib"}) == 200

    assert desk.topics("payment.%") == []


def test_a_body_beyond_the_bound_is_not_read(desk: Counter) -> None:
    body = b" " * (BODY_MAX + 1)

    answer = desk.post(body, signed(body))

    assert (answer.status_code, answer.text) == (413, "too large")


def test_an_event_that_was_cut_off_is_no_event(desk: Counter) -> None:
    body = event("payment_intent.succeeded", intent())
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": body, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, Any]] = []
    headers = [(name.encode(), value.encode()) for name, value in signed(body).items()]
    scope = {"type": "http", "method": "POST", "path": "/webhooks/stripe", "headers": headers}

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    desk.run(desk.app({**scope, "query_string": b"", "root_path": ""}, receive, send))  # type: ignore[arg-type]

    assert sent[0]["status"] == 400
    assert desk.topics("payment.%") == []


def test_what_reading_needs_is_loaded_before_the_first_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []

    def make(secrets: tuple[str, ...], *, test_mode: bool) -> None:
        made.append((secrets, test_mode))

    monkeypatch.setattr(stripe_webhook, "StripeWebhooks", make)

    stripe_webhook.warm(Settings.load({}))
    assert made == []
    stripe_webhook.warm(Settings.load({}, stripe_webhook_secret="whsec_warm, whsec_2"))

    assert made == [(("whsec_warm", "whsec_2"), False)]


def test_a_ledger_that_cannot_be_reached_has_stripe_tell_again(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(_: object) -> None:
        raise BillingUnavailableError

    account = desk.account(credit=0)
    found = intent(account.customer_id)
    monkeypatch.setattr(desk.gateway.ledger, "execute", unavailable)

    assert desk.told("payment_intent.succeeded", found, worker=0) == 503

    monkeypatch.undo()
    assert desk.told("payment_intent.succeeded", found, worker=1) == 200


def test_during_a_rotation_both_secrets_are_good(database_url: str, tmp_path: Path) -> None:
    with counter(database_url, str(tmp_path), stripe_webhook_secret=f"whsec_new, {SECRET}") as desk:
        account = desk.account(credit=0)
        body = event("payment_intent.succeeded", intent(account.customer_id))
        for secret in ("whsec_new", SECRET):
            assert desk.post(body, signed(body, secret)).status_code == 200
        assert desk.post(body, signed(body, "whsec_old")).status_code == 400


def test_money_of_test_mode_is_thanked_for_and_never_credited(
    desk: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    account = desk.account(credit=0)
    body = event("payment_intent.succeeded", intent(account.customer_id), live=False)

    assert desk.post(body, signed(body)).status_code == 200

    assert desk.topics("payment.%") == []
    assert desk.wallet(account).available == 0
    (record,) = [r for r in caplog.records if r.name == "tollbook.payments"]
    assert (record.levelname, vars(record)["event_id"]) == ("WARNING", "evt_1")
    for private in ("pi_1", account.customer_id):
        assert private not in str(vars(record))


def test_money_of_test_mode_is_credit_where_somebody_said_so(
    database_url: str, tmp_path: Path
) -> None:
    with counter(database_url, str(tmp_path), stripe_test_mode="true") as desk:
        account = desk.account(credit=0)
        body = event("payment_intent.succeeded", intent(account.customer_id), live=False)

        assert desk.post(body, signed(body)).status_code == 200
        assert desk.wallet(account).available == 12_500_000_000


def test_without_a_secret_there_is_no_such_route(database_url: str, tmp_path: Path) -> None:
    with counter(database_url, str(tmp_path), stripe_webhook_secret=None) as desk:
        body = event("payment_intent.succeeded", intent())

        answer = desk.post(body, signed(body))

    assert (answer.status_code, answer.text) == (404, "not found")
