"""Cost-centre tags: given on a call or on its key, they reach the billing detail."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.gateway_process import GatewayProcess


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("tags")) as running:
        yield running


def call(gateway: GatewayProcess, key: str, **metadata: object) -> httpx.Response:
    body = {
        "model": "sandbox-small",
        "messages": [{"role": "user", "content": "Hello"}],
        "metadata": metadata,
    }
    return httpx.post(
        f"{gateway.url}/v1/chat/completions", json=body, headers={"X-API-Key": key}, timeout=30
    )


def detail(gateway: GatewayProcess, key: str) -> Any:
    answer = httpx.get(
        f"{gateway.url}/openapi/v1/billing/detail", headers={"X-API-Key": key}, timeout=30
    )
    return answer.json()["data"]["items"]


def tagged_key(gateway: GatewayProcess, customer_id: str, **tags: str) -> str:
    body = {"name": "tagged", "tags": tags}
    created = gateway.admin("POST", f"/customers/{customer_id}/api-keys", json=body)
    return str(created["api_key"])


def test_a_calls_tags_reach_its_billing_detail(gateway: GatewayProcess) -> None:
    customer = gateway.customer("2.00")

    assert call(gateway, customer.api_key, cost_center="berlin", note="x y z").status_code == 200

    (row,) = detail(gateway, customer.api_key)
    assert row["tags"] == {"cost_center": "berlin"}


def test_a_keys_tags_are_its_calls_unless_they_say_otherwise(gateway: GatewayProcess) -> None:
    customer = gateway.customer("2.00")
    key = tagged_key(gateway, customer.customer_id, cost_center="sales", team="a")

    call(gateway, key)
    call(gateway, key, cost_center="berlin")

    found = [row["tags"] for row in detail(gateway, key)]
    assert found[::-1] == [
        {"cost_center": "sales", "team": "a"},
        {"cost_center": "berlin", "team": "a"},
    ]


def test_a_tag_that_is_free_text_is_refused_before_anything_is_held(
    gateway: GatewayProcess,
) -> None:
    customer = gateway.customer("2.00")

    refused = call(gateway, customer.api_key, cost_center="the people on the third floor")

    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "metadata.cost_center"
    assert detail(gateway, customer.api_key) == []
