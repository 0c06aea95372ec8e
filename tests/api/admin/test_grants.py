from datetime import UTC, datetime, timedelta

import pytest

from tests.adapters.ledger.database import fields, log_of, topics_of
from tests.api.helpers import data, office, refused


def grants_in(url: str) -> int:
    return topics_of(url)["wallet.granted.2"]


def test_a_grant_is_available_at_once_and_told_as_it_was_given(database_url: str) -> None:
    body = {
        "amount": "12.5",
        "category": "promotional",
        "expires_at": "2999-12-31T23:59:59+02:00",
        "priority": 7,
        "reference": 'INV|2026 "11"',
    }
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        made = data(clerk.post(f"/customers/{customer_id}/grants", body), 201)
        seen = data(clerk.get(f"/customers/{customer_id}"))

    assert made == {
        "grant_id": made["grant_id"],
        "customer_id": customer_id,
        "amount": "12.50",
        "category": "promotional",
        "expires_at": "2999-12-31T21:59:59Z",
        "priority": 7,
        "reference": 'INV|2026 "11"',
        "currency": "USD",
    }
    assert seen["balance"]["available"] == seen["balance"]["posted"] == "12.50"
    assert seen["grants"] == [
        {
            "grant_id": made["grant_id"],
            "category": "promotional",
            "priority": 7,
            "expires_at": "2999-12-31T21:59:59Z",
            "available": "12.50",
            "reserved": "0.00",
        }
    ]


def test_a_grant_names_its_actor(database_url: str) -> None:
    with office(database_url) as clerk:
        clerk.post(f"/customers/{clerk.new_customer()}/grants", {"amount": "1"})

    (granted,) = (row for row in log_of(database_url) if row.topic == "wallet.granted.2")
    assert fields(granted)["actor"] == "operator"
    assert fields(granted)["amount"] == 10**9


