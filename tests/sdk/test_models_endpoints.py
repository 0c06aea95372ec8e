"""What a key may call, in OpenAI's shape; and the public catalogue, which names no supplier."""

import json
from typing import Any

import anthropic
import openai
import pytest

from tests.gateway_process import HTTP
from tests.sdk.catalog import ALIASES, LIMITS, PRICES
from tests.sdk.shop import Shop

SURFACES = ["/v1", "/openai/v1"]
LISTED = [*PRICES, *ALIASES]
SUPPLIERS = ("scripted", "first", "second", "dead", "upstream-", "127.0.0.1", "sk-", "0.11", "cost")


def key_of(shop: Shop, **fields: Any) -> str:
    path = f"/customers/{shop.customer.customer_id}/api-keys"
    secret: str = shop.gateway.admin("POST", path, json={"name": "scoped", **fields})["api_key"]
    return secret


@pytest.mark.parametrize("path", SURFACES)
def test_the_sdk_lists_every_model_in_the_files_order(shop: Shop, path: str) -> None:
    listed = shop.client(path).models.list()

    assert [model.id for model in listed] == LISTED
    assert {model.object for model in listed} == {"model"}
    assert all(isinstance(model.created, int) and model.owned_by for model in listed)


@pytest.mark.parametrize("path", SURFACES)
@pytest.mark.parametrize("model", ["small", "vendor/large"])
def test_the_sdk_finds_a_model_also_by_an_id_with_a_slash(
    shop: Shop, path: str, model: str
) -> None:
    assert shop.client(path).models.retrieve(model).id == model


def test_a_slash_may_come_encoded_or_plain(shop: Shop) -> None:
    for written in ("vendor/large", "vendor%2Flarge", "vendor%2flarge"):
        assert shop.http().get(f"/v1/models/{written}").json()["id"] == "vendor/large"


@pytest.mark.parametrize("path", SURFACES)
@pytest.mark.parametrize("model", ["nope", "vendor/none", "vendor", "small/"])
def test_an_unknown_model_is_a_404_in_openais_shape(shop: Shop, path: str, model: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        shop.client(path).models.retrieve(model)

    missing: Any = caught.value
    assert missing.body.keys() == {"message", "type", "param", "code"}
    assert (missing.code, missing.param) == ("model_not_found", "model")
    assert missing.type == ("invalid_request_error" if path == "/v1" else "model_not_found")
    assert missing.request_id.startswith("req_")


@pytest.mark.parametrize("path", SURFACES)
def test_a_key_sees_only_the_models_in_its_scope(shop: Shop, path: str) -> None:
    client = shop.client(path, api_key=key_of(shop, allowed_model_ids=["vendor/large"]))

    assert [model.id for model in client.models.list()] == ["vendor/large"]
    assert client.models.retrieve("vendor/large").id == "vendor/large"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("small")


def test_a_key_sees_only_the_models_of_its_providers(shop: Shop) -> None:
    client = shop.client(api_key=key_of(shop, allowed_providers=["dead"]))

    assert [model.id for model in client.models.list()] == [
        "after-refusal", "dead-only", "after-refusal-stream",
    ]  # fmt: skip


def test_a_key_for_management_only_lists_nothing(shop: Shop) -> None:
    client = shop.client(api_key=key_of(shop, permissions=["manage"]))

    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.models.list()

    assert caught.value.code == "permission_denied"


@pytest.mark.parametrize("path", SURFACES)
def test_listing_needs_a_key(shop: Shop, path: str) -> None:
    assert HTTP.get(f"{shop.gateway.url}{path}/models").status_code == 401
    with pytest.raises(openai.AuthenticationError):
        shop.client(path, api_key="tb_0000nobody").models.list()


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/small", "/openai/v1/models"])
def test_what_a_key_sees_names_no_supplier(shop: Shop, path: str) -> None:
    text = shop.http().get(path).text.replace("only-route", "").replace("after-", "")

    assert [word for word in SUPPLIERS if word in text.replace("dead-only", "")] == []


def test_the_public_catalogue_needs_no_key_and_names_no_supplier(shop: Shop) -> None:
    answer = HTTP.get(f"{shop.gateway.url}/api/v1/models")

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert [model["id"] for model in data] == list(PRICES)
    text = json.dumps(data).replace("dead-only", "").replace("after-", "")
    assert [word for word in SUPPLIERS if word in text] == []


def test_the_public_catalogue_shows_what_customers_pay(shop: Shop) -> None:
    data = HTTP.get(f"{shop.gateway.url}/api/v1/models").json()["data"]

    small = next(model for model in data if model["id"] == "small")
    assert small["pricing"]["currency"] == "USD"
    assert small["pricing"]["per_units"] == 1_000_000
    assert (small["pricing"]["input"], small["pricing"]["output"]) == ("0.15", "0.60")
    assert small["pricing"]["cached_input"] == "0.075"
    tiny = next(model for model in data if model["id"] == "tiny")
    assert (tiny["context_length"], tiny["max_output_tokens"]) == LIMITS["tiny"]
    assert (small["kind"], small["tier"]) == ("chat", "standard")


def anthropic_client(shop: Shop, **options: Any) -> anthropic.Anthropic:
    given = {"api_key": shop.customer.api_key, "max_retries": 0, **options}
    return shop.exits.enter_context(anthropic.Anthropic(base_url=shop.gateway.url, **given))


def test_anthropics_sdk_lists_and_finds_models_at_the_same_path(shop: Shop) -> None:
    client = anthropic_client(shop)

    page = client.models.list()
    tiny = client.models.retrieve("tiny")

    assert [model.id for model in page] == LISTED
    assert (page.has_more, page.first_id, page.last_id) == (False, "small", LISTED[-1])
    anthropic.types.ModelInfo.model_validate(tiny.model_dump())
    assert (tiny.type, tiny.display_name) == ("model", "tiny")
    assert (tiny.max_input_tokens, tiny.max_tokens) == LIMITS["tiny"]
    assert client.models.retrieve("vendor/large").id == "vendor/large"


def test_anthropics_sdk_is_told_of_errors_in_its_own_shape(shop: Shop) -> None:
    with pytest.raises(anthropic.NotFoundError) as missing:
        anthropic_client(shop).models.retrieve("nope")
    with pytest.raises(anthropic.AuthenticationError):
        anthropic_client(shop, api_key="tb_0000nobody").models.list()

    body: Any = missing.value.body
    assert body["error"]["type"] == "not_found_error"
    assert (missing.value.request_id or "").startswith("req_")


def test_what_anthropics_sdk_gets_is_no_less_than_openais(shop: Shop) -> None:
    told = {"anthropic-version": "2023-06-01", "x-api-key": shop.customer.api_key}
    http = shop.http()

    plain = http.get("/v1/models").json()
    both = http.get("/v1/models", headers=told).json()

    assert both["object"] == "list"
    for model, more in zip(plain["data"], both["data"], strict=True):
        assert model.items() <= more.items()
    assert http.get("/openai/v1/models", headers=told).json() == plain


def test_a_key_with_no_models_gets_an_empty_page(shop: Shop) -> None:
    client = anthropic_client(
        shop, api_key=key_of(shop, allowed_model_ids=["small"], allowed_providers=["dead"])
    )

    page = client.models.list()

    assert (page.data, page.first_id, page.last_id) == ([], None, None)
