"""Every answer that is no file is the envelope, whatever becomes of the request."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.api.helpers import enveloped
from tests.api.openapi.till import Account, Till, till
from tests.api.openapi.walking import ROUTES, Route, visit
from tests.projections.history import database

MANAGED = [route for route in ROUTES if route.path.startswith("/openapi/")]
VERIFIER = "/openapi/v1/seal/verifier"
"""The one route that is anybody's."""


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
def test_what_a_route_says_and_what_it_refuses_is_in_the_envelope(
    shop: Till, customer: tuple[Account, Mapping[str, str]], route: Route
) -> None:
    account, ids = customer
    nobody = replace(account, secret="")

    answers = [
        visit(shop, account, route, ids.__getitem__),
        visit(shop, nobody, route, ids.__getitem__),
        visit(shop, account, route, ids.__getitem__, no_such="1"),
    ]

    for answer in answers:
        if "content-disposition" in answer.headers:
            assert answer.is_success
            continue
        body = enveloped(answer)
        assert body["success"] == answer.is_success == (body["code"] is None)
        assert answer.is_success == (body["data"] is not None) == (body["message"] is None)
    assert answers[1].status_code == (200 if route.path == VERIFIER else 401)
    assert answers[2].status_code == 422
