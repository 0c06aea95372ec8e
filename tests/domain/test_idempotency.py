import pytest

from domain import ids
from domain.errors import IdempotencyKeyReusedError
from domain.idempotency import Idempotency
from tests.domain.purse import at
from tests.fakes import restored


def test_a_key_belongs_to_its_scope_and_its_route() -> None:
    names = [
        Idempotency.id_of(0, scope=scope, route=route, key=key)
        for scope in ("a", "b")
        for route in ("a", "b")
        for key in ("a", "b")
    ]

    assert len(set(names)) == 8
    assert names[0] == Idempotency.id_of(0, scope="a", route="a", key="a")
    assert ids.shard_of(Idempotency.id_of(5, scope="a", route="a", key="a")) == 5


def test_a_key_answers_for_the_body_it_came_with_and_for_no_other() -> None:
    claim_id = Idempotency.id_of(0, scope="a", route="a", key="a")

    used = Idempotency.claim(at(0), claim_id, body_hash="h", result_id="r")

    used.check_same("h")
    assert used.result_id == "r"
    with pytest.raises(IdempotencyKeyReusedError):
        used.check_same("other")


def test_a_used_key_changes_no_more() -> None:
    claim_id = Idempotency.id_of(0, scope="a", route="a", key="a")
    used = Idempotency.claim(at(0), claim_id, body_hash="h", result_id="r")

    again = restored(used)

    assert used.retired
    again.check_same("h")
    assert again.result_id == "r"
