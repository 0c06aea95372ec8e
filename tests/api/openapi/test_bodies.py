"""What a customer may send at most, and how little is made of what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.admin.body import EMPTY_MAX, FAULTS_MAX
from api.openapi.body import BODY_MAX
from domain.content_rules import RULES_MAX, TERM_MAX
from tests.api.helpers import data, refused
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

POLICY = "/openapi/v1/security/policy"


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def ada(shop: Till) -> Account:
    return shop.account()


def test_the_most_that_a_policy_may_say_fits_in_every_letter_escaped(
    shop: Till, ada: Account
) -> None:
    term = "\\ud83d\\ude00" * TERM_MAX
    rules = [
        f'{{"id": "{"r" * 60}{n:04}", "term": "{term}", "action": "block"}}'
        for n in range(RULES_MAX)
    ]
    body = f'{{"content_rules": [{", ".join(rules)}]}}'

    answer = shop.request("PATCH", POLICY, ada.secret, content=body.encode())

    assert len(data(answer)["content_rules"]) == RULES_MAX


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [
        ("PATCH", "/security/policy", BODY_MAX),
        ("POST", "/api-keys", BODY_MAX),
        ("POST", "/webhooks/rotate-secret", EMPTY_MAX),
        ("DELETE", "/api-keys/{key_id}", EMPTY_MAX),
    ],
)
def test_one_byte_too_many_is_refused(
    shop: Till, ada: Account, method: str, path: str, most: int
) -> None:
    address = f"/openapi/v1{path.format(key_id=ada.key_id)}"
    fits, large = (b"{" + b" " * (size - 1) for size in (most, most + 1))

    assert refused(shop.request(method, address, ada.secret, content=fits))[0] == 400
    answer = shop.request(method, address, ada.secret, content=large)
    assert refused(answer) == (413, "request_too_large")


def test_what_is_no_field_is_named_before_anything_else_is_looked_at(
    shop: Till, ada: Account
) -> None:
    unknown = {f"f{n}": n for n in range(10 * FAULTS_MAX)}

    answer = shop.request("PATCH", POLICY, ada.secret, json={"retention_days": "no", **unknown})

    assert refused(answer) == (422, "invalid_value")
    assert "'f0'" in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", "/api-keys", {"name": "ci", "allowed_model_ids": [0] * (FAULTS_MAX + 1)}),
        (
            "PATCH",
            "/security/policy",
            {"logging": {f"f{n}": n for n in range(FAULTS_MAX + 1)}},
        ),
    ],
    ids=["a list", "an object within"],
)
def test_where_nearly_everything_is_wrong_no_fault_is_described(
    shop: Till, ada: Account, method: str, path: str, fields: dict[str, Any]
) -> None:
    answer = shop.request(method, f"/openapi/v1{path}", ada.secret, json=fields)

    assert refused(answer) == (422, "invalid_value")
    assert f"More than {FAULTS_MAX}" in answer.json()["message"]
