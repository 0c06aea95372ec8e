"""The JoyToken contract under /openai/v1: its headers, its metadata, and its errors."""

import asyncio
import json
from typing import Any

import openai
import pytest

from tests.gateway_process import HTTP
from tests.scripted_answers import whole
from tests.scripted_upstream import (
    completion,
    error,
    in_stream_error,
    raw,
    stream,
    truncated_stream,
    usage_of,
)
from tests.sdk.books import CREDIT, charge_of, decimal_of
from tests.sdk.shop import QUESTION, Shop, paced

PATH = "/openai/v1"
ASKED: Any = {"include_usage": True}


def check_metadata(metadata: Any, shop: Shop, request_id: str) -> None:
    charge = charge_of("small", input=3, output=3)
    assert metadata["request_id"] == request_id
    assert (metadata["model"], metadata["tier"]) == ("small", "standard")
    assert metadata["score"] == 100
    assert "model_recommendation" not in metadata, "there was nothing to choose from"
    latency = metadata["latency"]
    assert 0 <= latency["routing_ms"] < 10_000
    assert 0 <= latency["first_byte_ms"] <= latency["total_ms"]
    billing = metadata["billing"]
    assert billing["credits_used"] == decimal_of(charge)
    assert billing["balance"] == decimal_of(CREDIT - charge)
    assert (billing["input_tokens"], billing["output_tokens"]) == (3, 3)
    assert billing["currency"] == "USD"


def events_of(body: bytes) -> list[Any]:
    """Every data record but the end mark, which must be the last."""
    records = [part.removeprefix(b"data: ") for part in body.strip().split(b"\n\n")]
    assert records.pop() == b"[DONE]"
    return [json.loads(record) for record in records]


def test_a_whole_answer_carries_metadata_and_headers(shop: Shop) -> None:
    answer = shop.client(PATH).chat.completions.with_raw_response.create(
        model="small", messages=QUESTION, extra_headers={"X-Request-ID": "quickstart-001"}
    )

    call = shop.call()
    check_metadata(json.loads(answer.content)["metadata"], shop, call.request_id)
    assert answer.parse().choices[0].message.content == "one two three"
    assert answer.headers["x-daoe-used-model"] == "small"
    assert answer.headers["x-daoe-used-provider"] == "scripted"
    assert answer.headers["x-request-id"] == "quickstart-001"
    assert answer.headers["x-gateway-request-id"] == call.request_id
    assert call.reserved["surface"] == "chat.joytoken"
    call.assert_charged("small", input=3, output=3)


def test_the_upstreams_own_metadata_survives_ours(shop: Shop) -> None:
    theirs = {
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}],
        "usage": usage_of(3, 3), "metadata": {"theirs": "kept"},
    }  # fmt: skip
    shop.upstream.script(raw(whole(200, theirs)))

    answer = shop.client(PATH).chat.completions.create(model="small", messages=QUESTION)

    metadata: Any = answer.metadata
    assert metadata["theirs"] == "kept"
    check_metadata(metadata, shop, shop.call().request_id)


