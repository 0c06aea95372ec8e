import hashlib

import psycopg
import pytest

from tests.adapters.ledger.database import fields, log_of, topics_of
from tests.api.helpers import data, office, projecting, refused

UNKNOWN = "cus_" + "0" * 32
ELSEWHERE = "cus_" + "0" * 28 + "0001"
"""An id of another shard."""


def test_a_customer_is_registered_with_an_empty_wallet(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer("Ada & Söhne")
        seen = data(clerk.get(f"/customers/{customer_id}"))

    assert seen == {
        "customer_id": customer_id,
        "name": "Ada & Söhne",
        "currency": "USD",
        "balance": {
            "available": "0.00",
            "reserved": "0.00",
            "posted": "0.00",
            "debt": "0.00",
            "currency": "USD",
        },
        "frozen": False,
        "price_list": None,
        "overdraft_limit": "0.00",
        "excess_policy": "absorbed",
        "time_zone": "UTC",
        "closed_through": None,
        "grants": [],
    }


def test_the_log_holds_the_names_salted_hash_and_who_registered_it(database_url: str) -> None:
    with office(database_url) as clerk:
        clerk.new_customer("Ada")

    with psycopg.connect(database_url) as conn:
        row = conn.execute("SELECT salt, body FROM erasable_texts").fetchone()
    assert row is not None
    (registered,) = (r for r in log_of(database_url) if r.topic == "customer.registered.1")
    assert fields(registered)["name_hash"] == hashlib.sha256(row[0] + row[1].encode()).hexdigest()
    assert fields(registered)["actor"] == "operator"
    assert not any(b"Ada" in event.state for event in log_of(database_url))


def test_an_erased_name_is_null(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer("Ada")
        with psycopg.connect(database_url) as conn:
            conn.execute("DELETE FROM erasable_texts")

        assert data(clerk.get(f"/customers/{customer_id}"))["name"] is None


def test_a_currency_without_prices_is_refused_and_the_name_forgotten(database_url: str) -> None:
    with office(database_url) as clerk:
        answer = clerk.post("/customers", {"name": "Ada", "currency": "EUR"})

    assert refused(answer) == (422, "unpriced_currency")
    assert topics_of(database_url)["customer.registered.1"] == 0
    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM erasable_texts").fetchone() == (0,)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": None},
        {"name": 1},
        {"name": ""},
        {"name": "   "},
        {"name": "a\nb"},
        {"name": "a\x00b"},
        {"name": "a\u2028b"},
        {"name": "x" * 201},
        {"name": "Ada", "currency": "usd"},
        {"name": "Ada", "currency": "USDT"},
        {"name": "Ada", "currency": 5},
        {"name": "Ada", "colour": "red"},
    ],
)
def test_a_customer_needs_a_plain_name_and_nothing_unknown(
    database_url: str, body: dict[str, object]
) -> None:
    with office(database_url) as clerk:
        assert refused(clerk.post("/customers", body)) == (422, "invalid_value")


@pytest.mark.parametrize(
    "customer_id",
    [UNKNOWN, ELSEWHERE, "cus_", "key_" + "0" * 32, "cus_" + "\u0660" * 32, "%00", "x"],
)
def test_a_customer_that_is_not_there_is_not_found(database_url: str, customer_id: str) -> None:
    with office(database_url) as clerk:
        answers = [
            clerk.get(f"/customers/{customer_id}"),
            clerk.post(f"/customers/{customer_id}/freeze"),
            clerk.post(f"/customers/{customer_id}/terms", {"overdraft_limit": "1"}),
            clerk.post(f"/customers/{customer_id}/grants", {"amount": "1"}),
            clerk.post(f"/customers/{customer_id}/api-keys", {"name": "k"}),
        ]

    assert {refused(answer) for answer in answers} == {(404, "not_found")}


def test_the_id_of_something_else_is_no_customers(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        made = data(clerk.post(f"/customers/{customer_id}/api-keys", {"name": "k"}), 201)
        key_id = made["api_key_id"].removeprefix("key_")

        assert refused(clerk.post(f"/customers/cus_{key_id}/freeze")) == (404, "not_found")
        other = customer_id.removeprefix("cus_")
        assert refused(clerk.post(f"/api-keys/key_{other}/disable")) == (404, "not_found")
        wrong = {"amount": "1", "reason": "r"}
        assert refused(clerk.post(f"/requests/req_{other}/corrections", wrong))[0] == 404


def test_a_wallet_is_frozen_and_unfrozen_as_often_as_asked(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        path = f"/customers/{customer_id}"

        for verb, frozen in (("freeze", True), ("freeze", True), ("unfreeze", False)):
            answer = data(clerk.post(f"{path}/{verb}"))
            assert answer == {"customer_id": customer_id, "frozen": frozen}
            assert data(clerk.get(path))["frozen"] is frozen

    assert topics_of(database_url)["wallet.frozen.1"] == 1


def test_freezing_takes_no_fields(database_url: str) -> None:
    with office(database_url) as clerk:
        path = f"/customers/{clerk.new_customer()}/freeze"

        assert refused(clerk.post(path, {"why": "x"})) == (422, "invalid_value")
        data(clerk.post(path, {}))


def test_terms_change_only_where_they_are_given(database_url: str) -> None:
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        path = f"/customers/{customer_id}/terms"

        first = data(clerk.post(path, {"overdraft_limit": "5.5"}))
        second = data(clerk.post(path, {"excess_policy": "debt"}))

    assert first["overdraft_limit"] == second["overdraft_limit"] == "5.50"
    assert (first["excess_policy"], second["excess_policy"]) == ("absorbed", "debt")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"overdraft_limit": None},
        {"overdraft_limit": "-1"},
        {"overdraft_limit": 1},
        {"overdraft_limit": "9223372036.854775808"},
        {"excess_policy": "forgive"},
    ],
)
def test_terms_that_cannot_be_are_refused(database_url: str, body: dict[str, object]) -> None:
    with office(database_url) as clerk:
        path = f"/customers/{clerk.new_customer()}/terms"

        assert refused(clerk.post(path, body)) == (422, "invalid_value")


def test_customers_are_listed_by_pages_the_newest_first(database_url: str) -> None:
    with projecting(database_url), office(database_url) as clerk:
        made = [clerk.new_customer(name) for name in ("Ada", "Bob", "Cyd")]
        first = data(clerk.get("/customers", params={"limit": 2}))
        rest = data(clerk.get("/customers", params={"cursor": first["next_cursor"]}))

    listed = [*first["items"], *rest["items"]]
    assert [row["customer_id"] for row in listed] == made[::-1]
    assert [row["name"] for row in listed] == ["Cyd", "Bob", "Ada"]
    assert {row["currency"] for row in listed} == {"USD"}
    assert all(row["created_at"].endswith("Z") for row in listed)
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=1001", "limit=x", "limit=٣", "limit=", "cursor=x"]
)
def test_a_page_that_cannot_be_is_refused(database_url: str, query: str) -> None:
    with projecting(database_url), office(database_url) as clerk:
        assert refused(clerk.get(f"/customers?{query}")) == (422, "invalid_value")


def test_a_list_that_is_not_there_yet_is_unavailable(database_url: str) -> None:
    with office(database_url) as clerk:
        assert refused(clerk.get("/customers"))[0] == 503
