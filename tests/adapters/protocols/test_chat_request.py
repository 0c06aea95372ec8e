"""Decoding a chat request and encoding it for an upstream of the same protocol."""

import json
from typing import Any

import pytest

from adapters.protocols.openai_chat.request import ChatRequest, decode_request, encode_request
from domain.errors import InvalidRequestError, UnsupportedParameterError

HELLO = [{"role": "user", "content": "Hello"}]


def request_with(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "messages": HELLO, **fields}).encode()


def sent(request: ChatRequest, cap: int = 50) -> Any:
    return json.loads(
        encode_request(request, upstream_model="up", output_cap=cap, cap_field="max_tokens")
    )


def test_only_model_cap_and_usage_option_are_ours() -> None:
    body = request_with(
        temperature=0.25, stop=["a"], seed=7, user="u", metadata={"k": "v"}, store=False
    )

    upstream = sent(decode_request(body))

    assert upstream == {**json.loads(body), "model": "up", "max_tokens": 50}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_cap_goes_by_the_name_that_the_server_knows(name: str) -> None:
    request = decode_request(request_with(**{name: 99}))

    assert request.output_cap == 99
    told = sent(request, 60)
    assert {key: told[key] for key in told if key.startswith("max_")} == {"max_tokens": 60}


def test_of_two_caps_the_newer_name_wins_and_one_is_sent() -> None:
    request = decode_request(request_with(max_tokens=5, max_completion_tokens=9))

    assert request.output_cap == 9
    assert "max_completion_tokens" not in sent(request)


@pytest.mark.parametrize(
    ("asked", "cap", "told"),
    [
        ({"enable_thinking": True}, 50, {"max_tokens": 25, "thinking_budget": 25}),
        ({"enable_thinking": True}, 9_000, {"max_tokens": 4_904, "thinking_budget": 4_096}),
        ({"enable_thinking": True}, 1, {"max_tokens": 1, "enable_thinking": False}),
        ({"enable_thinking": False}, 50, {"max_tokens": 50, "enable_thinking": False}),
        (
            {"chat_template_kwargs": {"enable_thinking": True, "thinking_budget": 30_000}},
            50,
            {
                "chat_template_kwargs": {"enable_thinking": True, "thinking_budget": 25},
                "max_tokens": 25,
                "thinking_budget": 25,
            },
        ),
        (
            {"chat_template_kwargs": {"enable_thinking": True, "thinking_budget": 9, "a": 1}},
            1,
            {
                "chat_template_kwargs": {"enable_thinking": False, "thinking_budget": 0, "a": 1},
                "max_tokens": 1,
            },
        ),
        ({"chat_template_kwargs": {"a": 1}}, 50, {"max_tokens": 50}),
    ],
)
def test_thinking_that_is_asked_for_is_taken_out_of_the_cap(
    asked: dict[str, Any], cap: int, told: dict[str, Any]
) -> None:
    request = decode_request(request_with(**asked))

    assert sent(request, cap) == {"model": "up", "messages": HELLO, **asked, **told}


def test_usage_is_always_asked_for_in_a_stream_and_other_options_are_kept() -> None:
    options = {"include_usage": False, "include_obfuscation": False}

    request = decode_request(request_with(stream=True, stream_options=options))

    assert not request.wants_usage
    assert sent(request)["stream_options"] == {"include_usage": True, "include_obfuscation": False}


def test_fields_of_messages_that_we_do_not_know_are_passed_on() -> None:
    message = {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": []}

    request = decode_request(request_with(messages=[*HELLO, message]))

    assert sent(request)["messages"][1] == message


def test_a_gateways_own_hint_is_not_sent_upstream() -> None:
    assert "tier" not in sent(decode_request(request_with(tier="standard")))


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"audio": {"voice": "a", "format": "mp3"}}, "audio"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"prediction": {"type": "content", "content": "x"}}, "prediction"),
        ({"moderation": {"model": "m"}}, "moderation"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"modalities": ["text", "audio"]}, "modalities[1]"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_field_that_could_change_the_price_is_refused_by_name(
    fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        decode_request(request_with(**fields))

    assert refused.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": 5}, "model"),
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
            "messages[0].content[0]",
        ),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_completion_tokens": 2**31}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"temperature": 2.5}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"stop": ["1", "2", "3", "4", "5"]}, "stop"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"prompt_cache_options": {"prewarm": True}}, "prompt_cache_options.prewarm"),
        ({"prompt_cache_options": {"ttl": "9d"}}, "prompt_cache_options.ttl"),
        ({"modalities": ["text", "audio"]}, "modalities[1]"),
    ],
)
def test_a_field_at_fault_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        decode_request(request_with(**fields))

    assert refused.value.param == param


@pytest.mark.parametrize(
    "body",
    [
        request_with(user="\ud800"),
        request_with(response_format=json.loads('{"a":' * 300 + "1" + "}" * 300)),
    ],
    ids=["a lone surrogate", "too deep to write again"],
)
def test_what_could_not_be_sent_on_is_refused_before_any_hold(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        decode_request(body)


def test_nobody_upstream_is_asked_to_keep_what_is_said() -> None:
    upstream = sent(decode_request(request_with(store=True)))

    assert upstream["store"] is False


def test_a_name_of_the_callers_own_is_cut_when_it_is_told_back() -> None:
    for fields in ({"x" * 100_000: 1}, {"messages": [{"role": "user", "x" * 100_000: 1}]}):
        with pytest.raises(InvalidRequestError) as refused:
            decode_request(request_with(**fields)).conversation()

        assert len(str(refused.value)) < 400
        assert len(refused.value.param or "") <= 200
