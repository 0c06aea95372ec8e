import psycopg
import pytest

from adapters.ledger.text_sweep import sweep_texts
from tests.adapters.ledger.database import fields, log_of, topics_of
from tests.adapters.ledger.till import Till
from tests.api.helpers import Office, data, office, refused

CHARGED = "0.00000003"
"""What a till's call costs."""


def charged_call(clerk: Office) -> tuple[str, str]:
    """The public ids of a customer, and of a call that it was charged for."""
    till = Till()
    clerk.run(till.open(clerk.desk.ledger))
    call = till.call()
    clerk.do(call)
    clerk.do(till.charge(call))
    return f"cus_{till.who.customer_id.hex}", f"req_{call.request_id.hex}"


def texts_in(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute("SELECT kind, body FROM erasable_texts").fetchall()


def test_a_correction_gives_credit_back_and_names_its_reason_outside_the_log(
    database_url: str,
) -> None:
    with office(database_url) as clerk:
        customer_id, request_id = charged_call(clerk)
        body = {"amount": CHARGED, "reason": "Ada complained"}
        made = data(clerk.post(f"/requests/{request_id}/corrections", body), 201)
        balance = clerk.balance(customer_id)
        assert clerk.run(sweep_texts(clerk.desk.pool, 0)) == 0

    assert made == {"correction_id": made["correction_id"], "request_id": request_id, **body}
    assert balance["available"] == "0.001"
    assert texts_in(database_url) == [("correction_reason", "Ada complained")]
    assert not any(b"Ada" in row.state for row in log_of(database_url))
    corrected = [row for row in log_of(database_url) if "corrected" in row.topic]
    assert [fields(row).get("actor", "operator") for row in corrected] == ["operator"] * 3


def test_each_corrections_reason_stays_when_another_is_made(database_url: str) -> None:
    with office(database_url) as clerk:
        _, request_id = charged_call(clerk)
        for reason in ("goodwill", "more goodwill"):
            body = {"amount": "0.000000001", "reason": reason}
            data(clerk.post(f"/requests/{request_id}/corrections", body), 201)

        assert clerk.run(sweep_texts(clerk.desk.pool, 0)) == 0

    assert {body for _, body in texts_in(database_url)} == {"goodwill", "more goodwill"}


def test_a_negative_correction_charges_more(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id, request_id = charged_call(clerk)
        body = {"amount": "-0.0001", "reason": "price list was wrong"}
        data(clerk.post(f"/requests/{request_id}/corrections", body), 201)

        assert clerk.balance(customer_id)["available"] == "0.00089997"


def test_more_than_was_charged_cannot_be_given_back(database_url: str) -> None:
    with office(database_url) as clerk:
        _, request_id = charged_call(clerk)
        body = {"amount": "0.000000031", "reason": "too much"}

        assert refused(clerk.post(f"/requests/{request_id}/corrections", body)) == (409, "conflict")

    assert texts_in(database_url) == []
    assert topics_of(database_url)["inference_request.corrected.2"] == 0


def test_an_open_call_cannot_be_corrected(database_url: str) -> None:
    with office(database_url) as clerk:
        till = clerk.run(Till().open(clerk.desk.ledger))
        call = till.call()
        clerk.do(call)
        path = f"/requests/req_{call.request_id.hex}/corrections"

        answer = clerk.post(path, {"amount": "0.000000001", "reason": "early"})

    assert refused(answer) == (409, "conflict")


def test_the_same_key_and_body_correct_once(database_url: str) -> None:
    with office(database_url) as clerk:
        _, request_id = charged_call(clerk)
        path = f"/requests/{request_id}/corrections"
        body = {"amount": CHARGED, "reason": "twice sent"}
        first, second = (clerk.post(path, body, key="k") for _ in range(2))
        other = clerk.post(path, {**body, "reason": "another"}, key="k")

    assert data(first, 201) == data(second, 201)
    assert second.headers["idempotency-hit"] == "true"
    assert refused(other) == (422, "idempotency_key_reused")
    assert topics_of(database_url)["wallet.corrected.2"] == 1
    assert texts_in(database_url) == [("correction_reason", "twice sent")]


@pytest.mark.parametrize("request_id", ["req_" + "0" * 32, "req_x", "x"])
def test_a_call_that_is_not_there_cannot_be_corrected(database_url: str, request_id: str) -> None:
    with office(database_url) as clerk:
        path = f"/requests/{request_id}/corrections"

        answer = clerk.post(path, {"amount": "1", "reason": "r"})

    assert refused(answer) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {"amount": "0", "reason": "r"},
        {"amount": "-0.0", "reason": "r"},
        {"amount": 1, "reason": "r"},
        {"amount": 0.1, "reason": "r"},
        {"amount": "-9223372036.854775808", "reason": "r"},
        {"amount": "0.1"},
        {"reason": "r"},
        {"amount": "0.1", "reason": ""},
        {"amount": "0.1", "reason": "a\r\nb"},
        {"amount": "0.1", "reason": "x" * 501},
    ],
)
def test_a_correction_needs_an_amount_and_a_reason(
    database_url: str, body: dict[str, object]
) -> None:
    with office(database_url) as clerk:
        _, request_id = charged_call(clerk)
        answer = clerk.post(f"/requests/{request_id}/corrections", body)

    assert refused(answer) == (422, "invalid_value")
    assert texts_in(database_url) == []
