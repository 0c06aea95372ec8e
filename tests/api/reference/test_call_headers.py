"""The headers of calls: the reference has those that a call has, and no call has others."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.inference.surfaces import SURFACES
from tests.api.documented import Described, described
from tests.api.helpers import data
from tests.api.openapi.keyring import CALL
from tests.api.openapi.till import Till, till
from tests.projections.history import database

CALLS = [one for one in described() if one.path in SURFACES]
SELDOM = {"X-Context-Trimmed", "X-DAOE-Failover"}
"""What an ordinary call has nothing to say by."""
PROXIES = "x-accel-"
"""What is said to a proxy on the way."""
WHOLE = {"X-Billing-Charge", "X-Billing-Balance", "X-Billing-Currency"}


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


def answered(shop: Till, **more: Any) -> httpx.Response:
    account = shop.account()
    cache = {"json": {"cache_seconds": 60}}
    assert shop.request("PATCH", "/openapi/v1/context/config", account.secret, **cache).is_success
    started = shop.request("POST", "/openapi/v1/conversations", account.secret)
    headers = {"X-Conversation-ID": data(started, 201)["conversation_id"]}
    path, body = "/v1/chat/completions", {**CALL, **more}
    return shop.request("POST", path, account.secret, json=body, headers=headers)


def given(operation: Described) -> Mapping[str, Any]:
    told = operation.answer(200)
    assert told is not None
    return told["headers"]


def test_an_answer_has_the_headers_that_are_told_and_no_others(shop: Till) -> None:
    (chat,) = [one for one in CALLS if one.path == "/v1/chat/completions"]
    told = {name.lower() for name in given(chat)}
    seldom, whole = ({name.lower() for name in names} for names in (SELDOM, WHOLE))

    for stream, expected in ((False, told - seldom), (True, told - seldom - whole)):
        answer = answered(shop, stream=stream)
        assert answer.status_code == 200, answer.text
        own = {name for name in answer.headers if name.startswith("x-")}
        assert {name for name in own if not name.startswith(PROXIES)} == expected


@pytest.mark.parametrize("operation", CALLS, ids=str)
def test_every_call_may_be_sent_with_the_same_headers(operation: Described) -> None:
    parameters = operation.fields["parameters"]
    names = {one.get("name", one.get("$ref", "").rpartition("/")[2]) for one in parameters}

    assert names == {"X-Request-ID", "Idempotency-Key", "X-Conversation-ID", "traceparent"}
    assert given(operation) == given(CALLS[0])
