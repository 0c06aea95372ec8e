"""The headers of calls: the reference has those that a call has, and no call has others."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.inference.surfaces import SURFACES
from domain.limits import Limits
from tests.api.documented import Described, described
from tests.api.helpers import data
from tests.api.openapi.keyring import CALL, ask
from tests.api.openapi.till import SMALL, Account, Till, till
from tests.projections.history import database

CALLS = [one for one in described() if one.path in SURFACES]
SELDOM = {"X-Context-Trimmed", "X-DAOE-Failover"}
"""What an ordinary call has nothing to say by."""
OURS = ("x-", "anthropic-", "request-id")
PROXIES = "x-accel-"
"""What is said to a proxy on the way."""
WHOLE = {"X-Billing-Charge", "X-Billing-Balance", "X-Billing-Currency"}
LIMITS = Limits(requests_per_minute=1_000, tokens_per_minute=1_000_000)
COUNTS = {
    "/v1/responses/input_tokens": {"model": SMALL, "input": "Hello."},
    "/v1/messages/count_tokens": {"model": SMALL, "messages": CALL["messages"]},
}


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def limited(shop: Till) -> Account:
    """Whose limits this worker knows, by a call before."""
    account = shop.account(limits=LIMITS)
    cache = {"json": {"cache_seconds": 60}}
    assert shop.request("PATCH", "/openapi/v1/context/config", account.secret, **cache).is_success
    assert ask(shop, account.secret).is_success
    return account


def answered(shop: Till, account: Account, path: str, **more: Any) -> httpx.Response:
    started = shop.request("POST", "/openapi/v1/conversations", account.secret)
    headers = {"X-Conversation-ID": data(started, 201)["conversation_id"]}
    return shop.request("POST", path, account.secret, json={**CALL, **more}, headers=headers)


def told_of(path: str, status: int = 200) -> set[str]:
    (found,) = [one for one in described() if (one.method, one.path) == ("POST", path)]
    return {name.lower() for name in given(found, status)}


def given(operation: Described, status: int = 200) -> Mapping[str, Any]:
    told = operation.answer(status)
    assert told is not None
    return told["headers"]


def ours(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith(OURS) and PROXIES not in name}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_an_answer_has_the_headers_that_are_told_and_no_others(
    shop: Till, limited: Account, path: str
) -> None:
    told = told_of(path)
    seldom, whole = ({name.lower() for name in names} for names in (SELDOM, WHOLE))

    for stream, expected in ((False, told - seldom), (True, told - seldom - whole)):
        answer = answered(shop, limited, path, stream=stream)
        assert answer.status_code == 200, answer.text
        assert ours(answer) == expected


@pytest.mark.parametrize("path", COUNTS)
def test_a_count_has_the_headers_that_are_told_and_no_others(
    shop: Till, limited: Account, path: str
) -> None:
    answer = shop.request("POST", path, limited.secret, json=COUNTS[path])

    assert answer.status_code == 200, answer.text
    assert ours(answer) == told_of(path)


def test_a_list_of_models_has_the_ids_that_are_told(shop: Till, limited: Account) -> None:
    for path in ("/v1/models", "/openai/v1/models"):
        (listing,) = [one for one in described() if str(one) == f"GET {path}"]
        headers = {"anthropic-version": "2023-06-01"}
        answer = shop.request("GET", path, limited.secret, headers=headers)
        assert ours(answer) == {name.lower() for name in given(listing)}


def test_a_refusal_says_when_to_come_again_and_whether(shop: Till) -> None:
    hurried, poor = shop.account(limits=Limits(requests_per_minute=1)), shop.account(credit=0)
    path, told = "/v1/chat/completions", told_of("/v1/chat/completions", 429)

    crowded = [ask(shop, hurried.secret) for _ in range(3)][-1]
    bad = shop.request("POST", path, poor.secret, json={**CALL, "model": "none"})

    assert (crowded.status_code, bad.status_code) == (429, 404)
    assert {"retry-after", "x-request-id", "x-gateway-request-id"} <= told & {*crowded.headers}
    assert ours(bad) <= told


@pytest.mark.parametrize("operation", CALLS, ids=str)
def test_every_call_may_be_sent_with_the_same_headers(operation: Described) -> None:
    parameters = operation.fields["parameters"]
    names = {one.get("name", one.get("$ref", "").rpartition("/")[2]) for one in parameters}

    assert names == {"X-Request-ID", "Idempotency-Key", "X-Conversation-ID", "traceparent"}
    assert given(operation).keys() >= given(CALLS[0]).keys() - told_limits()


def told_limits() -> set[str]:
    return {name for name in given(CALLS[0]) if "RateLimit" in name}
