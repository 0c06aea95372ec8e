"""What a DashScope caller may say, and what of it is refused by name."""

import json
from typing import Any

import pytest

from adapters.protocols.dashscope.models import BUDGET_DEFAULT
from adapters.protocols.dashscope.request import decode_multimodal, decode_text, encode_request
from adapters.protocols.dashscope.shape import Shape
from adapters.protocols.prompt_size import measure
from domain.errors import InvalidRequestError, UnsupportedParameterError
from domain.margin import Margin
from tests.adapters.protocols.dashscope_bodies import ASKED, CALLED, PICTURE, TOOL, body, decode


@pytest.mark.parametrize(
    ("headers", "parameters", "streams"),
    [
        ({}, {}, False),
        ({b"x-dashscope-sse": b"enable"}, {}, True),
        ({b"accept": b"text/event-stream"}, {}, True),
        ({b"accept": b"application/json; charset=utf-8"}, {}, False),
        ({}, {"stream": True}, True),
        ({b"x-dashscope-sse": b"disable"}, {"stream": False}, False),
    ],
    ids=["neither", "header", "accept", "json", "parameter", "refused"],
)
def test_a_stream_is_asked_for_in_any_of_three_ways(
    headers: dict[bytes, bytes], parameters: Any, streams: bool
) -> None:
    assert decode(body(**parameters), headers).stream is streams


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        (body(), Shape(message=False)),
        ({"model": "m", "input": {"prompt": "Hi"}}, Shape(message=False)),
        (body(result_format="message"), Shape(message=True)),
        (body(result_format="text", incremental_output=True), Shape(False, incremental=True)),
        (body(tools=[TOOL]), Shape(message=True)),
        (body(enable_thinking=True), Shape(message=True)),
        (body(n=2), Shape(message=True)),
    ],
    ids=["messages", "prompt", "message", "text", "tools", "thinking", "several"],
)
def test_plain_text_is_the_form_unless_it_would_leave_something_out(
    fields: Any, shape: Shape
) -> None:
    assert decode(fields).shape == shape


def test_the_endpoint_for_parts_answers_in_parts() -> None:
    request = decode_multimodal(json.dumps(body()).encode(), {})

    assert request.shape == Shape(message=True, parts=True)


@pytest.mark.parametrize(
    ("model", "parameters", "cap"),
    [
        ("qwen-plus", {"max_tokens": 100}, 100),
        ("qwen-plus", {"max_tokens": 100, "enable_thinking": True, "thinking_budget": 50}, 150),
        ("qwen-plus", {"max_tokens": 100, "thinking_budget": 50}, 150),
        ("qwen-plus", {"max_tokens": 100, "enable_thinking": True}, 100 + BUDGET_DEFAULT),
        ("qwen3.8-max", {"max_tokens": 100}, 100 + BUDGET_DEFAULT),
        ("qwen3.8-max", {"max_tokens": 100, "enable_thinking": False, "thinking_budget": 9}, 100),
        ("qwen3.8-max", {}, None),
    ],
    ids=["plain", "budget", "budget only", "no budget", "by default", "off", "no cap"],
)
def test_what_may_be_thought_is_held_on_top_of_what_may_be_seen(
    model: str, parameters: Any, cap: int | None
) -> None:
    assert decode(body(model=model, **parameters)).output_cap == cap


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        (body(enable_search=True), "parameters.enable_search"),
        (body(search_options={"forced_search": True}), "parameters.search_options"),
        (body(vl_high_resolution_images=True), "parameters.vl_high_resolution_images"),
        (body(mystery=1), "parameters.mystery"),
        (body(temperature="hot"), "parameters.temperature"),
        (body(n=5), "parameters.n"),
        (body(max_tokens=0), "parameters.max_tokens"),
        (body([{"role": "plugin", "content": "x"}]), "input.messages[0].role"),
        (body([{"role": "user", "content": [{"image": PICTURE, "text": "x"}]}]),
         "input.messages[0].content[0]"),
        (body([{"role": "user", "content": [{"file": "x"}]}]),
         "input.messages[0].content[0].file"),
        ({"model": "m", "input": {}}, "input"),
        ({"model": "m", "input": {"prompt": "a", "messages": ASKED}}, "input"),
        ({"model": "m", "input": {"messages": ASKED, "history": []}}, "input.history"),
        ({"model": "m", "input": {"prompt": "a", "customized_model_id": "x"}},
         "input.customized_model_id"),
        ({"input": {"prompt": "a"}}, "model"),
        ({"model": "m"}, "input"),
    ],
)  # fmt: skip
def test_a_field_at_fault_is_named(fields: Any, param: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        decode(fields)

    assert refused.value.param == param


@pytest.mark.parametrize(
    "header", ["X-DashScope-Async", "X-DashScope-Plugin", "X-DashScope-EncryptionKey"]
)
def test_a_header_that_asks_for_another_kind_of_call_is_refused(header: str) -> None:
    name = header.lower().encode()
    with pytest.raises(UnsupportedParameterError) as refused:
        decode(body(), {name: b"enable"})

    assert refused.value.param == header
    assert decode(body(), {name: b"disable"}).model == "qwen-plus"


def test_text_that_is_no_unicode_is_refused() -> None:
    raw = b'{"model":"m","input":{"prompt":"\\ud800"}}'

    with pytest.raises(InvalidRequestError):
        decode_text(raw, {})


def test_searching_that_is_turned_off_is_let_pass() -> None:
    request = decode(body(enable_search=False, search_options=None, top_k=3))

    assert request.parameters == {"top_k": 3}


def test_a_body_goes_on_with_only_our_model_and_limits_changed() -> None:
    given = body(stream=True, max_tokens=9, thinking_budget=5, top_k=3, tools=[TOOL])
    request = decode(given)

    sent = json.loads(encode_request(request, upstream_model="up", set_by_us={"max_tokens": 7}))

    parameters = {"top_k": 3, "tools": [TOOL], "max_tokens": 7}
    assert sent == {"model": "up", "input": given["input"], "parameters": parameters}


def test_a_prompt_is_measured_with_its_tools_pictures_and_history() -> None:
    told = {"prompt": "What now?", "history": [{"user": "Hello.", "bot": "Hi."}]}
    plain = decode({"model": "m", "input": told}).prompt_parts()
    seen = [{"role": "user", "content": [{"text": "look"}, {"image": PICTURE}, {"video": "v"}]}]
    heard = [{"role": "user", "content": [{"audio": "https://a"}, {"audio": "data:a,b"}]}]
    more = decode(body([*seen, *heard, CALLED], tools=[TOOL])).prompt_parts()

    assert (plain.texts, plain.messages) == (["What now?", "Hello.", "Hi."], 3)
    assert (more.messages, more.tools, len(more.media)) == (3, 1, 4)
    assert {"look", "get_weather", '{"city":"Paris"}'} <= set(more.texts)
    assert measure(plain).estimate(10**6, Margin()).count > 24


def test_thinking_and_schemas_are_told_to_the_router() -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    parts = decode(body(enable_thinking=True, response_format=schema)).prompt_parts()

    assert (parts.reasoning, parts.json_schema) == (True, True)
