"""Callers of chat and completions are served by an upstream that has Responses only."""

from typing import Any

import openai
import pytest

from tests.scripted_answers import Json
from tests.scripted_upstream import error
from tests.sdk.shop import QUESTION, Shop
from tests.upstreams.responses_answers import Call, Said, cut, failed, response, usage_of

TOOLS: Any = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def sent(shop: Shop) -> Json:
    return shop.house.upstreams["newest"].requests[0].json


def test_chat_is_answered(shop: Shop) -> None:
    answer = shop.client().chat.completions.create(model="odd", messages=QUESTION)

    assert answer.choices[0].message.content == "one two three"
    assert answer.choices[0].finish_reason == "stop"
    assert sent(shop)["store"] is False
    assert sent(shop)["max_output_tokens"] == 4096
    shop.call().assert_charged("odd", input=3, output=3)


def test_chat_is_streamed(shop: Shop) -> None:
    said = Said(("Yes.",), ("Hm", "."), "gAAAA", (Call("f", '{"a": 1}'),), usage=usage_of(3, 9))
    shop.house.upstreams["newest"].script(response(said))

    with shop.client().chat.completions.stream(
        model="odd", messages=QUESTION, tools=TOOLS, stream_options={"include_usage": True}
    ) as events:
        final = events.get_final_completion()

    message = final.choices[0].message
    assert (message.content, final.choices[0].finish_reason) == ("Yes.", "tool_calls")
    assert message.tool_calls is not None
    assert message.tool_calls[0].function.arguments == '{"a": 1}'
    assert final.usage is not None
    assert (final.usage.prompt_tokens, final.usage.completion_tokens) == (3, 9)
    shop.call().assert_charged("odd", input=3, output=9)


def test_what_responses_has_no_place_for_is_refused_by_chats_name(shop: Shop) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        shop.client().chat.completions.create(model="odd", messages=QUESTION, stop=["x"])

    assert refused.value.param == "stop"


@pytest.mark.parametrize("fault", [cut(6), failed(6)], ids=["cut", "failed"])
def test_a_stream_that_breaks_off_is_told_as_chat_tells_it(shop: Shop, fault: Any) -> None:
    shop.house.upstreams["newest"].script(fault)

    with pytest.raises(openai.APIError) as broken:
        list(shop.client().chat.completions.create(model="odd", messages=QUESTION, stream=True))

    assert broken.value.code == "upstream_error"
    assert shop.call().charged["basis"] == "partial"


def test_a_failure_before_that_is_a_plain_one(shop: Shop) -> None:
    shop.house.upstreams["newest"].script(error(500))

    with pytest.raises(openai.InternalServerError):
        shop.client().chat.completions.create(model="odd", messages=QUESTION)

    shop.call().assert_released("upstream_error")


def test_completions_are_answered(shop: Shop) -> None:
    answer = shop.client().completions.create(model="odd", prompt="one two three")

    assert answer.choices[0].text == "one two three"
    assert sent(shop)["max_output_tokens"] == 16


def test_messages_are_answered(shop: Shop) -> None:
    asked = {"model": "odd", "max_tokens": 9, "system": "Be brief.", "messages": QUESTION}

    answer = shop.http().post("/v1/messages", json=asked).json()

    assert answer["content"][0]["text"] == "one two three"
    assert answer["stop_reason"] == "end_turn"
    assert sent(shop)["instructions"] == "Be brief."
    shop.call().assert_charged("odd", input=5, output=3)
