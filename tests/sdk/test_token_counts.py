"""Counting a prompt is free, and otherwise obeys what a call obeys: limits, scope and policy."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sdk.houses import visited
from tests.sdk.shop import QUESTION, House, Shop

MESSAGES = {"model": "claude", "messages": QUESTION}
RESPONSES = {"model": "claude", "input": "one two three"}
PATHS = pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/messages/count_tokens", MESSAGES), ("/v1/responses/input_tokens", RESPONSES)],
)


@pytest.fixture
def shop(claude_house: House) -> Iterator[Shop]:
    with visited(claude_house) as shop:
        yield shop


def count(
    shop: Shop, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> httpx.Response:
    return shop.http().post(path, json=body, headers=headers)


def key_of(shop: Shop, **scope: Any) -> dict[str, str]:
    path = f"/customers/{shop.customer.customer_id}/api-keys"
    made = shop.gateway.admin("POST", path, json={"name": "scoped", **scope})
    return {"authorization": f"Bearer {made['api_key']}"}


@PATHS
def test_it_counts_as_a_request_and_costs_no_tokens(
    shop: Shop, path: str, body: dict[str, Any]
) -> None:
    limits = f"/api-keys/{shop.customer.api_key_id}/limits"
    given = {"requests_per_minute": 2, "tokens_per_minute": 50}
    shop.gateway.admin("PUT", limits, json=given)

    answers = [count(shop, path, body) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"]
    assert any("limit-requests" in name or "requests-limit" in name for name in answers[0].headers)
    assert answers[2].headers["x-gateway-request-id"].startswith("req_")
    shop.calls(0)


@PATHS
def test_the_first_model_that_the_key_may_call_counts(
    shop: Shop, path: str, body: dict[str, Any]
) -> None:
    key = key_of(shop, allowed_model_ids=["gpt"])

    assert count(shop, path, {**body, "model": "auto"}, key).status_code == 200
    assert count(shop, path, body, key).status_code == 403


def test_a_prompt_is_sent_to_no_provider_that_the_key_may_not_use(shop: Shop) -> None:
    key = key_of(shop, allowed_providers=["spare"])
    path, body = "/v1/messages/count_tokens", {**MESSAGES, "model": "two-routes-0"}

    answer = count(shop, path, body, key)

    assert (answer.status_code, answer.json()) == (200, {"input_tokens": 3})
    assert shop.house.upstreams["claude"].requests == []
    assert len(shop.house.upstreams["spare"].requests) == 1


@PATHS
def test_a_policy_that_leaves_no_model_leaves_none_to_count(
    shop: Shop, path: str, body: dict[str, Any]
) -> None:
    policy = {"models": ["gpt"]}
    shop.gateway.admin("PUT", f"/customers/{shop.customer.customer_id}/routing-policy", json=policy)

    answer = count(shop, path, body)

    assert answer.status_code == 403
    assert shop.house.upstreams["claude"].requests == []
