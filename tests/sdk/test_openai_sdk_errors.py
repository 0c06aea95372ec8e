"""Errors reach the official SDK as the exception it would raise for OpenAI's own, once each."""

from fractions import Fraction
from typing import Any

import httpx
import openai
import pytest

from tests.gateway_process import HTTP, Customer
from tests.scripted_upstream import completion, error, reset
from tests.sdk.books import NANOS, hold_of
from tests.sdk.shop import QUESTION, Shop

ENVELOPE = {"message", "type", "param", "code"}


def ask(shop: Shop, **options: Any) -> Any:
    given = {"model": "small", "messages": QUESTION, **options}
    return shop.client().chat.completions.create(**given)


def key_of(shop: Shop, **fields: Any) -> str:
    """Another key of the same customer."""
    key = shop.gateway.admin(
        "POST",
        f"/customers/{shop.customer.customer_id}/api-keys",
        json={"name": "another", **fields},
    )
    secret: str = key["api_key"]
    return secret


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("options", "kind", "status", "code", "param"),
    [
        ({"model": "nobody/knows"}, openai.NotFoundError, 404, "model_not_found", "model"),
        ({"messages": []}, openai.BadRequestError, 400, "invalid_value", "messages"),
        (
            {"messages": [{"role": "wizard", "content": "x"}]},
            openai.BadRequestError, 400, "invalid_value", "messages[0].role",
        ),
        ({"temperature": 3}, openai.BadRequestError, 400, "invalid_value", "temperature"),
        ({"n": 0}, openai.BadRequestError, 400, "invalid_value", "n"),
        ({"max_tokens": -1}, openai.BadRequestError, 400, "invalid_value", "max_tokens"),
        (
            {"service_tier": "priority"},
            openai.BadRequestError, 400, "unsupported_parameter", "service_tier",
        ),
        (
            {"web_search_options": {}},
            openai.BadRequestError, 400, "unsupported_parameter", "web_search_options",
        ),
        (
            {"extra_body": {"best_of": 9}},
            openai.BadRequestError, 400, "unsupported_parameter", "best_of",
        ),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_bad_request_names_its_fault_and_holds_nothing(
    *,
    shop: Shop,
    options: dict[str, Any],
    kind: type[openai.APIStatusError],
    status: int,
    code: str,
    param: str,
    stream: bool,
) -> None:
    with pytest.raises(kind) as caught:
        ask(shop, stream=stream, **options)

    refusal = caught.value
    assert (refusal.status_code, refusal.code, refusal.param) == (status, code, param)
    assert refusal.type == "invalid_request_error"
    assert isinstance(refusal.body, dict)
    assert refusal.body.keys() >= ENVELOPE
    assert (refusal.request_id or "").startswith("req_")
    assert shop.upstream.requests == []
    assert shop.calls(0) == []


@pytest.mark.parametrize(
    "secret",
    ["tb_0000" + "x" * 40, "sk-something-else", "tb_", "tb_ffff" + "y" * 40],
    ids=["unknown", "another vendor's", "cut short", "another shard's"],
)
def test_a_wrong_key_is_an_authentication_error(shop: Shop, secret: str) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        shop.client(api_key=secret).chat.completions.create(model="small", messages=QUESTION)

    assert caught.value.code == "invalid_api_key"
    assert secret not in caught.value.message
    assert shop.upstream.requests == []


def test_a_missing_key_is_an_authentication_error(shop: Shop) -> None:
    answer = HTTP.post(f"{shop.gateway.base_url}/chat/completions", json={"model": "small"})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "missing_api_key"


def test_a_key_without_the_model_in_its_scope_is_denied(shop: Shop) -> None:
    client = shop.client(api_key=key_of(shop, allowed_model_ids=["vendor/large"]))

    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.chat.completions.create(model="small", messages=QUESTION)

    assert (caught.value.code, caught.value.param) == ("model_not_allowed", "model")
    client.chat.completions.create(model="vendor/large", messages=QUESTION)
    shop.calls(1)


def test_a_frozen_wallet_is_denied_until_it_thaws(shop: Shop) -> None:
    path = f"/customers/{shop.customer.customer_id}"
    shop.gateway.admin("POST", f"{path}/freeze", json={})

    with pytest.raises(openai.PermissionDeniedError) as caught:
        ask(shop)

    assert caught.value.code == "wallet_frozen"
    shop.gateway.admin("POST", f"{path}/unfreeze", json={})
    ask(shop)
    shop.calls(1)


def test_too_little_money_is_a_402_that_says_how_much_is_short(shop: Shop) -> None:
    poor = shop.gateway.customer("0.01")
    client = shop.client(api_key=poor.api_key)

    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="vendor/large", messages=QUESTION, max_tokens=1000)

    refusal: Any = caught.value
    assert (type(refusal), refusal.status_code) == (openai.APIStatusError, 402)
    assert (refusal.code, refusal.type) == ("insufficient_balance", "insufficient_quota")
    metadata = refusal.body["metadata"]
    assert metadata["limit_source"] == "wallet"
    assert (metadata["available"], metadata["reserved"]) == ("0.01", "0.00")
    assert metadata["currency"] == "USD"
    assert metadata["request_id"] == refusal.request_id
    required = int(Fraction(metadata["required"]) * NANOS)
    output = hold_of("vendor/large", 0, 1000)
    prompt_tokens = Fraction(required - output, hold_of("vendor/large", 1, 0))
    assert prompt_tokens.denominator == 1
    assert 0 < prompt_tokens < 100
    affordable = int(metadata["max_affordable_output_tokens"])
    assert hold_of("vendor/large", int(prompt_tokens), affordable) <= 10_000_000
    assert hold_of("vendor/large", int(prompt_tokens), affordable + 1) > 10_000_000
    client.chat.completions.create(model="vendor/large", messages=QUESTION, max_tokens=affordable)
    [call] = shop.house.books.settled_calls(poor.customer_id, 1)
    assert call.reserved["output_cap"] == affordable


