"""The newer Client of DashScope's SDK against the gateway, and what raw callers get to see."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import dashscope
import openai
import pytest
from dashscope.v2.errors import (
    AuthenticationError,
    DashScopeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

from tests.adapters.pictures import png_url
from tests.scripted_answers import STREAM_HEAD, framed
from tests.scripted_upstream import Answer, raw, reset
from tests.sdk.houses import visited
from tests.sdk.qwen_calls import FEATURES, PARIS, QUESTION, TOOLS
from tests.sdk.shop import House, Shop
from tests.upstreams import dashscope_answers as aliyun
from tests.upstreams.dashscope_answers import Said, embeddings, generation

PATH = "/api/v1/services/aigc/text-generation/generation"
MODELS = pytest.mark.parametrize("model", ["qwen-plus", "chat-plus"])
STREAMING = pytest.mark.parametrize("streaming", [False, True], ids=["json", "stream"])


@pytest.fixture
def shop(qwen_house: House) -> Iterator[Shop]:
    with visited(qwen_house) as shop:
        yield shop


@pytest.fixture
def client(shop: Shop) -> Any:
    return shop.exits.enter_context(client_of(shop, shop.customer.api_key))


def client_of(shop: Shop, key: str) -> Any:
    return dashscope.Client(api_key=key, base_url=shop.gateway.url + "/api/v1", max_retries=0)


def asked(client: Any, model: str, streaming: bool, **options: Any) -> Any:
    """The one choice of an answer, added up if it came in pieces."""
    given = {"model": model, "messages": QUESTION, "stream": streaming, **options}
    answer = client.chat.completions.create(**given)
    if not streaming:
        return answer.choices[0].message, answer.choices[0].finish_reason, answer.usage
    chunks = list(answer)
    whole = {"content": "", "reasoning_content": "", "arguments": ""}
    for chunk in chunks:
        whole["content"] += chunk.delta.content or ""
        whole["reasoning_content"] += chunk.delta.reasoning_content or ""
        for call in chunk.delta.tool_calls or ():
            whole["arguments"] += call.function.arguments
    return whole, chunks[-1].choices[0].finish_reason, chunks[-1].usage


@MODELS
@STREAMING
def test_text_arrives_and_is_charged(shop: Shop, client: Any, model: str, streaming: bool) -> None:
    message, finish, usage = asked(client, model, streaming)

    assert dict(message)["content"] == "one two three"
    assert (finish, usage.input_tokens, usage.output_tokens) == ("stop", 3, 3)
    shop.call().assert_charged(model, input=3, output=3)


@MODELS
@STREAMING
def test_calls_of_tools_arrive(shop: Shop, client: Any, model: str, streaming: bool) -> None:
    answers = FEATURES["a tool"].answers(streaming)
    for name, answer in answers.items():
        shop.house.upstreams[name].script(answer)

    message, finish, _ = asked(client, model, streaming, tools=TOOLS)

    told = dict(message)["arguments"] if streaming else message.tool_calls[0].function.arguments
    assert (json.loads(told), finish) == ({"city": "Paris"}, "tool_calls")
    shop.call().assert_charged(model, input=40, output=12)


@MODELS
@STREAMING
def test_thoughts_arrive(shop: Shop, client: Any, model: str, streaming: bool) -> None:
    for name, answer in FEATURES["thinking"].answers(streaming).items():
        shop.house.upstreams[name].script(answer)

    message, _, _ = asked(client, model, streaming, enable_thinking=True)

    assert dict(message)["reasoning_content"] == "Hm"
    shop.call().assert_charged(model, input=9, output=2, reasoning=3)


@MODELS
def test_pictures_arrive(shop: Shop, client: Any, model: str) -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image", "url": png_url(8, 8)}]

    message, _, _ = asked(client, model, False, messages=[{"role": "user", "content": parts}])

    assert message.content.strip() == "look"
    assert shop.call().reserved["surface"] == "dashscope.parts"
    sent = shop.house.upstreams["chat" if model == "chat-plus" else "aliyun"].requests[0]
    assert png_url(8, 8) in sent.raw.decode()


def test_errors_are_of_the_right_class(shop: Shop, client: Any) -> None:
    stranger = shop.exits.enter_context(client_of(shop, "tb_0000nobody"))
    poor = shop.exits.enter_context(client_of(shop, shop.gateway.customer("0.000001").api_key))
    shop.house.upstreams["aliyun"].script(aliyun.error(429, "Throttling"))

    for caller, options, kind in (
        (stranger, {}, AuthenticationError),
        (client, {"model": "nope"}, NotFoundError),
        (poor, {"max_tokens": 1000}, PermissionDeniedError),
        (client, {}, RateLimitError),
    ):
        with pytest.raises(kind):
            caller.chat.completions.create(**{"model": "qwen-plus", "messages": QUESTION} | options)
    shop.call().assert_released("upstream_rate_limited")


def test_a_stream_that_breaks_raises_after_what_came(shop: Shop, client: Any) -> None:
    broken = aliyun.error_event(500, "InternalError", ["one ", "two "])
    shop.house.upstreams["aliyun"].script(broken)
    seen: list[str] = []

    stream = client.chat.completions.create(model="qwen-plus", messages=QUESTION, stream=True)
    with pytest.raises(DashScopeError):
        seen.extend(chunk.delta.content for chunk in stream)

    assert "".join(seen) == "one two "
    # Every event tells the usage so far, so what came before is known exactly.
    shop.call().assert_charged("qwen-plus", input=3, output=2, flags=("truncated",))


BEGUN = aliyun.event(
    1, {"choices": [{"message": {"content": "one"}, "finish_reason": "null"}]}, None
)
FAULTS: dict[str, Answer] = {
    "500": aliyun.error(500, "InternalError"),
    "401": aliyun.error(401, "InvalidApiKey"),
    "our account is empty": aliyun.error(400, "Arrearage"),
    "529": aliyun.error(529, "Overloaded"),
    "an error told as a success": aliyun.error(200, "Throttling"),
    "an error as the first event": aliyun.error_event(429, "Throttling"),
    "a reset before any byte": reset(),
    "nonsense": raw(STREAM_HEAD, framed(b"data:nonsense\n\n"), b"0\r\n\r\n"),
}


@pytest.mark.parametrize("fault", FAULTS)
@STREAMING
def test_a_fault_before_the_first_byte_goes_to_the_next_route(
    shop: Shop, client: Any, fault: str, streaming: bool
) -> None:
    shop.house.upstreams["aliyun"].script(FAULTS[fault])

    message, _, _ = asked(client, "qwen-twice", streaming)

    assert dict(message)["content"] == "one two three"
    call = shop.call()
    call.assert_charged("qwen-twice", input=3, output=3)
    assert call.attempts[-1]["provider"] == "spare"


def test_a_stream_without_usage_is_counted_by_us(shop: Shop, client: Any) -> None:
    shop.house.upstreams["aliyun"].script(generation(Said(("one ", "two"), usage=None)))

    message, _, _ = asked(client, "qwen-plus", True)

    assert message["content"] == "one two"
    shop.call().assert_counted("one two", basis="estimated", flags=("usage_missing",))


def test_raw_callers_get_the_bytes_of_the_service(shop: Shop) -> None:
    body = {"model": "chat-plus", "input": {"prompt": "one two"}}
    headers = {"X-DashScope-SSE": "enable"}
    answer = shop.http().post(PATH, json=body, headers=headers)

    first, *_ = answer.text.split("\n\n")
    lines = first.split("\n")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-request-id"].startswith("req_")
    assert lines[:3] == ["id:1", "event:result", ":HTTP_STATUS/200"]
    told = json.loads(lines[3].removeprefix("data:"))
    assert told["output"] == {"text": "one ", "finish_reason": "null"}
    assert told["request_id"] == answer.headers["x-gateway-request-id"]
    shop.call()


def test_tasks_to_be_fetched_later_are_refused(shop: Shop) -> None:
    body = {"model": "qwen-plus", "input": {"prompt": "one"}}
    answer = shop.http().post(PATH, json=body, headers={"X-DashScope-Async": "enable"})

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")
    assert "X-DashScope-Async" in answer.json()["message"]


def test_openais_client_gets_vectors_from_dashscope(shop: Shop) -> None:
    shop.house.upstreams["aliyun"].script(embeddings(2))

    answer = shop.client().embeddings.create(model="qwen-embedding", input=["one two", "three"])

    assert [item.embedding for item in answer.data] == [[0.25, 0.25], [1.25, 1.25]]
    shop.call().assert_charged("qwen-embedding", input=3)


def test_openais_client_is_served_by_dashscope(shop: Shop) -> None:
    shop.house.upstreams["aliyun"].script(generation(Said(("Hi",), calls=[PARIS])))
    client: openai.OpenAI = shop.client()
    ask: Any = {"model": "qwen-plus", "messages": QUESTION, "stream": True, "tools": TOOLS}

    chunks = list(client.chat.completions.create(**ask))

    calls = [
        call
        for chunk in chunks
        for choice in chunk.choices
        for call in choice.delta.tool_calls or ()
    ]
    told = "".join(call.function.arguments for call in calls)
    assert json.loads(told) == {"city": "Paris"}
    assert shop.call().charged["usage"] == {"input": 3, "output": 4}


def test_the_asynchronous_client_is_served_too(shop: Shop) -> None:
    async def text() -> str:
        url, key = shop.gateway.url + "/api/v1", shop.customer.api_key
        async with dashscope.AsyncClient(api_key=key, base_url=url, max_retries=0) as client:
            answer = await client.chat.completions.create(model="chat-plus", messages=QUESTION)
            return str(answer.output_text)

    assert asyncio.run(text()) == "one two three"
    shop.call()
