"""What today's anthropic hears of a refusal and of a failing upstream; each call is ended once."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.scripted_upstream import RESET, Answer, raw, reset, sse
from tests.sdk.claude_house import client_of
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop
from tests.upstreams import anthropic_answers as claude
from tests.upstreams.anthropic_answers import Said

QUESTION: Any = [{"role": "user", "content": "one two three"}]
USED = claude.usage_of(3, 4)
SPOKEN = ["Hello", " from", " the", " upstream"]


@pytest.fixture
def shop(claude_house: House) -> Iterator[Shop]:
    with visited(claude_house) as shop:
        yield shop


def script(shop: Shop, *answers: Answer) -> None:
    shop.house.upstreams["claude"].script(*answers)


def create(client: anthropic.Anthropic, **options: Any) -> anthropic.types.Message:
    given = {"model": "claude", "max_tokens": 100, "messages": QUESTION, **options}
    message: anthropic.types.Message = client.messages.create(**given)
    return message


def streamed(shop: Shop, model: str = "claude") -> tuple[str, anthropic.APIError | None]:
    """The text that came, and the error that ended it."""
    text = ""
    try:
        with client_of(shop).messages.stream(
            model=model, max_tokens=100, messages=QUESTION
        ) as stream:
            for piece in stream.text_stream:
                text += piece
    except anthropic.APIError as error:
        return text, error
    return text, None


def refused(shop: Shop, kind: type[anthropic.APIStatusError], **options: Any) -> Any:
    """The refusal's body, which must be one that this SDK raises so."""
    with pytest.raises(kind) as caught:
        create(client_of(shop), **options)
    return caught.value.body


def test_both_ways_to_send_the_key_are_known(shop: Shop) -> None:
    old = {"x-api-key": shop.customer.api_key, "anthropic-version": "2023-06-01"}
    new = {"authorization": f"Bearer {shop.customer.api_key}", "anthropic-version": "2026-10-21"}
    body = {"model": "claude", "max_tokens": 9, "messages": QUESTION}

    for headers in (old, new):
        answer = shop.http(headers=headers).post("/v1/messages?beta=true", json=body)
        assert answer.status_code == 200
        assert answer.headers["request-id"] == answer.headers["x-request-id"]
    versions = [r.headers["anthropic-version"] for r in shop.house.upstreams["claude"].requests]
    assert versions == ["2023-06-01", "2026-10-21"]
    assert shop.house.upstreams["claude"].requests[0].headers["x-api-key"] == "sk-upstream"


def test_a_wrong_key_is_refused(shop: Shop) -> None:
    with pytest.raises(anthropic.AuthenticationError) as caught:
        create(client_of(shop, api_key="tb_0000nobody"))

    assert caught.value.type == "authentication_error"


def test_an_unknown_model_is_not_found(shop: Shop) -> None:
    body = refused(shop, anthropic.NotFoundError, model="nope")

    assert body["error"]["type"] == "not_found_error"
    assert body["request_id"].startswith("req_")


def test_want_of_money_is_a_payment_error(claude_house: House, shop: Shop) -> None:
    poor = claude_house.gateway.customer("0.001")

    with pytest.raises(anthropic.PaymentRequiredError) as caught:
        create(client_of(shop, api_key=poor.api_key), max_tokens=20_000)

    details = caught.value.body["error"]["details"]  # type: ignore[index]
    assert details["error_code"] == "insufficient_balance"
    assert caught.value.type == "billing_error"


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"extra_body": {"container": "c"}}, "container"),
        ({"extra_body": {"inference_geo": "us"}}, "inference_geo"),
        ({"extra_body": {"temperature": 1}}, "temperature"),
        ({"extra_body": {"unheard_of": 1}}, "unheard_of"),
        ({"extra_body": {"speed": "fast"}}, "service_tier"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].max_uses"),
        (
            {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 2}]},
            "tools",
        ),
        ({"tools": [{"type": "code_execution_20250825", "name": "c"}]}, "tools[0].type"),
    ],
)
def test_what_no_price_covers_is_refused_by_name(
    shop: Shop, options: dict[str, Any], param: str
) -> None:
    body = refused(shop, anthropic.BadRequestError, **options)

    assert body["error"]["type"] == "invalid_request_error"
    assert body["error"]["details"]["param"] == param
    assert shop.house.upstreams["claude"].requests == []