@pytest.mark.parametrize(
    "amount",
    [
        1, 1.0, True, None, [], {}, "", " 1", "1 ", "+1", "-1", "0", "-0", "0.00", "1e3", "NaN",
        "Infinity", "0x10", "1,000.00", "01", ".5", "5.", "\uff11", "0.0000000001", "1e400",
        "9223372036.854775808", "18446744073.709551616", "9" * 400,
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused_and_nothing_is_granted(
    database_url: str, amount: object
) -> None:
    with office(database_url) as clerk:
        path = f"/customers/{clerk.new_customer()}/grants"
        answer = clerk.post(path, {"amount": amount})

    assert refused(answer) == (422, "invalid_value")
    assert "'amount'" in answer.json()["message"]
    assert grants_in(database_url) == 0


@pytest.mark.parametrize("amount", ["0.000000001", "9223372036.854775807"])
def test_the_least_and_the_largest_amount_are_exact(database_url: str, amount: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        data(clerk.post(f"/customers/{customer_id}/grants", {"amount": amount}), 201)

        assert clerk.balance(customer_id)["available"] == amount


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("category", "gift"),
        ("priority", -1),
        ("priority", 101),
        ("priority", True),
        ("priority", "1"),
        ("priority", 1.0),
        ("expires_at", 1),
        ("expires_at", "tomorrow"),
        ("expires_at", "2999-12-31"),
        ("expires_at", "2999-12-31T00:00:00"),
        ("expires_at", "2999-12-31 00:00:00Z"),
        ("expires_at", "2999-02-30T00:00:00Z"),
        ("expires_at", "9999-12-31T23:59:59-01:00"),
        ("expires_at", "0001-01-01T00:00:00+01:00"),
        ("expires_at", "2999-12-31T00:00:00+99:00"),
        ("reference", ""),
        ("reference", "a\nb"),
        ("reference", "née"),
        ("reference", "x" * 129),
        ("currency", "USD"),
    ],
)
def test_a_field_at_fault_is_named(database_url: str, field: str, value: object) -> None:
    with office(database_url) as clerk:
        path = f"/customers/{clerk.new_customer()}/grants"
        answer = clerk.post(path, {"amount": "1", field: value})

    assert refused(answer) == (422, "invalid_value")
    assert f"'{field}'" in answer.json()["message"]
    assert grants_in(database_url) == 0


def test_a_grant_that_would_be_over_before_it_began_is_a_conflict(database_url: str) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    with office(database_url) as clerk:
        path = f"/customers/{clerk.new_customer()}/grants"

        answer = clerk.post(path, {"amount": "1", "expires_at": past})

    assert refused(answer) == (409, "conflict")


def test_the_same_key_and_body_grant_once_and_answer_the_same(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        path = f"/customers/{customer_id}/grants"
        first, second = (clerk.post(path, {"amount": "5"}, key="k") for _ in range(2))
        balance = clerk.balance(customer_id)

    assert data(first, 201) == data(second, 201)
    assert "idempotency-hit" not in first.headers
    assert second.headers["idempotency-hit"] == "true"
    assert balance["available"] == "5.00"


def test_an_amount_written_otherwise_is_the_same_body(database_url: str) -> None:
    with office(database_url) as clerk:
        path = f"/customers/{clerk.new_customer()}/grants"
        clerk.post(path, {"amount": "5"}, key="k")

        again = clerk.post(path, {"amount": "5.00"}, key="k")

    assert again.headers["idempotency-hit"] == "true"


def test_the_same_key_with_another_body_is_refused(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        path = f"/customers/{customer_id}/grants"
        clerk.post(path, {"amount": "5"}, key="k")

        answer = clerk.post(path, {"amount": "6"}, key="k")

        assert refused(answer) == (422, "idempotency_key_reused")
        assert clerk.balance(customer_id)["available"] == "5.00"


def test_a_key_belongs_to_one_customer(database_url: str) -> None:
    with office(database_url) as clerk:
        one, other = clerk.new_customer(), clerk.new_customer()
        for customer_id in (one, other):
            answer = clerk.post(f"/customers/{customer_id}/grants", {"amount": "5"}, key="k")
            assert "idempotency-hit" not in answer.headers

        assert clerk.balance(other)["available"] == "5.00"


def test_a_refused_grant_leaves_its_key_free(database_url: str) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    with office(database_url) as clerk:
        path = f"/customers/{clerk.new_customer()}/grants"
        refused(clerk.post(path, {"amount": "5", "expires_at": past}, key="k"))

        data(clerk.post(path, {"amount": "5"}, key="k"), 201)


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "a\tb", "née"])
def test_a_key_that_is_none_is_refused(database_url: str, key: str) -> None:
    with office(database_url) as clerk:
        path = f"/admin/v1/customers/{clerk.new_customer()}/grants"
        headers = {"Idempotency-Key": key.encode()}
        answer = clerk.request("POST", path, json={"amount": "5"}, headers=headers)

    assert refused(answer) == (400, "invalid_value")
    assert grants_in(database_url) == 0


def test_what_is_unused_of_a_grant_is_taken_back_once(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        made = data(clerk.post(f"/customers/{customer_id}/grants", {"amount": "5"}), 201)
        path = f"/customers/{customer_id}/grants/{made['grant_id']}/void"

        first = data(clerk.post(path, {"reason": "chargeback"}))
        second = clerk.post(path)

        assert first["voided"] == "5.00"
        assert refused(second) == (409, "conflict")
        assert clerk.balance(customer_id)["available"] == "0.00"
    (voided,) = (row for row in log_of(database_url) if row.topic == "wallet.grant_voided.2")
    assert fields(voided)["reason"] == "chargeback"


@pytest.mark.parametrize("grant_id", ["grt_" + "0" * 32, "grt_x", "x"])
def test_a_grant_that_is_not_there_cannot_be_voided(database_url: str, grant_id: str) -> None:
    with office(database_url) as clerk:
        path = f"/customers/{clerk.new_customer()}/grants/{grant_id}/void"

        assert refused(clerk.post(path)) == (404, "not_found")


def test_a_grant_of_another_customer_cannot_be_voided(database_url: str) -> None:
    with office(database_url) as clerk:
        one, other = clerk.new_customer(), clerk.new_customer()
        made = data(clerk.post(f"/customers/{one}/grants", {"amount": "5"}), 201)

        answer = clerk.post(f"/customers/{other}/grants/{made['grant_id']}/void")

        assert refused(answer) == (404, "not_found")
        assert clerk.balance(one)["available"] == "5.00"


@pytest.mark.parametrize("reason", ["", "A free text", 1, "x" * 65])
def test_why_a_grant_is_voided_is_a_short_code(database_url: str, reason: object) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        made = data(clerk.post(f"/customers/{customer_id}/grants", {"amount": "5"}), 201)
        path = f"/customers/{customer_id}/grants/{made['grant_id']}/void"

        assert refused(clerk.post(path, {"reason": reason})) == (422, "invalid_value")
