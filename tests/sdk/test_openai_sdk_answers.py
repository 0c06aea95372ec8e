"""The official SDK gets its answers, and the wallet shows what was held, charged and released."""

import asyncio
import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.scripted_upstream import completion, error, stream, tool_call, usage_of
from tests.sdk.books import CREDIT, charge_of, decimal_of
from tests.sdk.shop import QUESTION, Shop

TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": False,
            },
            "strict": True,
        },
    }
]
PARIS, ROME = (
    tool_call("get_weather", {"city": "Paris"}, "call_a"),
    tool_call("get_weather", {"city": "Rome"}, "call_b"),
)
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
    "hgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_text_is_answered_and_charged_by_its_reported_usage(shop: Shop) -> None:
    answer = shop.client().chat.completions.create(model="small", messages=QUESTION, max_tokens=9)

    assert answer.choices[0].message.content == "one two three"
    assert answer.choices[0].finish_reason == "stop"
    call = shop.call()
    call.assert_charged("small", input=3, output=3)
    assert call.reserved["output_cap"] == 9
    assert shop.balance == CREDIT - charge_of("small", input=3, output=3)


def test_cached_and_reasoning_tokens_are_charged_apart_and_once(shop: Shop) -> None:
    usage = usage_of(
        1001,
        333,
        prompt_tokens_details={"cached_tokens": 600, "cache_write_tokens": 101},
        completion_tokens_details={"reasoning_tokens": 111},
    )
    shop.upstream.script(completion(usage=usage), completion(usage=usage))
    # A prompt long enough that this usage is possible.
    prompt: Any = [{"role": "user", "content": "word " * 2000}]
    for model in ("odd", "small"):
        shop.client().chat.completions.create(model=model, messages=prompt)

    odd, small = shop.calls(2)
    assert odd.charged["amount"] == charge_of(
        "odd", input=900, cache_write=101, output=222, reasoning=111
    )
    assert small.charged["amount"] == charge_of("small", input=401, cached_input=600, output=333)


def test_a_tool_call_arrives_with_its_arguments(shop: Shop) -> None:
    shop.upstream.script(completion("", tool_calls=[PARIS], usage=usage_of(40, 12)))

    choice: Any = {"type": "function", "function": {"name": "get_weather"}}
    answer = shop.client().chat.completions.create(
        model="small", messages=QUESTION, tools=TOOLS, tool_choice=choice
    )

    [call] = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.id, call.function.name) == ("call_a", "get_weather")
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    assert answer.choices[0].finish_reason == "tool_calls"
    sent = shop.upstream.requests[0].json
    assert (sent["tools"], sent["tool_choice"]) == (TOOLS, choice)
    shop.call().assert_charged("small", input=40, output=12)


def test_parallel_tool_calls_arrive_apart(shop: Shop) -> None:
    shop.upstream.script(completion("", tool_calls=[PARIS, ROME], usage=usage_of(40, 25)))

    answer = shop.client().chat.completions.create(
        model="small", messages=QUESTION, tools=TOOLS, parallel_tool_calls=True
    )

    calls = answer.choices[0].message.tool_calls or []
    assert [call.id for call in calls] == ["call_a", "call_b"]
    assert shop.upstream.requests[0].json["parallel_tool_calls"] is True
    shop.call().assert_charged("small", input=40, output=25)


def test_a_tool_result_makes_the_round_trip(shop: Shop) -> None:
    shop.upstream.script(completion("", tool_calls=[PARIS]), completion("18 degrees."))
    client = shop.client()
    turns: list[Any] = list(QUESTION)
    first = client.chat.completions.create(model="small", messages=turns, tools=TOOLS)
    turns.append(first.choices[0].message.model_dump(exclude_none=True))
    turns.append({"role": "tool", "tool_call_id": "call_a", "content": "18C"})

    second = client.chat.completions.create(model="small", messages=turns, tools=TOOLS)

    assert second.choices[0].message.content == "18 degrees."
    assert shop.upstream.requests[1].json["messages"] == turns
    shop.calls(2)


def test_an_image_goes_upstream_as_it_was_given(shop: Shop) -> None:
    parts: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
    ]
    shop.upstream.script(completion("A pixel.", usage=usage_of(1229, 3)))

    answer = shop.client().chat.completions.create(
        model="small", messages=[{"role": "user", "content": parts}]
    )

    assert answer.choices[0].message.content == "A pixel."
    assert shop.upstream.requests[0].json["messages"][0]["content"] == parts
    shop.call().assert_charged("small", input=1229, output=3)


class City(BaseModel):
    name: str
    inhabitants: int


