"""What a request of Responses may say, and what an upstream of the same protocol gets of it."""

import json
from typing import Any

import pytest

from adapters.protocols.openai_responses.request import decode_request, encode_request
from domain.errors import InvalidRequestError, UnsupportedParameterError
from tests.adapters.protocols.openai_responses.samples import (
    CODEX,
    GOLDEN,
    PATCH,
    WEATHER,
    request_of,
)

USER = {"role": "user", "content": "Hi"}
SHORT: dict[str, Any] = {"model": "m", "input": "Hi"}


def test_a_request_tells_what_the_gateway_must_know() -> None:
    request = request_of(stream=True, metadata={"team": "a"})

    assert request.protocol == "openai_responses"
    assert (request.model, request.stream, request.choices) == ("m", True, 1)
    assert (request.output_cap, request.tags) == (100, {"team": "a"})
    assert request.size == len(json.dumps(GOLDEN | {"stream": True, "metadata": {"team": "a"}}))


def test_what_codex_sends_is_taken() -> None:
    request = request_of(CODEX)

    assert [tool["type"] for tool in request.body["tools"]][-2:] == ["custom", "tool_search"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("previous_response_id", "resp_1"),
        ("conversation", {"id": "conv_1"}),
        ("background", True),
        ("prompt", {"id": "pmpt_1"}),
        ("moderation", {"model": "m"}),
        ("image", {"n": 1}),
        ("access_programs", ["a"]),
        ("context_management", [{"type": "compaction"}]),
        ("surprise", 1),
    ],
)
def test_what_counts_on_state_or_changes_the_price_is_refused_by_name(
    field: str, value: object
) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        request_of(SHORT, **{field: value})

    assert refused.value.param == field


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("input", [{"type": "item_reference", "id": "msg_1"}], "input[0].type"),
        ("reasoning", {"mode": "pro"}, "reasoning.mode"),
        ("reasoning", {"surprise": 1}, "reasoning.surprise"),
        ("prompt_cache_options", {"prewarm": True}, "prompt_cache_options.prewarm"),
        ("tools", [WEATHER, {"type": "file_search"}], "tools[1].type"),
        ("tools", [{"type": "mcp", "server_url": "https://x"}], "tools[0].type"),
        ("tool_choice", {"type": "web_search_preview"}, "tool_choice.type"),
    ],
)
def test_refusals_name_the_place(field: str, value: object, path: str) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        request_of(SHORT, **{field: value})

    assert refused.value.param == path


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"model": ""}, "model"),
        ({"input": []}, "input"),
        ({"input": [{"role": "robot", "content": "Hi"}]}, "input[0].role"),
        ({"input": [USER, {"role": "user"}]}, "input[1].content"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_text"}]}]},
            "input[0].content[0].text",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "input[0].content[0].file_id",
        ),
        ({"input": [{"type": "function_call", "name": "f", "arguments": ""}]}, "input[0].call_id"),
        ({"input": [{"type": "compaction", "encrypted_content": "x"}]}, "input[0].type"),
        ({"temperature": 3}, "temperature"),
        ({"service_tier": "golden"}, "service_tier"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": {"type": "function"}}, "tools"),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        ({"tool_choice": 3}, "tool_choice"),
        ({"stream_options": {"include_obfuscation": False}}, "stream_options"),
    ],
)
def test_a_wrong_value_is_refused_by_the_path_that_the_caller_wrote(
    changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        request_of(SHORT, **changes)

    assert refused.value.param == path


@pytest.mark.parametrize(
    ("tier", "dearer"), [(None, None), ("auto", None), ("default", None), ("flex", "flex")]
)
def test_a_tier_beside_the_usual_one_is_told(tier: str | None, dearer: str | None) -> None:
    request = request_of(SHORT, service_tier=tier)

    assert (request.service_tier, request.extras) == (dearer, {})


def test_empty_state_is_no_state() -> None:
    request = request_of(
        SHORT, previous_response_id=None, conversation=None, background=False, moderation=None
    )

    assert request.body.keys() == {"model", "input"}


@pytest.mark.parametrize("choice", [None, "auto"])
def test_tools_that_nobody_runs_here_are_left_out_where_the_model_may_do_without(
    choice: str | None,
) -> None:
    tools = [{"type": "web_search_preview"}, WEATHER, {"type": "image_generation"}]

    request = request_of(SHORT, tools=tools, tool_choice=choice)

    assert request.body["tools"] == [WEATHER]
    assert "tools" not in request_of(SHORT, tools=tools[:1], tool_choice=choice).body


@pytest.mark.parametrize("choice", ["required", "none", {"type": "function", "name": "f"}])
def test_and_refused_where_it_is_told_to_call(choice: object) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        request_of(SHORT, tools=[{"type": "web_search"}], tool_choice=choice)

    assert refused.value.param == "tools[0].type"


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        decode_request(b'{"model": "m", "input": "\\ud800"}')


def test_an_upstream_of_the_same_protocol_gets_the_callers_own_body() -> None:
    request = request_of(CODEX, store=True)

    body = json.loads(encode_request(request, upstream_model="up", output_cap=7))

    expected = CODEX | {"model": "up", "max_output_tokens": 7, "store": False}
    expected["tools"] = CODEX["tools"][:-1]
    assert body == expected


def test_the_shortest_request_is_passed_on_whole() -> None:
    body = encode_request(request_of({"model": "m"}), upstream_model="up", output_cap=7)

    assert json.loads(body) == {
        "model": "up",
        "max_output_tokens": 7,
        "store": False,
    }


def test_thoughts_that_an_upstream_cannot_read_are_left_out() -> None:
    own = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}
    bare = {"type": "reasoning", "id": "rs_2", "summary": []}
    raw = {**bare, "content": [{"type": "reasoning_text", "text": "hm"}]}
    foreign = {**bare, "encrypted_content": "tb1.e30="}
    request = request_of(SHORT, input=[USER, own, bare, raw, foreign])

    body = json.loads(encode_request(request, upstream_model="up", output_cap=7))

    assert body["input"] == [USER, own, raw]


