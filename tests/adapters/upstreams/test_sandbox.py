"""The sandbox: the same call gets the same answer on every surface, with usage that is true."""

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from adapters.protocols.openai_chat import request as chat
from adapters.protocols.openai_completions import request as completions
from adapters.protocols.openai_embeddings import request as embeddings
from adapters.upstreams.sandbox import SandboxProvider
from adapters.upstreams.sandbox_values import value_of
from domain.catalog import Route
from domain.errors import UnsupportedParameterError
from domain.upstream import Answer, UpstreamCall
from tests.vectors import unpacked

ROUTE = Route("sandbox", "up")
WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "enum": ["Paris", "Rome"]},
        "days": {"type": "integer", "minimum": 3},
        "where": {"$ref": "#/$defs/place"},
    },
    "$defs": {"place": {"type": ["object", "null"], "properties": {"indoors": {"const": True}}}},
}


def send(
    cap: int = 100, decode: Callable[[bytes], Any] = chat.decode_request, **fields: Any
) -> tuple[bytes, Answer]:
    if decode is chat.decode_request:
        fields.setdefault("messages", [{"role": "user", "content": "Hello there"}])
    request = decode(json.dumps({"model": "m", **fields}).encode())
    SandboxProvider().check(request, ROUTE, 100)

    async def scenario() -> tuple[bytes, Answer]:
        call = UpstreamCall("id", "m", ROUTE, request, cap)
        answer = await SandboxProvider().send(call)
        return b"".join([data async for data in answer.relay()]), answer

    return asyncio.run(scenario())


def chunks(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(event[6:]) for event in body.split(b"\n\n") if event]


def test_it_says_back_what_it_was_asked_with_real_usage() -> None:
    body, answer = send()

    said = json.loads(body)
    assert said["choices"][0]["message"]["content"] == "You said: Hello there "
    assert said["choices"][0]["finish_reason"] == "stop"
    assert answer.report.usage is not None
    assert answer.report.usage.output_tokens == said["usage"]["completion_tokens"] == 5
    assert answer.report.usage.input_tokens == said["usage"]["prompt_tokens"] == 2
    assert send()[0] == body


@pytest.mark.parametrize("stream", [False, True])
def test_it_stops_at_its_cap(stream: bool) -> None:
    body, answer = send(cap=2, stream=stream)

    assert b'"finish_reason":"length"' in body
    assert answer.report.usage is not None
    assert answer.report.usage.output_tokens == 1
    assert b"Hello" not in body


def test_a_stream_says_the_same_as_a_whole_answer_word_by_word() -> None:
    body, answer = send(stream=True)

    said = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks(body)]
    assert "".join(said) == "You said: Hello there "
    assert len([word for word in said if word]) == 4
    assert answer.report == send()[1].report
    assert answer.tail(None) == b"data: [DONE]\n\n"


def test_parts_and_odd_conversations_get_an_answer() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}
    parts = [{"type": "text", "text": "Hi"}, image]

    assert b"You said: Hi " in send(messages=[{"role": "user", "content": parts}])[0]
    assert b"You said: nothing " in send(messages=[{"role": "system", "content": "x"}])[0]


def test_it_reads_back_what_a_tool_answered() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "18C"},
    ]

    assert b"You said: 18C " in send(messages=turns)[0]


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_a_tool_that_must_be_called_is_called_as_its_schema_says(choice: Any) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": WEATHER}}]

    whole = json.loads(send(tools=tools, tool_choice=choice)[0])["choices"][0]
    streamed = chunks(send(tools=tools, tool_choice=choice, stream=True)[0])

    [call] = whole["message"]["tool_calls"]
    assert (whole["finish_reason"], call["function"]["name"]) == ("tool_calls", "f")
    given = json.loads(call["function"]["arguments"])
    assert given == {"city": "Paris", "days": 3, "where": {"indoors": True}}
    deltas = [c["choices"][0]["delta"].get("tool_calls", []) for c in streamed]
    texts = [d["function"]["arguments"] for [*ds] in deltas for d in ds]
    assert json.loads("".join(texts)) == given


