"""An operator changes any key's terms and gives it another secret, for itself above no ceiling."""

from typing import Any
from uuid import UUID

import pytest

from domain import ids
from domain.api_key import ApiKey
from domain.api_key_events import Changed, Rotated
from domain.credential import Credential
from domain.decision import Decision
from domain.ports import Books
from tests.adapters.ledger.database import log_of, replayed
from tests.api.helpers import SHARD, Office, data, office, projecting, refused


def made(clerk: Office, **fields: Any) -> dict[str, Any]:
    path = f"/customers/{clerk.new_customer()}/api-keys"
    return data(clerk.post(path, {"name": "ci", **fields}), 201)


def patch(clerk: Office, key_id: str, **fields: Any) -> Any:
    return clerk.request("PATCH", f"/admin/v1/api-keys/{key_id}", json=fields)


def test_what_is_given_changes_and_the_rest_stays(database_url: str) -> None:
    with office(database_url) as clerk:
        key = made(clerk, quota={"amount": "2.5", "window": "day"}, tags={"team": "a"})
        shown = ("allowed_model_ids", "allowed_providers", "quota", "permissions", "tags", "limits")
        before = {name: key[name] for name in (*shown, "expires_at", "api_key_id")}

        held = data(patch(clerk, key["api_key_id"], allowed_providers=["sandbox"]))
        named = data(patch(clerk, key["api_key_id"], name="other"))

    assert held == named == {**before, "allowed_providers": ["sandbox"]}
    (changed,) = [row for row in log_of(database_url) if row.topic == Changed.TOPIC]
    assert b'"actor":"operator"' in changed.state
    assert b"other" not in b"".join(row.state for row in log_of(database_url))


@pytest.mark.parametrize(
    "fields", [{}, {"allowed_providers": ["openai"]}, {"permissions": []}, {"quota": {}}]
)
def test_a_change_at_fault_changes_nothing(database_url: str, fields: dict[str, Any]) -> None:
    with office(database_url) as clerk:
        key = made(clerk)
        before = len(log_of(database_url))
        answer = patch(clerk, key["api_key_id"], **fields)

    assert refused(answer) == (422, "invalid_value")
    assert len(log_of(database_url)) == before


def test_a_rotated_key_opens_to_its_new_secret_only(database_url: str) -> None:
    with office(database_url) as clerk:
        key = made(clerk)
        path = f"/api-keys/{key['api_key_id']}/rotate"
        new = data(clerk.post(path, key="k"))
        again = clerk.post(path, key="k")

    found = replayed(database_url)
    old, fresh = (
        found[ids.credential_id(secret, SHARD)] for secret in (key["api_key"], new["api_key"])
    )
    assert isinstance(old, Credential)
    assert isinstance(fresh, Credential)
    assert (old.ends_at is None, fresh.ends_at is None) == (False, True)
    assert new["display"] == new["api_key"][:11]
    assert refused(again) == (409, "idempotency_conflict")
    (rotated,) = [row for row in log_of(database_url) if row.topic == Rotated.TOPIC]
    assert new["api_key"].encode() not in rotated.state


def test_a_key_of_before_keys_knew_their_secrets_is_rotated(database_url: str) -> None:
    with projecting(database_url), office(database_url) as clerk:
        key = made(clerk)
        key_id = ids.parse_public(ids.KEY, key["api_key_id"])
        assert key_id is not None
        forget(clerk, key_id)

        data(clerk.post(f"/api-keys/{key['api_key_id']}/rotate", {"grace_seconds": 60}))

    old = replayed(database_url)[ids.credential_id(key["api_key"], SHARD)]
    assert isinstance(old, Credential)
    assert old.ends_at is not None


@pytest.mark.parametrize("path", ["", "/rotate"])
def test_an_unknown_key_is_not_found(database_url: str, path: str) -> None:
    unknown = f"/admin/v1/api-keys/key_{'0' * 32}{path}"
    with office(database_url) as clerk:
        fields = None if path else {"name": "x"}
        answer = clerk.request("POST" if path else "PATCH", unknown, json=fields)

    assert refused(answer) == (404, "not_found")


def forget(clerk: Office, key_id: UUID) -> None:
    """Have the key as it comes out of a log of 0.1."""

    def decide(books: Books) -> None:
        key = books.find(ApiKey, key_id)
        assert key is not None
        key.credential_id = None

    clerk.do(Decision((key_id,), decide))
