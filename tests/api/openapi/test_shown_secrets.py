"""A new secret is never lost, whatever lags or fails once the ledger has issued it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.openapi import key_views
from domain.errors import BillingUnavailableError
from projections.errors import ProjectionLagError
from tests.api.helpers import data, refused
from tests.api.openapi.keyring import KEYS, ask, look, make, send
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

ACTIONS = ["", "/copy", "/rotate"]


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture
def ada(shop: Till) -> Account:
    return shop.account()


def issue(shop: Till, by: Account, key_id: str, action: str) -> dict[str, Any]:
    path, fields = (f"/{key_id}{action}", None) if action else ("", {"name": "ci"})
    return data(send(shop, "POST", by, path, fields), 200 if action == "/rotate" else 201)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_new_secret_is_told_while_the_read_models_lag(
    shop: Till, ada: Account, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    key_id, caught_up = make(shop, ada)["api_key_id"], key_views.catch_up
    before_it_lags = [None] if action else []  # a copy and a rotation ask once, for the name

    async def lagging(*given: Any) -> int:
        if not before_it_lags:
            raise ProjectionLagError(behind=1)
        before_it_lags.pop()
        return await caught_up(*given)

    with monkeypatch.context() as patched:
        patched.setattr(key_views, "catch_up", lagging)
        shown = issue(shop, ada, key_id, action)

    assert ask(shop, secret := shown.pop("api_key")).status_code == 200
    shown.pop("previous_secret_ends_at", None)
    later = look(shop, ada, shown["api_key_id"])
    assert shown == {**later, "last_used_at": None, "usage": shown["usage"]}
    assert (shown["name"], shown["display"]) == ("ci", secret[:11])


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_asked_of_the_ledger_once_it_has_issued_a_secret(
    shop: Till, ada: Account, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    key_id = make(shop, ada)["api_key_id"]
    ledger, look_at = shop.gateway.ledger, shop.gateway.ledger.read
    execute, issued = ledger.execute, list[Any]()

    async def executing(command: Any) -> Any:
        issued.append(await execute(command))
        return issued[-1]

    async def reading(query: Any) -> Any:
        if issued:
            raise BillingUnavailableError
        return await look_at(query)

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "execute", executing)
        patched.setattr(ledger, "read", reading)
        shown = issue(shop, ada, key_id, action)

    assert len(issued) == 1
    assert ask(shop, shown["api_key"]).status_code == 200


def test_a_secret_that_was_replaced_calls_models_in_its_grace_and_manages_nothing(
    shop: Till, ada: Account
) -> None:
    path = f"/{ada.key_id}/rotate"
    new = data(send(shop, "POST", ada, path, {"grace_seconds": 3600}))["api_key"]

    assert ask(shop, ada.secret).status_code == 200
    for method, route in (("GET", ""), ("POST", path)):
        assert refused(send(shop, method, ada, route)) == (403, "permission_denied")
    assert ask(shop, new).status_code == 200
    assert shop.request("GET", KEYS, new).is_success
