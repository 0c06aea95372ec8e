"""DashScope as an upstream: what it is sent, and how its answers are taken."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.protocols.dashscope.request import decode_multimodal
from adapters.protocols.openai_embeddings.request import decode_request as decode_embeddings
from adapters.upstreams.dashscope import dashscope_dialect
from domain.catalog import Route
from domain.errors import UnsupportedParameterError
from domain.upstream import AttemptError
from domain.usage import exclusive
from tests.adapters.upstreams.dashscope_calls import chat, native, sent
from tests.scripted_upstream import ScriptedUpstream, raw, tool_call
from tests.upstreams.dashscope_answers import Said, echo, embeddings, error, generation

PICTURE = "data:image/png;base64,iVBORw0KGgo="
PARIS = tool_call("get_weather", {"city": "Paris"})


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(echo()) as upstream:
        yield upstream


def embed(*texts: Any, **options: Any) -> Any:
    body = {"model": "m", "input": texts[0] if len(texts) == 1 else list(texts), **options}
    return decode_embeddings(json.dumps(body).encode())


def test_a_native_call_is_passed_on_with_our_model_cap_and_key(upstream: ScriptedUpstream) -> None:
    body, answer = sent(upstream, native(temperature=0.5, max_tokens=7), cap=5)

    [received] = upstream.requests
    assert received.path == "/api/v1/services/aigc/text-generation/generation"
    assert received.headers["authorization"] == "Bearer sk-up"
    assert "x-dashscope-sse" not in received.headers
    assert received.json["model"] == "up"
    assert received.json["parameters"] == {"temperature": 0.5, "max_tokens": 5}
    assert json.loads(body)["output"] == {"text": "one two", "finish_reason": "stop"}
    assert answer.report.usage == exclusive(input=2, output=2)
    assert answer.produced.anything()


@pytest.mark.parametrize("incremental", [True, False], ids=["incremental", "cumulative"])
def test_a_native_stream_goes_on_as_it_came(upstream: ScriptedUpstream, incremental: bool) -> None:
    request = native(stream=True, result_format="message", incremental_output=incremental)
    upstream.script(generation(Said(("one ", "two"))))

    data, answer = sent(upstream, request)

    [received] = upstream.requests
    assert received.headers["x-dashscope-sse"] == "enable"
    assert received.json["parameters"]["incremental_output"] is incremental
    assert data.count(b"event:result\n:HTTP_STATUS/200\n") == 3
    assert answer.report.usage == exclusive(input=2, output=2)
    assert answer.produced.tokens() == 2


def test_a_native_call_in_parts_goes_to_the_endpoint_for_parts(upstream: ScriptedUpstream) -> None:
    asked = {"messages": [{"role": "user", "content": [{"text": "look"}, {"image": PICTURE}]}]}
    request = decode_multimodal(json.dumps({"model": "qwen-vl", "input": asked}).encode(), {})

    body, _ = sent(upstream, request)

    assert upstream.requests[0].path.endswith("/multimodal-generation/generation")
    message = json.loads(body)["output"]["choices"][0]["message"]
    assert message["content"][0]["text"].strip() == "look"


@pytest.mark.parametrize(
    ("asked", "model", "cap", "limits"),
    [
        ({}, "up", 100, (100, None)),
        ({"enable_thinking": True, "thinking_budget": 30}, "up", 100, (70, 30)),
        ({"enable_thinking": True, "thinking_budget": 300}, "up", 100, (50, 50)),
        ({"enable_thinking": True}, "qwq-plus", 1, (1, 1)),
        ({"enable_thinking": False}, "qwen3.8-max", 100, (100, None)),
        ({}, "qwen3.8-max", 100, (50, 50)),
    ],
    ids=["none", "asked", "cut by funds", "no way around", "turned off", "unknown to the caller"],
)
def test_what_is_held_is_divided_between_thoughts_and_words(
    upstream: ScriptedUpstream, asked: Any, model: str, cap: int, limits: tuple[int, int | None]
) -> None:
    sent(upstream, native(**asked), model, cap)

    told = upstream.requests[0].json["parameters"]
    assert (told["max_tokens"], told.get("thinking_budget")) == limits


@pytest.mark.parametrize("asked", [{"enable_thinking": True}, {"thinking_budget": 9}])
def test_a_native_call_without_room_for_thoughts_does_not_think(
    upstream: ScriptedUpstream, asked: Any
) -> None:
    sent(upstream, native(**asked), "qwen-plus", 1)

    told = upstream.requests[0].json["parameters"]
    assert (told["max_tokens"], told["enable_thinking"]) == (1, False)


@pytest.mark.parametrize("model", ["qwq-plus", "deepseek-r1"])
def test_a_native_call_cannot_turn_off_what_a_model_always_does(model: str) -> None:
    dialect = dashscope_dialect("http://upstream", "k")
    request = native(enable_thinking=False)

    dialect.lane(request).check(request, Route("p", "qwen-plus"), 100)
    with pytest.raises(UnsupportedParameterError) as refused:
        dialect.lane(request).check(request, Route("p", model), 100)

    assert refused.value.param == "parameters.enable_thinking"


def test_a_call_of_another_protocol_is_converted(upstream: ScriptedUpstream) -> None:
    upstream.script(generation(Said(("Hi",), thoughts=("Hm",), calls=[PARIS])))

    body, answer = sent(upstream, chat(max_tokens=9), cap=9)

    message = json.loads(body)["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Hi", "Hm")
    assert message["tool_calls"][0]["function"]["name"] == "get_weather"
    assert answer.report.usage == exclusive(input=2, output=4, reasoning=1)


def test_a_converted_call_with_pictures_goes_to_the_endpoint_for_parts(
    upstream: ScriptedUpstream,
) -> None:
    picture = {"type": "image_url", "image_url": {"url": PICTURE}}
    body, _ = sent(upstream, chat([{"type": "text", "text": "look"}, picture]))

    assert upstream.requests[0].path.endswith("/multimodal-generation/generation")
    assert json.loads(body)["choices"][0]["message"]["content"].strip() == "look"


def test_a_call_that_must_stream_is_added_up(upstream: ScriptedUpstream) -> None:
    upstream.script(generation(Said(("Hi", "!"), thoughts=("Hm", "m"), calls=[PARIS])))

    body, answer = sent(upstream, chat(reasoning_effort="low"))

    assert upstream.requests[0].headers["x-dashscope-sse"] == "enable"
    message = json.loads(body)["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Hi!", "Hmm")
    assert message["tool_calls"][0]["function"] == PARIS["function"]
    assert answer.report.usage is not None
    assert answer.report.usage.buckets["reasoning"] == 2


def test_a_converted_stream_says_the_same(upstream: ScriptedUpstream) -> None:
    data, answer = sent(upstream, chat(stream=True))

    chunks = [json.loads(line[6:]) for line in data.split(b"\n\n") if line.startswith(b"data: {")]
    text = "".join(choice["delta"].get("content") or "" for chunk in chunks
                   for choice in chunk["choices"])  # fmt: skip
    assert text == "one two"
    assert data.endswith(b"data: [DONE]\n\n")
    assert answer.report.usage == exclusive(input=2, output=2)


def test_texts_become_vectors_in_their_order(upstream: ScriptedUpstream) -> None:
    upstream.script(embeddings(2))

    body, answer = sent(upstream, embed("one two", "three", dimensions=2))

    [received] = upstream.requests
    assert received.path == "/api/v1/services/embeddings/text-embedding/text-embedding"
    assert received.json == {
        "model": "up",
        "input": {"texts": ["one two", "three"]},
        "parameters": {"dimension": 2},
    }
    told = json.loads(body)
    assert [item["embedding"] for item in told["data"]] == [[0.25, 0.25], [1.25, 1.25]]
    assert (told["model"], told["usage"]["prompt_tokens"]) == ("m", 3)
    assert answer.report.usage == exclusive(input=3)


def test_vectors_without_a_usage_are_counted_by_us(upstream: ScriptedUpstream) -> None:
    upstream.script(embeddings(usage=None))

    body, answer = sent(upstream, embed("one two", encoding_format="base64"))

    assert json.loads(body)["usage"]["prompt_tokens"] == 2
    assert isinstance(json.loads(body)["data"][0]["embedding"], str)
    assert answer.report.usage is None
    assert (answer.produced.anything(), answer.produced.tokens()) == (False, 0)


def test_tokens_in_place_of_text_are_refused(upstream: ScriptedUpstream) -> None:
    with pytest.raises(UnsupportedParameterError, match="input"):
        sent(upstream, embed([1, 2]))


@pytest.mark.parametrize(
    "answer",
    [
        b"<>",
        b"[]",
        b"{}",
        b'{"output":{"embeddings":[]}}',
        b'{"output":{"embeddings":[{"text_index":1,"embedding":[1]}]}}',
        b'{"output":{"embeddings":[{"text_index":0,"embedding":["1"]},7]}}',
    ],
)
def test_what_is_no_vector_is_no_answer(upstream: ScriptedUpstream, answer: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(answer)
    upstream.script(raw(head + answer))

    with pytest.raises(AttemptError) as failed:
        sent(upstream, embed("one"))

    assert failed.value.outcome == "malformed"


def test_an_embedding_that_failed_as_a_success_is_a_failure(upstream: ScriptedUpstream) -> None:
    upstream.script(error(200, "Throttling.RateQuota"))

    with pytest.raises(AttemptError) as failed:
        sent(upstream, embed("one"))

    assert failed.value.outcome == "status_429"
