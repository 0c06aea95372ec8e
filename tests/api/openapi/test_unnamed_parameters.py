"""What a route does not name it refuses, and says so."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.api.helpers import refused
from tests.api.openapi.till import Account, Till, till
from tests.api.openapi.walking import ROUTES, Route, visit
from tests.projections.history import database

MANAGED = [route for route in ROUTES if route.path.startswith("/openapi/")]


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(shop: Till) -> tuple[Account, Mapping[str, str]]:
    account = shop.account()
    request_id = shop.call(account, {"input": 1})
    return account, shop.ids_of(account, request_id=request_id)


@pytest.mark.parametrize("route", MANAGED, ids=str)
def test_a_parameter_that_it_does_not_name_is_refused(
    shop: Till, customer: tuple[Account, Mapping[str, str]], route: Route
) -> None:
    account, ids = customer

    answer = visit(shop, account, route, ids.__getitem__, no_such="1")

    assert refused(answer)[0] == 422
    assert "'no_such'" in answer.json()["message"]