def test_the_prompt_is_taken_apart_for_its_size() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}
    file = {"type": "input_file", "file_data": "data:application/pdf;base64,JVBERi0="}
    parts = [{"type": "input_text", "text": "look"}, image, file]
    given = [
        {"role": "user", "content": parts},
        {"type": "reasoning", "summary": [{"text": "thought"}], "encrypted_content": "x" * 40},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [image]},
    ]
    space = {"type": "namespace", "name": "crm", "tools": [WEATHER, PATCH]}
    form = {"format": {"type": "json_schema", "name": "n", "schema": {"secret": {}}}}
    effort = {"effort": "low"}
    request = request_of(
        SHORT,
        input=given,
        instructions="brief",
        tools=[WEATHER, space],
        text=form,
        reasoning=effort,
    )

    found = request.prompt_parts()

    assert (found.messages, found.tools, len(found.media)) == (5, 3, 3)
    assert {"brief", "look", "thought", "f", "{}", "secret", "crm", "Edit files."} <= set(
        found.texts
    )
    assert "x" * 10 in found.texts
    assert not any("base64" in text for text in found.texts)
    assert (found.json_schema, found.reasoning) == (True, True)


def test_items_of_providers_own_tools_are_sized_as_text() -> None:
    item = {"type": "local_shell_call_output", "id": "l", "output": "out"}
    odd = {"type": "tool_search_output", "output": [1, {"type": "input_image", "image_url": 2}]}

    found = request_of(SHORT, input=[USER, item, odd]).prompt_parts()

    assert "out" in found.texts
    assert (found.json_schema, found.reasoning) == (False, False)


def test_a_request_without_instructions_has_none_to_count() -> None:
    assert request_of({"model": "m", "input": "a b"}).prompt_parts().texts == ["a b"]
