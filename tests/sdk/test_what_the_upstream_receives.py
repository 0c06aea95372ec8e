"""Upstream goes the caller's own request, but for our model id, our cap, our key and usage."""

from typing import Any

import pytest

from tests.scripted_answers import whole
from tests.scripted_upstream import raw
from tests.sdk.books import decimal_of
from tests.sdk.shop import QUESTION, Shop

# Values that a parser and a printer could change on the way.
ODD = {
    "messages": [
        {"role": "developer", "content": "Bé 😀 \u2028 </script>", "x_vendor": {"deep": [1, None]}},
        {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"a": 1}}]},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "thought",
            "tool_calls": [
                {
                    "id": "c",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a": 1.0}'},
                    "extra_content": {"google": {"thought_signature": "sig=="}},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c", "content": "done"},
    ],
    "temperature": 0.7,
    "top_p": 1.0,
    "frequency_penalty": 0.25,
    "presence_penalty": -2.0,
    "seed": 9_007_199_254_740_993,
    "logit_bias": {"50256": -100},
    "stop": ["\n"],
    "user": "u-1",
    "metadata": {"k": "v"},
    "response_format": {"type": "json_object"},
    "reasoning_effort": "low",
    "top_k": 40,
}


def received(shop: Shop) -> dict[str, Any]:
    return shop.upstream.requests[0].json


def test_the_body_goes_upstream_unchanged_but_for_what_is_ours(shop: Shop) -> None:
    shop.http().post("/v1/chat/completions", json={"model": "vendor/large", **ODD})

    assert received(shop) == {**ODD, "model": "upstream-large", "max_tokens": 4096}
    shop.call()


def test_our_key_goes_upstream_and_never_the_customers(shop: Shop) -> None:
    shop.http().post(
        "/v1/chat/completions",
        json={"model": "small", "messages": QUESTION},
        headers={
            "X-API-Key": shop.customer.api_key,
            "Cookie": "session=1",
            "OpenAI-Organization": "org-of-the-customer",
        },
    )

    [request] = shop.upstream.requests
    assert request.headers["authorization"] == "Bearer sk-upstream"
    assert shop.customer.api_key.encode() not in request.head + request.raw
    assert not {"x-api-key", "cookie", "openai-organization"} & request.headers.keys()
    assert request.path == "/v1/chat/completions"
    shop.call()


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize(("asked", "sent"), [(50, 50), (10**6, 16_384)], ids=["kept", "clamped"])
def test_the_cap_goes_by_the_servers_name_and_never_exceeds_the_models(
    shop: Shop, name: str, asked: int, sent: int
) -> None:
    shop.http().post(
        "/v1/chat/completions", json={"model": "small", "messages": QUESTION, name: asked}
    )

    body = received(shop)
    assert {key: body[key] for key in body if key.startswith("max_")} == {"max_tokens": sent}
    assert shop.call().reserved["output_cap"] == sent


def test_of_two_caps_the_newer_name_wins_and_goes_alone(shop: Shop) -> None:
    caps = {"max_tokens": 70, "max_completion_tokens": 50}
    shop.http().post("/v1/chat/completions", json={"model": "small", "messages": QUESTION, **caps})

    body = received(shop)
    assert {key: body[key] for key in body if key.startswith("max_")} == {"max_tokens": 50}
    shop.call()


def test_a_stream_asks_for_usage_and_keeps_the_other_options(shop: Shop) -> None:
    options = {"include_usage": False, "include_obfuscation": False}
    body = {"model": "small", "messages": QUESTION, "stream": True, "stream_options": options}
    shop.http().post("/v1/chat/completions", json=body)

    assert received(shop)["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert received(shop)["stream"] is True
    shop.call()


def test_a_whole_answer_is_asked_for_without_stream_options(shop: Shop) -> None:
    shop.client().chat.completions.create(model="small", messages=QUESTION)

    assert "stream_options" not in received(shop)
    shop.call()


def test_the_gateways_own_fields_stay_here(shop: Shop) -> None:
    body = {"model": "small", "messages": QUESTION, "tier": "standard"}
    assert shop.http().post("/openai/v1/chat/completions", json=body).is_success

    assert received(shop).keys() == {"model", "messages", "max_tokens"}
    shop.call()


def test_a_whole_answer_comes_back_byte_for_byte(shop: Shop) -> None:
    answer = (
        b'{ "id":"x","object":"chat.completion","created":1,"model":"theirs",\n'
        b'"choices":[{"index":0,"message":{"role":"assistant",'
        b'"content":"\\u00e9 \xf0\x9f\x98\x80"},'
        b'"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1,'
        b'"total_tokens":3,"cost":1.50},"x_vendor":[1.0,{}] }'
    )
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {len(answer)}\r\n"
    shop.upstream.script(raw(head.encode() + b"set-cookie: a=b\r\nserver: theirs\r\n\r\n" + answer))

    given = shop.http().post("/v1/chat/completions", json={"model": "small", "messages": QUESTION})

    assert given.content == answer
    assert given.headers["content-type"] == "application/json"
    assert not {"set-cookie", "server"} & given.headers.keys()
    shop.call().assert_charged("small", input=2, output=1)


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ("trace-1.a:b_C", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("has space", False),
        ("semi;colon", False),
        ("", False),
    ],
    ids=["plain", "longest", "too long", "space", "semicolon", "empty"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/chat/completions"), ("GET", "/v1/models")],
    ids=["chat", "models"],
)
def test_a_valid_request_id_of_the_caller_is_echoed(
    shop: Shop, sent: str, echoed: bool, method: str, path: str
) -> None:
    body = {"model": "small", "messages": QUESTION} if method == "POST" else None
    answer = shop.http().request(method, path, json=body, headers={"X-Request-ID": sent})

    ours = answer.headers["x-gateway-request-id"]
    assert ours.startswith("req_")
    assert answer.headers["x-request-id"] == (sent if echoed else ours)


def test_headers_say_who_answered_and_what_it_cost(shop: Shop) -> None:
    answer = shop.client().chat.completions.with_raw_response.create(
        model="vendor/large", messages=QUESTION
    )

    call = shop.call()
    assert answer.headers["x-daoe-used-model"] == "vendor/large"
    assert answer.headers["x-daoe-used-provider"] == "scripted"
    assert "x-daoe-failover" not in answer.headers
    assert answer.headers["x-billing-charge"] == decimal_of(call.total)
    assert answer.headers["x-billing-balance"] == decimal_of(shop.balance)
    assert answer.headers["x-gateway-request-id"] == call.request_id
    assert answer.parse()._request_id == call.request_id


def test_an_answer_of_twenty_megabytes_is_relayed(shop: Shop) -> None:
    text = "word " * 4_000_000
    body = {
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }  # fmt: skip
    shop.upstream.script(raw(whole(200, body)))

    answer = shop.client().chat.completions.create(model="small", messages=QUESTION)

    assert answer.choices[0].message.content == text
    shop.call().assert_charged("small", input=3, output=4)