def test_the_stream_metadata_rides_on_the_usage_chunk_when_that_was_asked_for(shop: Shop) -> None:
    body = {"model": "small", "messages": QUESTION, "stream": True, "stream_options": ASKED}

    chunks = events_of(shop.http().post(f"{PATH}/chat/completions", json=body).content)

    assert [bool(chunk.get("metadata")) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 6
    assert chunks[-1]["id"] == chunks[0]["id"]
    check_metadata(chunks[-1]["metadata"], shop, shop.call().request_id)


def test_the_stream_metadata_has_a_legal_chunk_of_its_own_when_usage_was_not_asked_for(
    shop: Shop,
) -> None:
    body = {"model": "small", "messages": QUESTION, "stream": True}

    chunks = events_of(shop.http().post(f"{PATH}/chat/completions", json=body).content)

    assert all(not chunk.get("usage") for chunk in chunks)
    last = chunks[-1]
    assert (last["object"], last["choices"]) == ("chat.completion.chunk", [])
    assert {"id", "created", "model"} <= last.keys()
    check_metadata(last["metadata"], shop, shop.call().request_id)


def test_every_chunk_of_a_stream_has_one_id_and_time(shop: Shop) -> None:
    """wire-facts 1.1: same id, created and model on every chunk."""
    body = {"model": "small", "messages": QUESTION, "stream": True}

    chunks = events_of(shop.http().post(f"{PATH}/chat/completions", json=body).content)

    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    shop.call()


@pytest.mark.parametrize("asks", [True, False], ids=["asks for usage", "does not"])
def test_the_sdk_survives_the_metadata_in_a_stream(shop: Shop, asks: bool) -> None:
    options: Any = {"stream_options": ASKED} if asks else {}
    chunks = list(
        shop.client(PATH).chat.completions.create(
            model="small", messages=QUESTION, stream=True, **options
        )
    )

    said = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert "".join(said) == "one two three"
    call = shop.call()
    check_metadata(chunks[-1].to_dict()["metadata"], shop, call.request_id)
    call.assert_charged("small", input=3, output=3)


@pytest.mark.parametrize("asks", [True, False], ids=["asks for usage", "does not"])
def test_the_stream_helper_survives_the_metadata(shop: Shop, asks: bool) -> None:
    options: Any = {"stream_options": ASKED} if asks else {}
    with shop.client(PATH).chat.completions.stream(
        model="small", messages=QUESTION, **options
    ) as events:
        final = events.until_done().get_final_completion()

    assert final.choices[0].message.content == "one two three"
    assert (final.usage is not None) is asks
    shop.call()


def test_an_async_stream_survives_the_metadata(shop: Shop) -> None:
    async def read() -> str:
        async with (
            shop.async_client(PATH) as client,
            client.chat.completions.stream(model="small", messages=QUESTION) as events,
        ):
            final = await (await events.until_done()).get_final_completion()
            return final.choices[0].message.content or ""

    assert asyncio.run(read()) == "one two three"
    shop.call()


def test_a_stream_without_any_usage_still_carries_metadata(shop: Shop) -> None:
    shop.upstream.script(stream(usage=None))
    body = {"model": "small", "messages": QUESTION, "stream": True, "stream_options": ASKED}

    chunks = events_of(shop.http().post(f"{PATH}/chat/completions", json=body).content)

    call = shop.call()
    assert chunks[-1]["metadata"]["billing"]["credits_used"] == decimal_of(call.total)
    assert call.charged["basis"] == "estimated"


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"model": "nope"}, 404, "model_not_found"),
        ({"messages": []}, 400, "invalid_value"),
        ({"model": "vendor/large", "max_tokens": 16_000}, 402, "insufficient_balance"),
    ],
    ids=["unknown model", "bad value", "no money"],
)
def test_the_type_of_an_error_is_its_code(
    shop: Shop, options: dict[str, Any], status: int, code: str
) -> None:
    poor = shop.gateway.customer("0.01")
    with pytest.raises(openai.APIStatusError) as caught:
        shop.client(PATH, api_key=poor.api_key).chat.completions.create(
            **{"model": "small", "messages": QUESTION, **options}
        )

    assert caught.value.status_code == status
    assert (caught.value.type, caught.value.code) == (code, code)


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "missing_api_key"), ({"X-API-Key": "jt_nobody"}, "invalid_api_key")],
    ids=["no key", "a wrong key"],
)
def test_a_refused_key_is_named_in_joytokens_way(
    shop: Shop, headers: dict[str, str], code: str
) -> None:
    for method, path in (("POST", "chat/completions"), ("GET", "models")):
        body = {"model": "small", "messages": QUESTION} if method == "POST" else None
        answer = HTTP.request(
            method, f"{shop.gateway.url}{PATH}/{path}", json=body, headers=headers
        )

        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == code


@pytest.mark.parametrize("path", ["/v1", PATH])
def test_x_api_key_alone_is_enough(shop: Shop, path: str) -> None:
    answer = HTTP.post(
        f"{shop.gateway.url}{path}/chat/completions",
        json={"model": "small", "messages": QUESTION},
        headers={"X-API-Key": shop.customer.api_key},
    )

    assert answer.status_code == 200
    shop.call()


@pytest.mark.parametrize("path", ["/v1", PATH])
def test_x_api_key_wins_over_authorization(shop: Shop, path: str) -> None:
    other = shop.gateway.customer()
    body: Any = {"model": "small", "messages": QUESTION}

    shop.client(path, api_key=other.api_key).chat.completions.create(
        **body, extra_headers={"X-API-Key": shop.customer.api_key}
    )
    with pytest.raises(openai.AuthenticationError):
        shop.client(path).chat.completions.create(**body, extra_headers={"X-API-Key": "jt_wrong"})

    shop.calls(1)
    assert shop.house.books.calls_of(other.customer_id) == []


@pytest.mark.parametrize(
    "answer",
    [paced(in_stream_error(after=2)), paced(truncated_stream(after=2))],
    ids=["error", "truncated"],
)
def test_an_error_in_the_stream_has_the_code_as_its_type(shop: Shop, answer: Any) -> None:
    shop.upstream.script(answer)

    with pytest.raises(openai.APIError) as caught:
        list(
            shop.client(PATH).chat.completions.create(model="small", messages=QUESTION, stream=True)
        )

    assert (caught.value.type, caught.value.code) == ("upstream_error", "upstream_error")
    assert shop.call().charged["basis"] == "partial"


def test_an_upstream_error_has_the_code_as_its_type(shop: Shop) -> None:
    shop.upstream.script(error(500))

    with pytest.raises(openai.InternalServerError) as caught:
        shop.client(PATH).chat.completions.create(model="small", messages=QUESTION)

    assert caught.value.type == "upstream_error"
    shop.call().assert_released("upstream_error")


def test_a_charge_capped_by_usage_shows_in_the_metadata(shop: Shop) -> None:
    shop.upstream.script(completion(usage=usage_of(3, 64)))
    body = {"model": "small", "messages": QUESTION, "max_tokens": 1}

    given = shop.http().post(f"{PATH}/chat/completions", json=body).json()

    assert given["metadata"]["billing"]["output_tokens"] == 1
    assert given["usage"]["completion_tokens"] == 64
    shop.call().assert_charged("small", flags=("output_beyond_cap",), input=3, output=1)
