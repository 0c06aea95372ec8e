import re

import pytest

from domain import ids
from domain.api_key import ApiKey
from domain.credential import Credential
from tests.adapters.ledger.database import log_of, replayed
from tests.api.helpers import SHARD, Office, data, office, refused


def keys_path(clerk: Office) -> str:
    return f"/customers/{clerk.new_customer()}/api-keys"


def test_a_key_is_shown_once_and_says_what_it_may_do(database_url: str) -> None:
    body = {
        "name": "ci",
        "allowed_model_ids": ["sandbox/echo", "sandbox-small", "sandbox/echo"],
        "allowed_providers": ["sandbox"],
        "quota": {"amount": "2.5", "window": "day"},
        "permissions": ["inference", "inference"],
        "tags": {"cost_center": "R-D"},
        "expires_at": "2999-01-01T00:00:00.5Z",
    }
    with office(database_url) as clerk:
        customer_id = clerk.new_customer()
        made = data(clerk.post(f"/customers/{customer_id}/api-keys", body), 201)

    assert re.fullmatch(r"tb_0000[A-Za-z0-9_-]{40}", made["api_key"])
    assert made["api_key_id"].startswith("key_")
    assert made["display"] == made["api_key"][:11]
    assert {k: made[k] for k in body} == {
        **body,
        "allowed_model_ids": ["sandbox/echo", "sandbox-small"],
        "quota": {"amount": "2.50", "window": "day"},
        "permissions": ["inference"],
        "expires_at": "2999-01-01T00:00:00.500000Z",
    }


@pytest.mark.parametrize(
    "tags", [{"Cost": "x"}, {"cost_center": "free text"}, {f"t{n}": "x" for n in range(9)}, []]
)
def test_a_tag_is_a_short_code_and_there_are_few(database_url: str, tags: object) -> None:
    with office(database_url) as clerk:
        answer = clerk.post(keys_path(clerk), {"name": "ci", "tags": tags})

    assert refused(answer) == (422, "invalid_value")


def test_without_options_a_key_may_do_everything(database_url: str) -> None:
    with office(database_url) as clerk:
        made = data(clerk.post(keys_path(clerk), {"name": "ci"}), 201)

    assert (made["allowed_model_ids"], made["allowed_providers"]) == ([], [])
    assert (made["quota"], made["expires_at"]) == (None, None)
    assert made["permissions"] == ["inference", "manage"]


def test_the_secret_leads_to_the_key_and_is_nowhere_in_the_database(database_url: str) -> None:
    with office(database_url) as clerk:
        made = data(clerk.post(keys_path(clerk), {"name": "Ada's"}), 201)

    aggregates = replayed(database_url)
    credential = aggregates[ids.credential_id(made["api_key"], SHARD)]
    assert isinstance(credential, Credential)
    assert f"key_{credential.key_id}" == made["api_key_id"]
    secret = made["api_key"].encode()
    assert not any(secret in row.state or b"Ada" in row.state for row in log_of(database_url))


def test_no_two_keys_are_alike(database_url: str) -> None:
    with office(database_url) as clerk:
        path = keys_path(clerk)
        made = [data(clerk.post(path, {"name": "same"}), 201) for _ in range(3)]

    assert len({key["api_key"] for key in made}) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\x7fb"),
        ("allowed_model_ids", ["gpt-5"]),
        ("allowed_model_ids", "sandbox-small"),
        ("allowed_model_ids", [1]),
        ("allowed_model_ids", ["sandbox-small"] * 1001),
        ("allowed_providers", ["openai"]),
        ("permissions", []),
        ("permissions", ["admin"]),
        ("permissions", "inference"),
        ("quota", {}),
        ("quota", "1"),
        ("quota", {"amount": 1}),
        ("quota", {"amount": "-1"}),
        ("quota", {"amount": "1", "window": "week"}),
        ("quota", {"amount": "1", "currency": "USD"}),
        ("expires_at", "2001-01-01T00:00:00Z"),
        ("expires_at", "2999-01-01"),
        ("secret", "tb_mine"),
    ],
)
def test_a_field_at_fault_is_named_and_no_key_is_made(
    database_url: str, field: str, value: object
) -> None:
    with office(database_url) as clerk:
        path = keys_path(clerk)
        before = len(log_of(database_url))
        answer = clerk.post(path, {"name": "ci", field: value})

    assert refused(answer) == (422, "invalid_value")
    assert f"'{field}" in answer.json()["message"]
    assert len(log_of(database_url)) == before


def test_a_disabled_key_stays_disabled(database_url: str) -> None:
    with office(database_url) as clerk:
        made = data(clerk.post(keys_path(clerk), {"name": "ci"}), 201)
        path = f"/api-keys/{made['api_key_id']}/disable"

        first, second = data(clerk.post(path)), data(clerk.post(path))

    assert first == second == {"api_key_id": made["api_key_id"], "disabled": True}
    (key,) = (found for found in replayed(database_url).values() if isinstance(found, ApiKey))
    assert key.disabled


@pytest.mark.parametrize("key_id", ["key_" + "0" * 32, "key_x", "cus_" + "0" * 32])
def test_a_key_that_is_not_there_cannot_be_disabled(database_url: str, key_id: str) -> None:
    with office(database_url) as clerk:
        assert refused(clerk.post(f"/api-keys/{key_id}/disable")) == (404, "not_found")