def test_without_force_or_with_a_choice_of_tools_it_just_speaks() -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in "fg"]

    assert b"You said" in send(tools=tools[:1])[0]
    assert b"You said" in send(tools=tools[:1], tool_choice="auto")[0]
    assert b"You said" in send(tools=tools, tool_choice="required")[0]


def test_a_custom_tool_gets_plain_text_and_no_room_means_no_half_call() -> None:
    tools = [{"type": "custom", "custom": {"name": "note"}}]

    whole = json.loads(send(tools=tools, tool_choice="required")[0])["choices"][0]
    cut = json.loads(send(1, tools=tools, tool_choice="required")[0])["choices"][0]

    assert whole["message"]["tool_calls"][0]["custom"]["input"] == "You said: Hello there"
    assert cut["finish_reason"] == "length"
    assert "tool_calls" not in cut["message"]


def test_a_text_that_must_be_json_is_what_its_schema_says() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "w", "schema": WEATHER}}

    said = json.loads(send(response_format=wanted)[0])["choices"][0]["message"]["content"]
    free = json.loads(send(response_format={"type": "json_object"})[0])["choices"][0]

    assert json.loads(said)["days"] == 3
    assert free["message"]["content"] == "{}"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"default": 7}, 7),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [True, True]),
        ({"type": "number", "maximum": 0}, 0),
        ({}, "sandbox"),
        ({"$ref": "#/nowhere"}, None),
        ({"$ref": "#"}, None),
        (None, None),
        ({"type": "object", "properties": "x"}, {}),
        ({"type": {"type": "string"}}, {}),
        ({"type": []}, "sandbox"),
        ({"type": [{}]}, {}),
        ({"type": "array", "minItems": "x"}, [None]),
        ({"type": "integer", "minimum": "x"}, 1),
        ({"anyOf": {"type": "string"}, "enum": "x", "$ref": 7}, "sandbox"),
    ],
)
def test_a_value_is_made_up_for_any_schema(schema: Any, value: Any) -> None:
    assert value_of(schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 16, "items": {"$ref": "#"}},
        {"type": "object", "properties": {name: {"$ref": "#"} for name in "abcdefgh"}},
        {"type": "array", "minItems": 16, "items": {"const": "x" * 10_000}},
    ],
    ids=["lists of lists", "objects of objects", "long constants"],
)
def test_a_schema_that_asks_for_the_world_gets_a_little(schema: Any) -> None:
    assert len(json.dumps(value_of(schema))) < 1_000_000


def test_a_completion_says_the_same() -> None:
    whole = json.loads(send(decode=completions.decode_request, prompt="Hi")[0])
    streamed = chunks(send(decode=completions.decode_request, prompt="Hi", stream=True)[0])

    assert whole["choices"][0]["text"] == "You said: Hi "
    assert "".join(chunk["choices"][0]["text"] for chunk in streamed) == "You said: Hi "


def test_embeddings_are_the_same_unit_vectors_each_time_in_either_encoding() -> None:
    asked: Any = {"decode": embeddings.decode_request, "input": ["a", "b", "a"], "dimensions": 8}
    body, answer = send(**asked)
    packed = json.loads(send(**asked, encoding_format="base64")[0])

    said = json.loads(body)
    a, b, again = (item["embedding"] for item in said["data"])
    assert a == again != b
    assert math.isclose(math.hypot(*a), 1)
    assert len(a) == 8
    assert unpacked(packed["data"][0]["embedding"]) == pytest.approx(a, abs=1e-7)
    assert answer.report.usage is not None
    prompt = answer.report.usage.buckets["input"]
    assert said["usage"] == {"prompt_tokens": prompt, "total_tokens": prompt}


def test_tokens_are_embedded_and_counted_as_they_are() -> None:
    body, _ = send(decode=embeddings.decode_request, input=[[1, 2, 3], [4]])

    assert json.loads(body)["usage"]["prompt_tokens"] == 4


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"decode": embeddings.decode_request, "input": "a", "dimensions": 2_000}, "dimensions"),
        ({"decode": completions.decode_request, "prompt": ["a", "b"]}, "prompt"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        send(**fields)

    assert refused.value.param == param
