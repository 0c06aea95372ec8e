"""Two customers: whatever the one asks for of the other's is not there."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from domain.settle_call import Outcome
from tests.api.openapi.till import NANOS, Account, Till, till
from tests.api.openapi.walking import ROUTES, Route, visit
from tests.projections.history import database

SHARED = {"model", "model_id", "resource_id"}
"""What a path may leave open that belongs to nobody."""
OWN = [route for route in ROUTES if set(route.names) - SHARED]
LISTS = [route for route in ROUTES if route.method == "GET"]
PUBLIC = {"/openapi/v1/seal/verifier"}
"""What anyone may have, with a key or without."""
FILTERS = ("request_id", "key_id")
"""Ids that a query may name."""


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder), past=2) as opened:
        opened.close()
        yield opened


Customer = tuple[Account, Mapping[str, str]]


@pytest.fixture(scope="module")
def victim(shop: Till) -> Customer:
    return trading(shop)


@pytest.fixture(scope="module")
def intruder(shop: Till) -> Customer:
    return trading(shop)


def trading(shop: Till) -> Customer:
    """A customer with a call of every kind, and an id of each kind."""
    account = shop.adopt(shop.veterans.pop(), 10 * NANOS)
    request_id = shop.call(account, {"input": 5_000})
    shop.correct(request_id, 1)
    shop.hold(account)
    shop.settle(shop.hold(account), Outcome(1, reason="upstream_error"))
    shop.seal()
    return account, shop.ids_of(account, request_id=request_id)


@pytest.mark.parametrize("route", OWN, ids=str)
def test_an_id_of_anothers_is_not_found(
    shop: Till, victim: Customer, intruder: Customer, route: Route
) -> None:
    account, ids = victim

    own = visit(shop, account, route, lambda name: ids[name])
    stolen = visit(shop, intruder[0], route, lambda name: ids[name])
    unknown = visit(shop, intruder[0], route, lambda name: made_up(ids[name]))

    assert own.is_success, own.text
    assert (stolen.status_code, unknown.status_code) == (404, 404), stolen.text
    assert stolen.json()["code"] == unknown.json()["code"]
    assert stolen.json()["message"] == unknown.json()["message"]


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_no_answer_holds_anything_of_anothers(
    shop: Till, victim: Customer, intruder: Customer, route: Route
) -> None:
    account, ids = intruder
    private = private_to(victim)

    answer = visit(shop, account, route, lambda name: ids[name])

    assert answer.is_success, answer.text
    assert [text for text in private if text in answer.text] == []


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("route", LISTS, ids=str)
def test_to_filter_by_an_id_of_anothers_is_to_filter_by_one_that_nobody_has(
    shop: Till, victim: Customer, intruder: Customer, route: Route, name: str
) -> None:
    account, ids = intruder
    theirs = victim[1][name]
    nobodys = made_up(theirs)

    stolen = visit(shop, account, route, lambda wanted: ids[wanted], **{name: theirs})
    unknown = visit(shop, account, route, lambda wanted: ids[wanted], **{name: nobodys})

    assert stolen.status_code == unknown.status_code
    assert told(stolen).replace(theirs, nobodys) == told(unknown)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_without_a_key_nothing_is_told_of_anyone(
    shop: Till, victim: Customer, route: Route
) -> None:
    nobody = Account(victim[0].who, "tb_0000" + "x" * 40)

    answer = visit(shop, nobody, route, lambda name: victim[1][name])

    if route.path.startswith("/openapi/") and route.path not in PUBLIC:
        assert answer.status_code == 401, answer.text
    assert [text for text in private_to(victim) if text in answer.text] == []


def told(answer: httpx.Response) -> str:
    """What an answer says, but for the name of the exchange."""
    return answer.text.replace(answer.headers.get("x-gateway-request-id", "-"), "")


def made_up(known: str) -> str:
    """An id of the same kind that nobody has."""
    prefix, _, rest = known.partition("_")
    return f"{prefix}_{'1' * 8}{rest[8:]}" if len(rest) == 32 else f"{prefix}_fffff_0"


def private_to(customer: Customer) -> list[str]:
    account, ids = customer
    who = account.who
    return [
        who.customer_id.hex,
        who.wallet_id.hex,
        who.key_id.hex,
        account.secret,
        *(text for name, text in ids.items() if name not in SHARED),
    ]