@pytest.mark.parametrize(
    ("answer", "status", "kind", "released"),
    [
        (claude.error(400, "invalid_request_error"), 400, "invalid_request_error", "rejected"),
        (claude.error(401, "authentication_error"), 500, "api_error", "error"),
        (
            claude.error(400, "invalid_request_error", "Your credit balance is too low to go on."),
            500,
            "api_error",
            "error",
        ),
        (claude.error(500, "api_error"), 500, "api_error", "error"),
        (claude.error(529, "overloaded_error"), 500, "api_error", "error"),
        (claude.error(504, "timeout_error"), 504, "timeout_error", "timeout"),
        (
            claude.error(429, "rate_limit_error", headers={"retry-after": "7"}),
            429,
            "rate_limit_error",
            "rate_limited",
        ),
        (reset(), 500, "api_error", "error"),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnope"), 500, "api_error", "error"),
    ],
    ids=["400", "401", "credit", "500", "529", "504", "429", "reset", "nonsense"],
)
def test_a_failing_upstream_is_told_and_costs_nothing(
    shop: Shop, answer: Answer, status: int, kind: str, released: str
) -> None:
    script(shop, answer)

    with pytest.raises(anthropic.APIStatusError) as caught:
        create(client_of(shop))

    assert (caught.value.status_code, caught.value.type) == (status, kind)
    assert "secret" not in json.dumps(caught.value.body)
    assert "credit" not in json.dumps(caught.value.body)
    if status == 429:
        assert caught.value.response.headers["retry-after"] == "7"
    shop.call().assert_released(f"upstream_{released}")


EARLY = (
    claude.failed(2),
    claude.error(529, "overloaded_error"),
    claude.cut(1),
    sse(b"data: {}\n\n"),
)


@pytest.mark.parametrize("number", range(4))
def test_before_the_first_block_another_route_takes_over(shop: Shop, number: int) -> None:
    script(shop, EARLY[number])

    text, error = streamed(shop, f"two-routes-{number}")

    assert (text, error) == ("one two three", None)
    assert [provider for provider, _ in shop.call().outcomes] == ["claude", "spare"]
    shop.call().assert_charged(f"two-routes-{number}", input=3, output=3)


@pytest.mark.parametrize(
    "broken", [claude.failed(5), claude.cut(5), claude.cut(5, RESET)], ids=["told", "cut", "reset"]
)
def test_a_stream_that_breaks_later_says_so_and_costs_the_prompt_and_what_came(
    shop: Shop, broken: Answer
) -> None:
    script(shop, broken)

    text, error = streamed(shop)

    assert text == "Hello from"
    assert isinstance(error, anthropic.APIStatusError)
    assert (error.status_code, error.type) == (200, "api_error")
    assert "secret" not in str(error)
    shop.call().assert_charged("claude", basis="partial", flags=("truncated",), input=3, output=2)


def test_an_answer_without_usage_is_counted(shop: Shop) -> None:
    script(shop, claude.message(Said(usage=None)))

    create(client_of(shop))

    shop.call().assert_counted("".join(SPOKEN), basis="estimated", flags=("usage_missing",))


def test_of_usage_told_twice_the_last_counts(shop: Shop) -> None:
    script(shop, claude.message(Said(usage=USED)))

    streamed(shop)

    shop.call().assert_charged("claude", input=3, output=4)


def test_a_wrong_path_or_method_is_told_in_anthropics_shape(shop: Shop) -> None:
    http = shop.http()

    nowhere, wrong = http.post("/v1/messages/batches", json={}), http.get("/v1/messages")

    assert (nowhere.status_code, nowhere.json()["error"]["type"]) == (404, "not_found_error")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    for answer in (nowhere, wrong):
        assert answer.json()["type"] == "error"
        assert answer.json()["request_id"].startswith("req_")


def test_where_a_provider_fails_to_count_our_estimate_will_do(shop: Shop) -> None:
    script(shop, claude.error(500, "api_error"))

    counted = client_of(shop).messages.with_raw_response.count_tokens(
        model="claude", messages=QUESTION
    )

    assert counted.headers["x-token-count-source"] == "estimate"
    assert counted.parse().input_tokens >= 3


def test_what_a_provider_finds_fault_with_is_not_estimated(shop: Shop) -> None:
    script(shop, claude.error(400, "invalid_request_error"))

    with pytest.raises(anthropic.BadRequestError) as caught:
        client_of(shop).messages.count_tokens(model="claude", messages=QUESTION)

    assert "secret" not in str(caught.value)


def test_a_key_counts_only_what_it_may_call(claude_house: House, shop: Shop) -> None:
    narrow = claude_house.gateway.customer("1.00", allowed_model_ids=["gpt"])
    client = client_of(shop, api_key=narrow.api_key)

    assert client.messages.count_tokens(model="gpt", messages=QUESTION).input_tokens > 0
    with pytest.raises(anthropic.PermissionDeniedError):
        client.messages.count_tokens(model="claude", messages=QUESTION)
    with pytest.raises(anthropic.BadRequestError):
        client.messages.count_tokens(model="gpt", messages=[])
