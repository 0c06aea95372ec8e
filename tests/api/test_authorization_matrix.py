"""Every operation of the reference × every kind of credential: who is let in, and who is not.

Generated from the documents, which `reference/test_document.py` holds against the routes: there
is no hole in it.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.inference.surfaces import SURFACES
from api.keys import display_of, new_secret
from api.shard import SHARD
from domain import ids, manage
from domain.create_key import NewSecret
from domain.manager import Manager
from domain.rotate_key import Opened, rotate_key
from tests.api.documented import JSON, Described, described
from tests.api.helpers import TOKEN
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

NOBODY = "tb_0000" + "x" * 40
HEX = "0" * 28 + "0000"
LET_IN, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 401, 403, 404
REFUSED = {UNAUTHORIZED, FORBIDDEN}
HOLDERS = (
    "nobody", "stranger", "caller", "manager", "both", "other", "replaced", "disabled", "expired",
    "operator",
)  # fmt: skip
PERMITTED: Mapping[str, set[str]] = {
    "/openapi/": {"manager", "both", "other"},
    "/admin/": {"operator"},
    "/": {"caller", "both", "other", "replaced"},
}
"""Who may, by what a path begins with; the others are refused."""
WITHOUT_PERMISSION: Mapping[str, set[str]] = {
    "/openapi/": {"caller", "replaced"},
    "/admin/": set(),
    "/": {"manager"},
}
"""Who is known, and may not: 403 and not 401."""


@dataclass
class Keyring:
    """A secret of each kind, and the ids of whom they must not look at."""

    shop: Till
    secrets: Mapping[str, str]
    theirs: Mapping[str, str]

    def ask(self, operation: Described, holder: str, known: Mapping[str, str]) -> httpx.Response:
        path = path_of(operation, known)
        if path in SURFACES:
            return self._call(operation, path, holder)
        options: dict[str, Any] = (
            {"json": {}} if operation.method in {"POST", "PATCH", "PUT"} else {}
        )
        return self._send(operation.method, path, holder, **options)

    def send_bad_body(self, operation: Described, holder: str, read: list[bytes]) -> httpx.Response:
        """Send what is no body at all, and note what is read of it."""

        async def told() -> AsyncIterator[bytes]:
            for piece in (b'{"zz": 1, ', b"half"):
                read.append(piece)
                yield piece

        return self._send(operation.method, path_of(operation, {}), holder, content=told())

    def _call(self, operation: Described, path: str, holder: str) -> httpx.Response:
        models = self.shop.gateway.catalog.models.values()
        model = next(model.id for model in models if model.kind in SURFACES[path].kinds)
        example = operation.fields["requestBody"]["content"][JSON]["example"]
        return self._send("POST", path, holder, json={**example, "model": model})

    def _send(self, method: str, path: str, holder: str, **options: Any) -> httpx.Response:
        return self.shop.request(method, path, self.secrets[holder], **options)


def path_of(operation: Described, known: Mapping[str, str]) -> str:
    path = operation.path
    for parameter in operation.fields.get("parameters", ()):
        if parameter.get("in") == "path":
            filled = known.get(parameter["name"]) or made_up(parameter)
            path = path.replace("{" + parameter["name"] + "}", filled)
    return path


def made_up(parameter: Mapping[str, Any]) -> str:
    """An id of the right shape that nobody has."""
    pattern: str = parameter["schema"].get("pattern", "")
    prefix = pattern.removeprefix("^").partition("_")[0]
    return f"{prefix}_{HEX}" if "[0-9a-f]{32}" in pattern else "2020-01"


@pytest.fixture(scope="module")
def keyring(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyring]:
    folder: Path = tmp_path_factory.mktemp("matrix")
    with database(server_url) as url, till(url, str(folder)) as shop:
        yield cut(shop)


def rotate(shop: Till, account: Account, grace: timedelta) -> None:
    """Open a key to another secret; the account keeps the old one, which lives on for a while."""
    secret, who = new_secret(SHARD), account.who
    new = NewSecret(ids.credential_id(secret, SHARD), display_of(secret))
    shop.do(rotate_key(who.key_id, Opened(who.credential_id), new, Manager("test"), grace=grace))


def cut(shop: Till) -> Keyring:
    victim = shop.account()
    request_id = shop.call(victim, {"input": 5_000})
    past = datetime.now(UTC) - timedelta(days=1)
    disabled, replaced = shop.account(), shop.account()
    rotate(shop, replaced, grace=timedelta(days=1))
    shop.do(manage.disable_key(disabled.who.key_id, actor="test"))
    accounts: dict[str, Account] = {
        "caller": shop.account(permissions=["inference"]),
        "manager": shop.account(permissions=["manage"]),
        "both": victim,
        "other": shop.account(),
        "replaced": replaced,
        "disabled": disabled,
        "expired": shop.account(expires_at=past),
    }
    secrets = {name: account.secret for name, account in accounts.items()}
    secrets |= {"nobody": "", "stranger": NOBODY, "operator": TOKEN}
    return Keyring(shop, secrets, shop.ids_of(victim, request_id=request_id))


@pytest.mark.parametrize("operation", described(), ids=str)
def test_who_is_let_in(keyring: Keyring, operation: Described) -> None:
    found = {holder: told(keyring.ask(operation, holder, {})) for holder in HOLDERS}

    assert found == {holder: expected(operation, holder) for holder in HOLDERS}


@pytest.mark.parametrize("operation", described(), ids=str)
def test_nobody_has_a_body_read_who_is_not_known(keyring: Keyring, operation: Described) -> None:
    unknown = [name for name in ("nobody", "stranger") if expected(operation, name) != LET_IN]
    # An inference call's key may be refused only by its reserve, which knows what it asks for.
    refused = [name for name in HOLDERS if expected(operation, name) != LET_IN]
    for holder in unknown if operation.path in SURFACES else refused:
        read: list[bytes] = []

        answer = keyring.send_bad_body(operation, holder, read)

        assert (holder, answer.status_code) == (holder, expected(operation, holder)), answer.text
        assert read == []


def told(answer: httpx.Response) -> int:
    """Whether one is let in, as the status that says no; what else is wrong is no matter here."""
    assert answer.status_code < 500, answer.text
    return answer.status_code if answer.status_code in REFUSED else LET_IN


def expected(operation: Described, holder: str) -> int:
    prefix = next(prefix for prefix in PERMITTED if operation.path.startswith(prefix))
    if operation.fields["security"] == [] or holder in PERMITTED[prefix]:
        return LET_IN
    return FORBIDDEN if holder in WITHOUT_PERMISSION[prefix] else UNAUTHORIZED


SHARED = ("{model_id}", "{resource_id}")
"""What a path may leave open that belongs to nobody."""
OWNED = [
    one
    for one in described()
    if one.path.startswith("/openapi/") and "_id}" in one.path and not one.path.endswith(SHARED)
]


@pytest.mark.parametrize("operation", OWNED, ids=str)
def test_another_customers_key_finds_nothing_of_it(keyring: Keyring, operation: Described) -> None:
    parameters = operation.fields.get("parameters", ())
    asked = {one["name"] for one in parameters if one.get("in") == "path"}
    assert asked <= keyring.theirs.keys(), "an id that is made up is nobody's"
    before = keyring.shop.log()

    answer = keyring.ask(operation, "other", keyring.theirs)

    assert answer.status_code in {NOT_FOUND, 422}, answer.text
    assert keyring.theirs["request_id"] not in answer.text
    assert keyring.shop.log() == before, "and changes nothing"
