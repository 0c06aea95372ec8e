"""The reference says of every webhook exactly what is in it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jsonschema_rs
import orjson
import pytest

from adapters.webhooks.messages import TYPES, Addressee, News, write_message
from api.reference.webhook_data import DATA
from api.reference.webhooks import WEBHOOKS
from domain import api_key_events as key, customer, statement, wallet_events as wallet

ID = UUID("019afe4cbb0f7c3f8f0ad2f9e4ab0000")
WHEN = {
    "originator_id": ID,
    "originator_version": 2,
    "timestamp": datetime(2026, 11, 20, tzinfo=UTC),
}
KEY: dict[str, Any] = {"actor": "operator"}
TERMS: dict[str, Any] = {
    "allowed_models": [], "allowed_providers": [], "permissions": [], "quota_amount": None,
    "quota_window": "none", "expires_at": None, "tags": {},
}  # fmt: skip
LIMITS = {"requests_per_minute": None, "tokens_per_minute": None, "parallel_calls": None}
CORRECTED: dict[str, Any] = {
    "period": "2026-11", "correction_id": ID.hex, "request_id": ID.hex, "amount": -5,
    "allocations": {}, "expired": {}, "repaid": 0, "overdraft": 0, "corrects": "2026-10",
    "actor": "operator",
}  # fmt: skip
FACTS: list[Any] = [
    wallet.AlertRaised(**WHEN, threshold=5, available=-4),
    wallet.AlertCleared(**WHEN, threshold=5, available=6),
    wallet.RechargeRequested(**WHEN, below=5, amount=10**12, available=4),
    wallet.Corrected(**WHEN, **CORRECTED, batch_id=None),
    wallet.Corrected(**WHEN, **CORRECTED, batch_id=ID.hex),
    key.QuotaAlertRaised(
        **WHEN, wallet_id=ID.hex, percent=80, window="2026-11-20", spent=4, quota=5
    ),
    key.Created(
        **WHEN, **TERMS, **KEY, customer_id=ID.hex, wallet_id=ID.hex, name_hash="",
        credential_id=None, originator_topic="api_key",
    ),
    key.Changed(**WHEN, **TERMS, **KEY),
    key.Changed(**WHEN, **TERMS, actor=f"key_{ID.hex}"),
    key.LimitsChanged(**WHEN, **LIMITS, **KEY),
    key.Rotated(**WHEN, credential_id=ID.hex, replaces=None, **KEY),
    key.Disabled(**WHEN, **KEY),
    statement.Issued(
        **WHEN, wallet_id=ID.hex, customer_id=ID.hex, period="2026-11", number=1, position=2,
        tree_size=None, sha256="0" * 64, originator_topic="statement",
    ),
    customer.WebhookTested(**WHEN, actor="operator"),
]  # fmt: skip


def test_every_kind_is_described_and_looked_at() -> None:
    kinds = {kind for kind, _ in TYPES.values()}

    assert DATA.keys() == WEBHOOKS.keys() == kinds
    assert {fact.TOPIC for fact in FACTS} == TYPES.keys()


@pytest.mark.parametrize("fact", FACTS)
def test_a_message_is_what_the_reference_says(fact: Any) -> None:
    message = write_message(News(7, ID, fact), Addressee(ID, "USD"))
    schema = WEBHOOKS[message.type]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body = orjson.loads(message.body)

    faults = jsonschema_rs.Draft202012Validator(schema).iter_errors(body)

    assert [fault.message for fault in faults] == []
    assert body["data"].keys() == schema["properties"]["data"]["properties"].keys()
    assert body.keys() == schema["properties"].keys()
