"""Responses through OpenAI's SDK: passed on to such an upstream, or converted to chat."""

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.adapters.pictures import png_url
from tests.scripted_answers import Answer, Json
from tests.scripted_upstream import ScriptedUpstream, completion, stream, tool_call, usage_of
from tests.sdk.shop import Shop
from tests.upstreams.responses_answers import Call, Said, response, usage_of as used

WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "d",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
PARIS, ROME = '{"city": "Paris"}', '{"city": "Rome"}'


class Weather(BaseModel):
    degrees: int


def upstream_of(shop: Shop, model: str) -> ScriptedUpstream:
    return shop.house.upstreams["chat" if model == "small" else "modern"]


def answered(
    shop: Shop, model: str, *, streaming: bool, **asked: Any
) -> openai.types.responses.Response:
    """The final response, however it came."""
    client = shop.client()
    given: Any = {"model": model, "input": "one two three", **asked}
    if not streaming:
        found: openai.types.responses.Response = client.responses.create(**given)
        return found
    events = list(client.responses.create(stream=True, **given))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    last: Any = events[-1]
    return last.response


def saying(model: str, *, streaming: bool, **said: Any) -> Answer:
    """The same answer, as chat or as Responses has it."""
    calls: list[Call] = said.get("calls", [])
    if model != "small":
        return response(Said(said.get("text", ()), calls=calls, **said.get("more", {})))
    called: list[Json] = [
        tool_call(call.name, json.loads(call.said), call.call_id) for call in calls
    ]
    usage = said.get("usage", usage_of(3, 4))
    if streaming:
        return stream(said.get("text", ()), tool_calls=called, usage=usage)
    return completion("".join(said.get("text", ())), tool_calls=called, usage=usage)


def test_text_is_answered_and_charged(shop: Shop, model: str, streaming: bool) -> None:
    answer = answered(shop, model, streaming=streaming)

    assert (answer.output_text, answer.status) == ("one two three", "completed")
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 3)
    shop.call().assert_charged(model, input=3, output=3)


def test_the_sdks_own_stream_adds_up(shop: Shop, model: str) -> None:
    with shop.client().responses.stream(model=model, input="one two three") as events:
        final = events.get_final_response()

    assert final.output_text == "one two three"
    shop.call().assert_charged(model, input=3, output=3)


def test_instructions_and_messages_arrive(shop: Shop, model: str, streaming: bool) -> None:
    answer = answered(
        shop,
        model,
        streaming=streaming,
        instructions="Be brief.",
        input=[{"role": "user", "content": [{"type": "input_text", "text": "one two"}]}],
    )

    assert answer.output_text == "one two"
    sent = upstream_of(shop, model).requests[0].json
    assert "Be brief." in json.dumps(sent)
    shop.call().assert_charged(model, input=4, output=2)


def test_an_image_arrives(shop: Shop, model: str, streaming: bool) -> None:
    url = png_url(32, 32)
    parts: Any = [
        {"type": "input_text", "text": "one"},
        {"type": "input_image", "image_url": url, "detail": "low"},
    ]

    answered(shop, model, streaming=streaming, input=[{"role": "user", "content": parts}])

    assert url in json.dumps(upstream_of(shop, model).requests[0].json)


def test_parallel_calls_of_tools_arrive(shop: Shop, model: str, streaming: bool) -> None:
    calls = [Call("get_weather", PARIS, "call_1"), Call("get_weather", ROME, "call_2")]
    upstream_of(shop, model).script(saying(model, streaming=streaming, calls=calls))

    answer = answered(shop, model, streaming=streaming, tools=[WEATHER])

    found = [item for item in answer.output if item.type == "function_call"]
    assert [(item.call_id, item.name, item.arguments) for item in found] == [
        ("call_1", "get_weather", PARIS),
        ("call_2", "get_weather", ROME),
    ]
    assert answer.status == "completed"


def test_a_conversation_with_tools_goes_round(shop: Shop, model: str, streaming: bool) -> None:
    call = Call("get_weather", PARIS)
    upstream_of(shop, model).script(saying(model, streaming=streaming, calls=[call]))
    first = answered(shop, model, streaming=streaming, tools=[WEATHER])
    given = [
        {"role": "user", "content": "Weather?"},
        *(item.to_dict() for item in first.output),
        {"type": "function_call_output", "call_id": "call_1", "output": "one two"},
    ]

    second = answered(shop, model, streaming=streaming, tools=[WEATHER], input=given)

    assert second.output_text == "one two"
    assert len(shop.calls(2)) == 2


def test_a_schema_is_kept_to(shop: Shop, model: str) -> None:
    upstream_of(shop, model).script(saying(model, streaming=False, text=['{"degrees": 18}']))

    answer = shop.client().responses.parse(model=model, input="Weather?", text_format=Weather)

    assert answer.output_parsed == Weather(degrees=18)
    assert "degrees" in json.dumps(upstream_of(shop, model).requests[0].json)


def test_the_cap_cuts_the_answer(shop: Shop, model: str, streaming: bool) -> None:
    answer = answered(shop, model, streaming=streaming, max_output_tokens=2)

    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert answer.output_text == "one two "
    shop.call().assert_charged(model, input=3, output=2)


@pytest.mark.parametrize("streaming", [False, True], ids=["json", "stream"])
def test_thoughts_of_a_native_upstream_arrive(shop: Shop, streaming: bool) -> None:
    said = Said(("Yes.",), ("Hm", "."), "gAAAA", usage=used(3, 12, cached=2, reasoning=9))
    shop.house.upstreams["modern"].script(response(said))

    answer = answered(shop, "vendor/large", streaming=streaming, reasoning={"effort": "low"})

    thought: Any = answer.output[0]
    assert (thought.summary[0].text, thought.encrypted_content) == ("Hm.", "gAAAA")
    call = shop.call()
    assert call.charged["usage"] == {"input": 1, "cached_input": 2, "output": 3, "reasoning": 9}


def test_what_a_native_upstream_sends_is_what_the_caller_gets(shop: Shop) -> None:
    body = {"model": "vendor/large", "input": "one two", "stream": True}
    direct = shop.http(base_url=shop.house.upstreams["modern"].url.removesuffix("/v1"))

    ours = shop.http().post("/v1/responses", json=body)
    sent = shop.house.upstreams["modern"].requests[0]
    theirs = direct.post("/v1/responses", content=sent.raw)

    assert ours.content == theirs.content
    assert sent.json == {
        "model": "gpt-5.2-modern",
        "input": "one two",
        "stream": True,
        "store": False,
        "max_output_tokens": 4096,
    }


def test_sizes_of_prompts_are_told_for_nothing(shop: Shop) -> None:
    client = shop.client()

    small = client.responses.input_tokens.count(model="small", input="one two three")
    large = client.responses.input_tokens.count(model="small", input="one two three " * 100)

    assert small.object == "response.input_tokens"
    assert 3 <= small.input_tokens < 20
    assert 300 <= large.input_tokens < 320
    assert shop.house.books.calls_of(shop.customer.customer_id) == []