def test_without_a_cap_little_money_buys_a_short_answer(shop: Shop) -> None:
    poor = shop.gateway.customer("0.001")

    shop.client(api_key=poor.api_key).chat.completions.create(
        model="vendor/large", messages=QUESTION
    )

    [call] = shop.house.books.settled_calls(poor.customer_id, 1)
    assert 0 < call.reserved["output_cap"] < 70
    assert call.held <= 1_000_000
    assert shop.upstream.requests[0].json["max_tokens"] == call.reserved["output_cap"]


@pytest.mark.parametrize(
    ("credit", "quota", "code", "source"),
    [
        ("0", None, "insufficient_balance", "wallet"),
        ("10", "0.0001", "key_quota_exhausted", "api_key_quota"),
    ],
    ids=["an empty wallet", "a spent quota"],
)
def test_the_402_names_what_is_short(
    shop: Shop, credit: str, quota: str | None, code: str, source: str
) -> None:
    fields = {"quota": {"amount": quota, "window": "none"}} if quota else {}
    customer: Customer = shop.gateway.customer(credit, **fields)

    with pytest.raises(openai.APIStatusError) as caught:
        shop.client(api_key=customer.api_key).chat.completions.create(
            model="vendor/large", messages=QUESTION, max_tokens=1000
        )

    refusal: Any = caught.value
    assert (refusal.status_code, refusal.code) == (402, code)
    assert refusal.body["metadata"]["limit_source"] == source
    assert all(isinstance(value, str) for value in refusal.body["metadata"].values())


def test_a_body_beyond_the_limit_is_a_413(shop: Shop) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        ask(shop, messages=[{"role": "user", "content": "x" * 10_000_000}])

    assert (caught.value.status_code, caught.value.code) == (413, "request_too_large")
    assert shop.calls(0) == []


def test_an_endpoint_that_is_not_there_is_a_404_the_sdk_can_read(shop: Shop) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        shop.client().post("/no/such/endpoint", cast_to=object, body={})

    assert isinstance(caught.value.body, dict)
    assert caught.value.body.keys() >= ENVELOPE
    assert (caught.value.request_id or "").startswith("req_")


@pytest.mark.parametrize(
    ("answer", "kind", "status", "code"),
    [
        (error(500), openai.InternalServerError, 502, "upstream_error"),
        (error(503), openai.InternalServerError, 502, "upstream_error"),
        (error(504), openai.InternalServerError, 504, "upstream_timeout"),
        (error(401), openai.InternalServerError, 502, "upstream_error"),
        (error(403), openai.InternalServerError, 502, "upstream_error"),
        (error(402), openai.InternalServerError, 502, "upstream_error"),
        (error(429), openai.RateLimitError, 429, "upstream_rate_limited"),
        (error(429, "insufficient_quota"), openai.InternalServerError, 502, "upstream_error"),
        (error(400, "bad"), openai.BadRequestError, 400, "upstream_rejected"),
        (error(422), openai.BadRequestError, 400, "upstream_rejected"),
        (reset(), openai.InternalServerError, 502, "upstream_error"),
    ],
    ids=["500", "503", "504", "401", "403", "402", "429", "our quota", "400", "422", "reset"],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_upstream_failure_is_told_in_our_words_and_released(
    *,
    shop: Shop,
    answer: Any,
    kind: type[openai.APIStatusError],
    status: int,
    code: str,
    stream: bool,
) -> None:
    shop.upstream.script(answer)

    with pytest.raises(kind) as caught:
        ask(shop, stream=stream)

    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert "The upstream says no" not in str(caught.value.body)
    call = shop.call()
    call.assert_released(code)
    assert caught.value.request_id == call.request_id


def test_each_of_the_sdks_three_tries_is_a_call_of_its_own(shop: Shop) -> None:
    shop.upstream.script(error(500), error(503), completion("at last"))

    answer = shop.client(max_retries=2).chat.completions.create(model="small", messages=QUESTION)

    assert answer.choices[0].message.content == "at last"
    assert len(shop.upstream.requests) == 3
    calls = shop.calls(3)
    assert len({call.request_id for call in calls}) == 3
    assert [bool(call.of("wallet", "released")) for call in calls] == [True, True, False]
    calls[2].assert_charged("small", input=3, output=2)


def test_an_sdk_told_not_to_retry_tries_once(shop: Shop) -> None:
    shop.upstream.script(error(500), error(500))

    with pytest.raises(openai.InternalServerError):
        ask(shop)

    assert len(shop.upstream.requests) == 1
    shop.call().assert_released("upstream_error")


@pytest.mark.parametrize(
    "options", [{"model": "nope"}, {"max_tokens": 0}], ids=["unknown model", "bad value"]
)
def test_a_refusal_is_not_retried(shop: Shop, options: dict[str, Any]) -> None:
    seen: list[httpx.Response] = []
    hooks: Any = {"response": [seen.append]}
    with (
        openai.OpenAI(
            base_url=shop.gateway.base_url,
            api_key=shop.customer.api_key,
            http_client=openai.DefaultHttpxClient(event_hooks=hooks),
        ) as client,
        pytest.raises(openai.APIStatusError),
    ):
        client.chat.completions.create(**{"model": "small", "messages": QUESTION, **options})

    assert len(seen) == 1
