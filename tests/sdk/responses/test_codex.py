"""Codex is served by an upstream of its own protocol and by one that only chats."""

import json
from typing import Any

import pytest

from tests.adapters.protocols.openai_responses.samples import CODEX
from tests.scripted_upstream import echo, error, stream, tool_call, truncated_stream, usage_of
from tests.sdk.responses.codex import turn_of
from tests.sdk.shop import Shop
from tests.upstreams.responses_answers import Call, Said, cut, failed, response

PATCH = "*** Begin Patch\n+ \u00e9\n*** End Patch"


def asked(model: str, **changes: Any) -> dict[str, Any]:
    return {**CODEX, "model": model, **changes}


def test_a_turn_is_answered(shop: Shop, model: str) -> None:
    turn = turn_of(shop.http(), asked(model))

    (item,) = turn.items
    assert item["content"][0]["text"].endswith("one two three")
    assert (turn.error, turn.retries) == (None, False)
    assert turn.usage is not None
    assert turn.usage["input_tokens_details"]["cached_tokens"] == 0
    assert turn.usage["output_tokens_details"]["reasoning_tokens"] == 0
    # Four words of the developer's, one of the environment and three of the question; for chat
    # the user's two messages are one.
    shop.call().assert_charged(model, input=8, output=4 if model == "small" else 3)


def test_its_tools_reach_a_model_that_chats_as_functions(shop: Shop) -> None:
    turn_of(shop.http(), asked("small"))

    sent = shop.house.upstreams["chat"].requests[0].json
    names = [tool["function"]["name"] for tool in sent["tools"]]
    assert names == [*(f"shell_{number}" for number in range(7)), "apply_patch"]
    assert {tool["type"] for tool in sent["tools"]} == {"function"}
    assert sent["reasoning_effort"] == "medium"
    assert sent["messages"][0] == {"role": "system", "content": "You may run commands."}


def test_its_tools_reach_an_upstream_of_its_own_protocol_as_they_are(shop: Shop) -> None:
    turn_of(shop.http(), asked("vendor/large"))

    sent = shop.house.upstreams["modern"].requests[0].json
    assert sent["tools"] == CODEX["tools"][:-1]
    assert sent["input"] == CODEX["input"]
    assert sent["client_metadata"] == CODEX["client_metadata"]


def test_a_patch_goes_round(shop: Shop, model: str) -> None:
    if model == "small":
        patch = tool_call("apply_patch", {"input": PATCH})
        answer = stream([], tool_calls=[patch], usage=usage_of(8, 20))
        shop.house.upstreams["chat"].script(answer)
    else:
        said = Said((), calls=(Call("apply_patch", PATCH, custom=True),))
        shop.house.upstreams["modern"].script(response(said))

    first = turn_of(shop.http(), asked(model))
    (call,) = first.calls
    output = {"type": "custom_tool_call_output", "call_id": call["call_id"], "output": "one two"}
    second = turn_of(shop.http(), asked(model, input=[*CODEX["input"], call, output]))

    assert (call["type"], call["name"]) == ("custom_tool_call", "apply_patch")
    assert call["input"] == PATCH
    assert second.items[0]["content"][0]["text"] == "one two"
    assert len(shop.calls(2)) == 2


def test_a_stream_that_breaks_off_is_told_of_the_same_response(shop: Shop, model: str) -> None:
    shop.house.upstreams["chat"].script(truncated_stream(after=2))
    shop.house.upstreams["modern"].script(cut(6))

    turn = turn_of(shop.http(), asked(model))

    assert turn.error is not None
    assert turn.error["code"] == "server_error"
    assert turn.retries
    assert shop.call().charged["basis"] == "partial"


def test_a_failed_response_is_told_without_the_upstreams_words(shop: Shop) -> None:
    shop.house.upstreams["modern"].script(failed(6))

    turn = turn_of(shop.http(), asked("vendor/large"))

    assert turn.error is not None
    assert "secret" not in json.dumps(turn.error)
    assert shop.call().charged["flags"] == ["truncated", "usage_missing"]


def test_no_money_ends_the_turn_at_once(shop: Shop, model: str) -> None:
    poor = shop.gateway.customer("0")
    client = shop.http(headers={"Authorization": f"Bearer {poor.api_key}"})

    turn = turn_of(client, asked(model))

    assert turn.error is not None
    assert (turn.error["code"], turn.retries) == ("insufficient_quota", False)


def test_what_failed_before_it_began_is_a_plain_error(shop: Shop, model: str) -> None:
    for upstream in shop.house.upstreams.values():
        upstream.script(error(500))

    turn = turn_of(shop.http(), asked(model))

    assert turn.error is not None
    assert (turn.error["code"], turn.retries) == ("upstream_error", True)
    shop.call().assert_released("upstream_error")


@pytest.mark.parametrize(
    "failure",
    [failed(2), error(500), cut(2), cut(0)],
    ids=["failed", "500", "cut", "nothing"],
)
def test_another_route_is_tried_before_anything_was_said(shop: Shop, failure: Any) -> None:
    shop.house.upstreams["modern"].script(failure)
    shop.house.upstreams["chat"].script(echo())

    turn = turn_of(shop.http(), asked("after-500"))

    assert turn.items[0]["content"][0]["text"].endswith("one two three")
    assert [provider for provider, _ in shop.call().outcomes][-1] == "chat"
