"""No key gives more than it has, to others or to itself, and none manages without leave."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.api_key import INFERENCE, MANAGE
from domain.limits import Limits
from domain.quota import DAY, Quota
from tests.api.helpers import data, refused
from tests.api.openapi.keyring import another, make, send
from tests.api.openapi.till import NANOS, SMALL, Account, Till, till
from tests.projections.history import database

LARGE = "sandbox-large"
SOMEDAY = "2099-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture
def ada(shop: Till) -> Account:
    return shop.account()


def test_a_key_held_to_some_routes_makes_keys_that_are_too_without_a_word_of_them(
    shop: Till,
) -> None:
    held = shop.account(allowed_providers=["sandbox"])

    made = make(shop, held)

    assert [name for name in made if "provider" in name] == []
    assert shop.log().count('"allowed_providers":["sandbox"]') == 2


@pytest.mark.parametrize(
    ("own", "fields", "param"),
    [
        ({"permissions": [MANAGE]}, {}, "permissions"),
        ({"allowed_models": [SMALL]}, {}, "allowed_model_ids"),
        (
            {"allowed_models": [SMALL]},
            {"allowed_model_ids": [SMALL, "sandbox/echo"]},
            "allowed_model_ids",
        ),
        ({"limits": Limits(parallel_calls=1)}, {"limits": {"parallel_calls": 2}}, "limits"),
        ({"quota": Quota(NANOS, DAY)}, {"quota": {"amount": "1", "window": "day"}}, "quota"),
    ],
)
def test_no_key_makes_a_key_with_more_than_its_own(
    shop: Till, own: dict[str, Any], fields: dict[str, Any], param: str
) -> None:
    narrow = shop.account(**own)
    before = shop.log()

    answer = send(shop, "POST", narrow, fields={"name": "more", **fields})

    assert refused(answer) == (403, "exceeds_own_key")
    assert f"'{param}'" in answer.json()["message"]
    assert shop.log() == before
    less = {"name": "less", "permissions": [MANAGE], "allowed_model_ids": [SMALL]}
    assert send(shop, "POST", narrow, fields={**less, "limits": {"parallel_calls": 1}}).is_success


def test_no_key_frees_itself_from_its_quota_by_a_key_that_it_makes(shop: Till) -> None:
    held = shop.account(quota=Quota(NANOS, DAY))
    helper = another(shop, held, permissions=[MANAGE])
    path = f"/{held.key_id}"

    for quota in (None, {"amount": "2", "window": "day"}):
        answer = send(shop, "PATCH", helper, path, {"quota": quota})
        assert refused(answer) == (403, "exceeds_own_key")

    assert data(send(shop, "GET", held, path))["quota"]["amount"] == "1.00"
    less = {"quota": {"amount": "0.5", "window": "day"}}
    assert send(shop, "PATCH", helper, path, less).is_success


@pytest.mark.parametrize(
    ("theirs", "raised"),
    [
        ({"allowed_model_ids": [LARGE], "quota": {"amount": "1"}}, {"quota": None}),
        ({"allowed_model_ids": [LARGE], "expires_at": SOMEDAY}, {"expires_at": None}),
        ({"permissions": [MANAGE]}, {"permissions": [MANAGE, INFERENCE]}),
    ],
    ids=["quota", "expiry", "permission"],
)
def test_no_key_lifts_what_holds_back_a_key_that_it_could_not_make(
    shop: Till, ada: Account, theirs: dict[str, Any], raised: dict[str, Any]
) -> None:
    cheap, held = another(shop, ada, allowed_model_ids=[SMALL]), another(shop, ada, **theirs)
    path, before = f"/{held.key_id}", shop.log()

    assert refused(send(shop, "PATCH", cheap, path, raised)) == (403, "exceeds_own_key")

    assert shop.log() == before
    assert send(shop, "PATCH", ada, path, raised).is_success


def test_a_key_without_the_permission_manages_nothing(shop: Till) -> None:
    worker = shop.account(permissions=[INFERENCE])

    for method, path in (("GET", ""), ("POST", ""), ("PATCH", f"/{worker.key_id}")):
        assert refused(send(shop, method, worker, path, {"name": "x"})) == (
            403,
            "permission_denied",
        )


def test_a_key_may_disable_itself_and_then_nothing_more(shop: Till, ada: Account) -> None:
    other = another(shop, ada)

    answer = send(shop, "DELETE", other, f"/{other.key_id}")

    assert data(answer)["status"] == "disabled"
    assert refused(send(shop, "GET", other)) == (401, "api_key_disabled")
