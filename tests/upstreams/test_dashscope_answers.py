"""The vendor's own library reads what the scripted DashScope answers: the mock cannot drift."""

import json
from collections.abc import Iterator
from typing import Any

import dashscope
import pytest
from dashscope.v2.errors import DashScopeError, RateLimitError

from tests.scripted_upstream import ScriptedUpstream, tool_call
from tests.upstreams.dashscope_answers import (
    Said,
    echo,
    embeddings,
    error,
    error_event,
    generation,
)

QUESTION: Any = [{"role": "user", "content": "one two three"}]
PARIS = tool_call("get_weather", {"city": "Paris"})
ROME = tool_call("get_weather", {"city": "Rome"}, "call_2")
PICTURE = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(echo()) as upstream:
        yield upstream


@pytest.fixture
def client(upstream: ScriptedUpstream) -> Iterator[Any]:
    with dashscope.Client(api_key="sk-any", base_url=address(upstream), max_retries=0) as client:
        yield client


def address(upstream: ScriptedUpstream) -> str:
    return upstream.url.removesuffix("/v1") + "/api/v1"


def generate(upstream: ScriptedUpstream, **options: Any) -> Any:
    given = {"model": "qwen-plus", "messages": QUESTION, "result_format": "message", **options}
    return dashscope.Generation.call(base_address=address(upstream), api_key="sk-any", **given)


def test_a_message_is_read(upstream: ScriptedUpstream) -> None:
    answer = generate(upstream)

    assert answer.status_code == 200
    assert answer.output.choices[0].message.content == "one two three"
    assert answer.output.choices[0].finish_reason == "stop"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 3)


def test_plain_text_is_read(upstream: ScriptedUpstream) -> None:
    answer = generate(upstream, result_format="text", messages=None, prompt="one two")

    assert (answer.output.text, answer.output.finish_reason) == ("one two", "stop")


@pytest.mark.parametrize("incremental", [True, None], ids=["incremental", "cumulative"])
def test_a_stream_is_read_to_its_last_event(
    upstream: ScriptedUpstream, incremental: bool | None
) -> None:
    events = list(generate(upstream, stream=True, incremental_output=incremental))

    texts = [event.output.choices[0].message.content for event in events]
    ends = [event.output.choices[0].finish_reason for event in events]
    usages = [event.usage.output_tokens for event in events]
    whole = "".join(texts) if incremental else texts[-1]
    assert whole == "one two three"
    assert ends == ["null", "null", "null", "stop"]
    assert usages == [1, 2, 3, 3]


def test_the_sdk_adds_up_what_it_asked_for_in_pieces(upstream: ScriptedUpstream) -> None:
    upstream.script(generation(Said(text=(), calls=[PARIS, ROME], thoughts=("Hm", "m"))))
    # It sends true for false, and adds up by itself.
    *_, last = generate(upstream, stream=True, incremental_output=False)

    message = last.output.choices[0].message
    assert upstream.requests[0].json["parameters"]["incremental_output"] is True
    assert message.reasoning_content == "Hmm"
    assert [call["function"] for call in message.tool_calls] == [
        PARIS["function"],
        ROME["function"],
    ]


def test_several_choices_are_read(upstream: ScriptedUpstream) -> None:
    upstream.script(generation(Said(("a", "b")), Said(("c",))))
    *_, last = generate(upstream, stream=True, incremental_output=False, n=2)

    assert [choice["message"]["content"] for choice in last.output.choices] == ["ab", "c"]
    assert last.usage["output_tokens"] == 3


def test_the_newer_client_reads_answers_and_streams(
    upstream: ScriptedUpstream, client: Any
) -> None:
    answer = client.chat.completions.create(model="qwen-plus", messages=QUESTION)
    upstream.script(generation(Said(text=(), calls=[PARIS], thoughts=("Hm",))))
    events = list(client.chat.completions.create(model="q", messages=QUESTION, stream=True))

    calls = [call for event in events for call in event.delta.tool_calls or ()]
    assert answer.output_text == "one two three"
    assert "".join(event.delta.reasoning_content or "" for event in events) == "Hm"
    assert json.loads("".join(call.function.arguments for call in calls)) == {"city": "Paris"}
    assert events[-1].choices[0].finish_reason == "tool_calls"


def test_the_newer_client_asks_elsewhere_for_pictures(
    upstream: ScriptedUpstream, client: Any
) -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image", "url": PICTURE}]

    answer = client.chat.completions.create(
        model="qwen-vl", messages=[{"role": "user", "content": parts}]
    )

    assert answer.output_text.strip() == "look"
    assert upstream.requests[0].path.endswith("/multimodal-generation/generation")
    assert upstream.requests[0].json["input"]["messages"][0]["content"][1] == {"image": PICTURE}


def test_errors_are_read(upstream: ScriptedUpstream, client: Any) -> None:
    upstream.script(error(429, "Throttling.RateQuota"), error(429, "Throttling.RateQuota"))

    answer = generate(upstream)
    with pytest.raises(RateLimitError):
        client.chat.completions.create(model="q", messages=QUESTION)

    assert (answer.status_code, answer.code) == (429, "Throttling.RateQuota")


def test_errors_within_streams_are_read(upstream: ScriptedUpstream, client: Any) -> None:
    broken = error_event(500, "InternalError", after=("one ", "two "))
    upstream.script(broken, broken)

    events = list(generate(upstream, stream=True, incremental_output=True))
    seen = []
    with pytest.raises(DashScopeError):
        seen += list(client.chat.completions.create(model="q", messages=QUESTION, stream=True))

    assert [event.status_code for event in events] == [200, 200, 500]
    assert events[-1].code == "InternalError"


def test_embeddings_are_read(upstream: ScriptedUpstream) -> None:
    upstream.script(embeddings(2))

    answer = dashscope.TextEmbedding.call(
        model="text-embedding-v4",
        input=["a b", "c"],
        dimension=2,
        base_address=address(upstream),
        api_key="sk-any",
    )

    assert answer.usage["total_tokens"] == 3
    assert {item["text_index"]: item["embedding"] for item in answer.output["embeddings"]} == {
        0: [0.25, 0.25],
        1: [1.25, 1.25],
    }