def test_a_json_schema_comes_back_parsed(shop: Shop) -> None:
    shop.upstream.script(completion('{"name": "Paris", "inhabitants": 2100000}'))

    answer = shop.client().chat.completions.parse(
        model="small", messages=QUESTION, response_format=City
    )

    assert answer.choices[0].message.parsed == City(name="Paris", inhabitants=2_100_000)
    asked = shop.upstream.requests[0].json["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["name"] == "City"
    assert asked["json_schema"]["strict"] is True
    shop.call()


def test_two_choices_are_both_held_and_both_charged(shop: Shop) -> None:
    answer = shop.client().chat.completions.create(
        model="small", messages=QUESTION, n=2, max_tokens=100
    )

    assert [choice.index for choice in answer.choices] == [0, 1]
    call = shop.call()
    call.assert_charged("small", input=3, output=6)
    assert (call.reserved["choices"], call.reserved["output_cap"]) == (2, 100)


def test_the_output_of_all_choices_may_exceed_one_context_window(shop: Shop) -> None:
    """Each of three choices fits `tiny`'s 1,000 tokens; together they do not, which is no lie."""
    shop.upstream.script(completion(usage=usage_of(10, 2100)))

    shop.client().chat.completions.create(model="tiny", messages=QUESTION, n=3, max_tokens=800)

    shop.call().assert_charged("tiny", input=10, output=2100)


@pytest.mark.parametrize("stop", ["END", ["END", "\n\n"]], ids=["one", "several"])
def test_stop_sequences_go_upstream(shop: Shop, stop: Any) -> None:
    shop.client().chat.completions.create(model="small", messages=QUESTION, stop=stop)

    assert shop.upstream.requests[0].json["stop"] == stop
    shop.call().assert_charged("small", input=3, output=3)


def test_an_answer_cut_at_the_cap_says_so(shop: Shop) -> None:
    answer = shop.client().chat.completions.create(model="small", messages=QUESTION, max_tokens=2)

    assert answer.choices[0].finish_reason == "length"
    shop.call().assert_charged("small", input=3, output=2)


def test_a_call_without_a_cap_gets_the_default_one(shop: Shop) -> None:
    shop.client().chat.completions.create(model="small", messages=QUESTION)

    assert shop.upstream.requests[0].json["max_tokens"] == 4096
    assert shop.call().reserved["output_cap"] == 4096


def test_many_async_calls_at_once_are_each_charged(shop: Shop) -> None:
    async def ask() -> list[str | None]:
        async with shop.async_client() as client:
            asked = [
                client.chat.completions.create(
                    model="vendor/large", messages=[{"role": "user", "content": f"number {n}"}]
                )
                for n in range(20)
            ]
            return [answer.choices[0].message.content for answer in await asyncio.gather(*asked)]

    said = asyncio.run(ask())

    assert said == [f"number {n}" for n in range(20)]
    calls = shop.calls(20)
    for call in calls:
        call.assert_charged("vendor/large", input=2, output=2)
    assert shop.balance == CREDIT - 20 * charge_of("vendor/large", input=2, output=2)


def test_twenty_answers_with_one_upstream_id_are_twenty_charges(shop: Shop) -> None:
    shop.upstream.script(*[completion("same", answer_id="chatcmpl-same")] * 10)
    shop.upstream.script(*[stream(["same"], answer_id="chatcmpl-same")] * 10)
    client = shop.client()

    for _ in range(10):
        client.chat.completions.create(model="small", messages=QUESTION)
    for _ in range(10):
        list(client.chat.completions.create(model="small", messages=QUESTION, stream=True))

    calls = shop.calls(20)
    assert len({call.request_id for call in calls}) == 20
    assert shop.balance == CREDIT - 20 * charge_of("small", input=3, output=1)


def test_the_balance_header_follows_the_charges(shop: Shop) -> None:
    client = shop.client()
    left = CREDIT
    for _ in range(3):
        answer = client.chat.completions.with_raw_response.create(model="odd", messages=QUESTION)

        charge = charge_of("odd", input=3, output=3)
        left -= charge
        assert answer.headers["x-billing-charge"] == decimal_of(charge)
        assert answer.headers["x-billing-balance"] == decimal_of(left)
        assert answer.headers["x-billing-currency"] == "USD"
    shop.calls(3)


def test_a_failed_call_between_others_costs_nothing(shop: Shop) -> None:
    client = shop.client()
    shop.upstream.script(completion(usage=usage_of(3, 4)), error(500), completion())
    client.chat.completions.create(model="small", messages=QUESTION)
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="small", messages=QUESTION)
    client.chat.completions.create(model="small", messages=QUESTION)

    first, failed, third = shop.calls(3)
    first.assert_charged("small", input=3, output=4)
    failed.assert_released("upstream_error")
    third.assert_charged("small", input=3, output=4)
    assert shop.balance == CREDIT - 2 * charge_of("small", input=3, output=4)
