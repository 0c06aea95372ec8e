"""The scripted Responses is read by OpenAI's own SDK, so that it cannot drift from the real one."""

from collections.abc import Iterator

import openai
import pytest
from openai.types.responses import Response

from tests.scripted_upstream import ScriptedUpstream
from tests.sdk.shop import NO_CERTIFICATES
from tests.upstreams.responses_answers import Call, Said, cut, echo, failed, response

SAID = Said(
    ("Hel", "lo"), ("Hm", "."), "gAAAA", (Call("f", '{"a": 1}'), Call("g", "x", "c2", custom=True))
)


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(echo()) as upstream:
        yield upstream


@pytest.fixture
def client(upstream: ScriptedUpstream) -> Iterator[openai.OpenAI]:
    http = openai.DefaultHttpxClient(verify=NO_CERTIFICATES)
    with openai.OpenAI(
        api_key="k", base_url=upstream.url, max_retries=0, http_client=http
    ) as client:
        yield client


def test_a_whole_response_is_one_to_the_sdk(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    upstream.script(response(SAID))

    answer = client.responses.create(model="m", input="Hi")

    Response.model_validate(answer.model_dump())
    assert answer.output_text == "Hello"
    assert [item.type for item in answer.output] == [
        "reasoning",
        "message",
        "function_call",
        "custom_tool_call",
    ]


def test_a_stream_adds_up_to_the_same(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.script(response(SAID), response(SAID))

    with client.responses.stream(model="m", input="Hi") as stream:
        final = stream.get_final_response()
    whole = client.responses.create(model="m", input="Hi")

    assert [item.id for item in final.output] == [item.id for item in whole.output]
    assert (final.output_text, final.usage) == (whole.output_text, whole.usage)


def test_it_says_back_what_it_was_told_within_its_cap(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="m", input="one two three", max_output_tokens=2)

    assert (answer.output_text, answer.status) == ("one two ", "incomplete")
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 2)


def test_its_failures_are_failures_to_the_sdk(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    upstream.script(failed(4), cut(4))

    events = list(client.responses.create(model="m", input="Hi", stream=True))
    with pytest.raises(openai.APIConnectionError):
        list(client.responses.create(model="m", input="Hi", stream=True))

    assert events[-1].type == "response.failed"
