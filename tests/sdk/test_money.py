"""Money in and alerts out, on real processes: two workers and the one in the background."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway_process import HTTP, TOLLBOOK, Customer, GatewayProcess
from tests.stripe_events import SECRET, charge, checkout, event, intent, signed

MASTER = "a-secret-of-the-operator-1"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    environ = {
        "TOLLBOOK_STRIPE_WEBHOOK_SECRET": f"whsec_other,{SECRET}",
        "TOLLBOOK_WEBHOOK_SECRET": f"{MASTER}, another-{MASTER}",
        "TOLLBOOK_ALERT_SECONDS": "0.2",
    }
    folder: Path = tmp_path_factory.mktemp("money")
    with GatewayProcess(folder, workers=2, environ=environ) as running:
        yield running


def told(gateway: GatewayProcess, kind: str, found: dict[str, Any]) -> httpx.Response:
    body = event(kind, found)
    return HTTP.post(f"{gateway.url}/webhooks/stripe", content=body, headers=signed(body))


def config(gateway: GatewayProcess, customer: Customer, **fields: Any) -> dict[str, Any]:
    answer = HTTP.request(
        "PATCH" if fields else "GET",
        f"{gateway.url}/openapi/v1/balance/config",
        headers={"X-API-Key": customer.api_key},
        json=fields or None,
    )
    assert answer.is_success, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_a_payment_told_forty_times_to_two_workers_is_one_grant(gateway: GatewayProcess) -> None:
    customer = gateway.customer("0")
    words = [
        ("checkout.session.completed", checkout(customer.customer_id, payment_intent="pi_9")),
        ("payment_intent.succeeded", intent(customer.customer_id, id="pi_9")),
        ("payment_intent.succeeded", intent(id="pi_9")),
        ("charge.refunded", charge(250, payment_intent="pi_9")),
    ]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: told(gateway, *words[n % 4]), range(40)))

    assert {(answer.status_code, answer.text) for answer in answers} == {(200, "ok")}
    found = gateway.admin("GET", f"/customers/{customer.customer_id}")
    assert found["balance"]["available"] == "10.00"
    (payment,) = gateway.admin("GET", f"/payments?customer_id={customer.customer_id}")["items"]
    assert (payment["amount"], payment["refunded"], payment["voided"]) == ("12.50", "2.50", "2.50")


def test_a_forged_event_is_refused(gateway: GatewayProcess) -> None:
    body = event("payment_intent.succeeded", intent("cus_1"))

    answer = HTTP.post(
        f"{gateway.url}/webhooks/stripe", content=body, headers=signed(body, "whsec_x")
    )

    assert (answer.status_code, answer.text) == (400, "bad request")


def test_the_background_raises_alerts_and_tries_to_tell_them(gateway: GatewayProcess) -> None:
    customer = gateway.customer("4.00")
    config(
        gateway,
        customer,
        alert_thresholds=["5.00"],
        auto_recharge={"below": "4.00", "amount": "50.00"},
        webhook_url="https://hooks.invalid/tollbook",
    )

    deadline = time.monotonic() + 30
    tried: list[dict[str, Any]] = []
    while len(tried) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        path = f"/webhook-deliveries?customer_id={customer.customer_id}"
        tried = [row for row in gateway.admin("GET", path)["items"] if row["error"]]

    assert {(row["type"], row["status"]) for row in tried} == {
        ("balance.alert", "pending"),
        ("balance.recharge_requested", "pending"),
    }
    assert {row["error"] for row in tried} <= {"dns_failed", "timeout"}
    now = config(gateway, customer)
    assert (now["alerts_raised"], now["auto_recharge"]["requested"]) == (["5.00"], True)


def test_the_command_line_credits_what_waits_and_the_books_are_sound(
    gateway: GatewayProcess,
) -> None:
    customer = gateway.customer("0")
    told(gateway, "payment_intent.succeeded", intent(id="pi_waits"))
    attention = ("payments", "list", "--status", "unapplied", "--needs-attention")
    (waiting,) = said(gateway, *attention, "--limit", "5")["items"]
    payment_id = waiting["payment_id"]

    applied = said(gateway, "payments", "apply", payment_id, customer.customer_id)

    assert (applied["customer_id"], applied["amount"]) == (customer.customer_id, "12.50")
    sent = said(gateway, "webhook-deliveries", "list", "--customer", customer.customer_id)
    assert sent["items"] == []
    assert tollbook(gateway, "verify").returncode == 0


def tollbook(gateway: GatewayProcess, *words: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TOLLBOOK_")}
    return subprocess.run(
        [TOLLBOOK, *words, "--data-dir", str(gateway.data_dir)],
        capture_output=True, text=True, timeout=60, check=False, env=clean,
    )  # fmt: skip


def said(gateway: GatewayProcess, *words: str) -> Any:
    done = tollbook(gateway, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
