"""The vendor's own library reads what the scripted Anthropic answers: the mock cannot drift."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.scripted_upstream import ScriptedUpstream
from tests.sdk.shop import NO_CERTIFICATES
from tests.upstreams.anthropic_answers import (
    Said,
    echo,
    error,
    failed,
    message,
    usage_of,
)

QUESTION: Any = {"model": "claude", "messages": [{"role": "user", "content": "one two three"}]}
PARIS = ("toolu_1", "get_weather", {"city": "Paris"})
NOTHING = ("toolu_2", "get_time", {})


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(echo()) as upstream:
        yield upstream


@pytest.fixture
def client(upstream: ScriptedUpstream) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=upstream.url.removesuffix("/v1"),
        api_key="sk-any",
        max_retries=0,
        http_client=anthropic.DefaultHttpxClient(verify=NO_CERTIFICATES),
    ) as client:
        yield client


def asked(client: anthropic.Anthropic, streaming: bool, **options: Any) -> anthropic.types.Message:
    given = {**QUESTION, "max_tokens": 100, **options}
    if not streaming:
        return client.messages.create(**given)
    with client.messages.stream(**given) as stream:
        return stream.get_final_message()


@pytest.mark.parametrize("streaming", [False, True])
def test_text_is_read(client: anthropic.Anthropic, streaming: bool) -> None:
    answer = asked(client, streaming)

    assert [block.type for block in answer.content] == ["text"]
    assert getattr(answer.content[0], "text", "") == "one two three"
    assert (answer.stop_reason, answer.usage.input_tokens) == ("end_turn", 3)
    assert answer.usage.output_tokens == 3


@pytest.mark.parametrize("streaming", [False, True])
def test_thoughts_and_calls_are_read(
    upstream: ScriptedUpstream, client: anthropic.Anthropic, streaming: bool
) -> None:
    used = usage_of(100, 30, cached=900, written_5m=50, thinking=10)
    said = Said(thoughts=("hm", "m"), redacted="sealed", calls=(PARIS, NOTHING), usage=used)
    upstream.script(message(said))

    answer = asked(client, streaming)

    assert [block.type for block in answer.content] == [
        "thinking",
        "redacted_thinking",
        "text",
        "tool_use",
        "tool_use",
    ]
    assert [getattr(block, "input", None) for block in answer.content][3:] == [PARIS[2], {}]
    assert getattr(answer.content[0], "thinking", "") == "hmm"
    assert getattr(answer.content[0], "signature", "") == said.signature
    assert (answer.stop_reason, answer.usage.cache_read_input_tokens) == ("tool_use", 900)


def test_the_cap_cuts(client: anthropic.Anthropic) -> None:
    answer = asked(client, streaming=True, max_tokens=2)

    assert (answer.stop_reason, answer.usage.output_tokens) == ("max_tokens", 2)


def test_tokens_are_counted(client: anthropic.Anthropic) -> None:
    assert client.messages.count_tokens(**QUESTION).input_tokens == 3


def test_an_error_is_raised_as_what_it_is(
    upstream: ScriptedUpstream, client: anthropic.Anthropic
) -> None:
    upstream.script(error(529, "overloaded_error"))

    with pytest.raises(anthropic.InternalServerError) as caught:
        asked(client, streaming=False)

    assert (caught.value.status_code, caught.value.type) == (529, "overloaded_error")


def test_an_error_in_the_stream_is_raised(
    upstream: ScriptedUpstream, client: anthropic.Anthropic
) -> None:
    upstream.script(failed())

    with pytest.raises(anthropic.APIStatusError) as caught:
        asked(client, streaming=True)

    assert caught.value.type == "overloaded_error"
