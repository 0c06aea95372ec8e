"""A key that is disabled while its request is on its way: nothing is done by it any more."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.auth import Authenticator
from domain.change_key import disable_own_key
from domain.manager import Manager
from domain.reserve_call import Identity
from tests.api.helpers import refused
from tests.api.openapi.keyring import another
from tests.api.openapi.till import Account, Till, till
from tests.api.openapi.walking import ROUTES, Route, visit
from tests.projections.history import database

READS = {"POST /openapi/v1/balance/check"}
"""What changes nothing, though it is a POST."""
CHANGES = [
    route
    for route in ROUTES
    if route.path.startswith("/openapi/") and route.method != "GET" and str(route) not in READS
]


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(shop: Till) -> tuple[Account, Mapping[str, str]]:
    account = shop.account()
    shop.call(account, {"input": 1})
    return account, shop.ids_of(account)


@pytest.mark.parametrize("route", CHANGES, ids=str)
def test_a_key_that_is_disabled_once_it_was_let_in_changes_nothing(
    shop: Till,
    customer: tuple[Account, Mapping[str, str]],
    route: Route,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account, ids = customer
    key = another(shop, account)
    before = shop.log().splitlines()
    authorise = Authenticator.authorise

    async def lets_in_and_disables(self: Authenticator, *asked: Any) -> Identity:
        who = await authorise(self, *asked)
        await shop.gateway.ledger.execute(disable_own_key(who.key_id, Manager("test")))
        return who

    monkeypatch.setattr(Authenticator, "authorise", lets_in_and_disables)

    answer = visit(shop, key, route, ids.__getitem__)

    assert refused(answer) == (401, "api_key_disabled")
    assert len(shop.log().splitlines()) == len(before) + 1, "more than that it was disabled"
