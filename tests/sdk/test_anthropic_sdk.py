"""Today's anthropic against the gateway: natively to Anthropic, and converted to OpenAI's chat."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.adapters.pictures import png_url
from tests.scripted_upstream import ScriptedUpstream, completion, stream, tool_call, usage_of
from tests.sdk.claude_house import client_of
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop
from tests.upstreams import anthropic_answers as claude
from tests.upstreams.anthropic_answers import Said

QUESTION: Any = [{"role": "user", "content": "one two three"}]
WEATHER: Any = {
    "name": "get_weather",
    "description": "d",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
PARIS, ROME = {"city": "Paris"}, {"city": "Rome"}
ANSWER_SCHEMA: Any = {
    "type": "json_schema",
    "schema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    },
}


@pytest.fixture
def shop(claude_house: House) -> Iterator[Shop]:
    with visited(claude_house) as shop:
        yield shop


@pytest.fixture(params=["claude", "gpt"])
def model(request: pytest.FixtureRequest) -> str:
    """`claude` is served by its own protocol, `gpt` by chat."""
    name: str = request.param
    return name


@pytest.fixture(params=[False, True], ids=["json", "stream"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return request.param is True


def upstream_of(shop: Shop, model: str) -> ScriptedUpstream:
    return shop.house.upstreams["claude" if model == "claude" else "chat"]


def asked(shop: Shop, model: str, streaming: bool, **options: Any) -> anthropic.types.Message:
    client = client_of(shop)
    given = {"model": model, "max_tokens": 2000, "messages": QUESTION, **options}
    if not streaming:
        return client.messages.create(**given)
    with client.messages.stream(**given) as stream:
        return stream.get_final_message()


def calls_scripted(model: str, streaming: bool, *cities: dict[str, str]) -> Any:
    """The same calls of a tool, told in either protocol."""
    named = [(f"call_{number}", city) for number, city in enumerate(cities, 1)]
    if model == "claude":
        calls = [(call_id, "get_weather", city) for call_id, city in named]
        return claude.message(Said(text=(), calls=calls, usage=claude.usage_of(40, 12)))
    calls = [tool_call("get_weather", city, call_id) for call_id, city in named]
    if streaming:
        return stream([], tool_calls=calls, usage=usage_of(40, 12))
    return completion("", tool_calls=calls, usage=usage_of(40, 12))


def said(answer: anthropic.types.Message) -> str:
    return "".join(block.text for block in answer.content if block.type == "text")


def called(answer: anthropic.types.Message) -> list[tuple[str, str, Any]]:
    return [(b.id, b.name, b.input) for b in answer.content if b.type == "tool_use"]


def test_text_arrives_and_is_charged_alike(shop: Shop, model: str, streaming: bool) -> None:
    answer = asked(shop, model, streaming)

    assert (said(answer), answer.stop_reason) == ("one two three", "end_turn")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 3)
    shop.call().assert_charged(model, input=3, output=3)


def test_the_systems_word_goes_along(shop: Shop, model: str, streaming: bool) -> None:
    asked(shop, model, streaming, system=[{"type": "text", "text": "Be brief."}])

    sent = upstream_of(shop, model).requests[0].json
    if model == "claude":
        assert sent["system"] == [{"type": "text", "text": "Be brief."}]
    else:
        assert sent["messages"][0]["content"] == "Be brief."
        assert sent["messages"][0]["role"] in {"system", "developer"}


def test_an_image_goes_along(shop: Shop, model: str, streaming: bool) -> None:
    data = png_url(8, 8).partition(",")[2]
    source = {"type": "base64", "media_type": "image/png", "data": data}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]

    asked(shop, model, streaming, messages=[{"role": "user", "content": content}])

    sent = upstream_of(shop, model).requests[0].json["messages"][-1]["content"]
    if model == "claude":
        assert sent == content
    else:
        assert sent[0] == {"type": "image_url", "image_url": {"url": png_url(8, 8)}}
        assert sent[1] == {"type": "text", "text": "What is this?"}


@pytest.mark.parametrize("cities", [(PARIS,), (PARIS, ROME)])
def test_calls_of_tools_come_back(
    shop: Shop, model: str, streaming: bool, cities: tuple[dict[str, str], ...]
) -> None:
    upstream_of(shop, model).script(calls_scripted(model, streaming, *cities))

    answer = asked(shop, model, streaming, tools=[WEATHER], tool_choice={"type": "any"})

    assert [given for _, _, given in called(answer)] == list(cities)
    assert len({call_id for call_id, _, _ in called(answer)}) == len(cities)
    assert answer.stop_reason == "tool_use"
    shop.call().assert_charged(model, input=40, output=12)


def test_a_tools_result_goes_along(shop: Shop, model: str, streaming: bool) -> None:
    use = {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": PARIS}
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "18C"}
    turns = [
        *QUESTION,
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result, {"type": "text", "text": "So?"}]},
    ]

    answer = asked(shop, model, streaming, messages=turns, tools=[WEATHER])

    assert answer.stop_reason == "end_turn"
    sent = upstream_of(shop, model).requests[0].json["messages"]
    if model == "claude":
        assert sent == turns
    else:
        assert [message["role"] for message in sent] == ["user", "assistant", "tool", "user"]
        assert (sent[2]["tool_call_id"], sent[2]["content"]) == ("call_1", "18C")
        assert sent[1]["tool_calls"][0]["function"]["arguments"] == '{"city":"Paris"}'


def test_a_schema_goes_along(shop: Shop, model: str, streaming: bool) -> None:
    asked(shop, model, streaming, output_config={"format": ANSWER_SCHEMA})

    sent = upstream_of(shop, model).requests[0].json
    if model == "claude":
        assert sent["output_config"] == {"format": ANSWER_SCHEMA}
    else:
        assert sent["response_format"]["json_schema"]["schema"] == ANSWER_SCHEMA["schema"]


def test_stop_sequences_go_along(shop: Shop, model: str, streaming: bool) -> None:
    if model == "claude":
        ended = Said(("one ",), stop="stop_sequence", sequence="two")
        upstream_of(shop, model).script(claude.message(ended))

    answer = asked(shop, model, streaming, stop_sequences=["two"])

    sent = upstream_of(shop, model).requests[0].json
    assert sent.get("stop_sequences", sent.get("stop")) == ["two"]
    if model == "claude":
        assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", "two")


def test_the_cap_goes_along_and_its_cut_comes_back(shop: Shop, model: str, streaming: bool) -> None:
    answer = asked(shop, model, streaming, max_tokens=2)

    assert (said(answer).strip(), answer.stop_reason) == ("one two", "max_tokens")
    assert shop.call().reserved["output_cap"] == 2


def test_thoughts_come_back_with_their_signature(shop: Shop, streaming: bool) -> None:
    said_so = Said(("Hi",), thoughts=("h", "m"), usage=claude.usage_of(9, 30, thinking=10))
    shop.house.upstreams["claude"].script(claude.message(said_so))

    answer = asked(shop, "claude", streaming, thinking={"type": "enabled", "budget_tokens": 1024})

    assert [block.type for block in answer.content] == ["thinking", "text"]
    thought = answer.content[0]
    assert isinstance(thought, anthropic.types.ThinkingBlock)
    assert (thought.thinking, thought.signature) == ("hm", said_so.signature)
    shop.call().assert_charged("claude", input=9, output=20, reasoning=10)


def test_what_was_cached_is_charged_apart(shop: Shop, streaming: bool) -> None:
    used = claude.usage_of(100, 30, cached=900, written_5m=50, written_1h=7)
    shop.house.upstreams["claude"].script(claude.message(Said(usage=used)))
    long = [{"type": "text", "text": "word " * 2000, "cache_control": {"type": "ephemeral"}}]

    answer = asked(shop, "claude", streaming, system=long)

    assert answer.usage.cache_read_input_tokens == 900
    shop.call().assert_charged(
        "claude", input=100, cached_input=900, cache_write_5m=50, cache_write_1h=7, output=30
    )


def test_tokens_are_counted_for_nothing(shop: Shop) -> None:
    client = client_of(shop)

    counted = client.messages.with_raw_response.count_tokens(model="claude", messages=QUESTION)
    guessed = client.messages.with_raw_response.count_tokens(model="gpt", messages=QUESTION)

    assert counted.parse().input_tokens == 3
    assert counted.headers["x-token-count-source"] == "provider"
    assert guessed.parse().input_tokens >= 3
    assert guessed.headers["x-token-count-source"] == "estimate"
    shop.calls(0)
