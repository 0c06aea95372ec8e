"""The vendor's own library reads what the scripted OpenAI answers: the mock cannot drift."""

from collections.abc import Iterator

import openai
import pytest

from tests.scripted_upstream import ScriptedUpstream
from tests.upstreams.openai_answers import echo


@pytest.fixture
def client() -> Iterator[openai.OpenAI]:
    with (
        ScriptedUpstream(echo()) as upstream,
        openai.OpenAI(base_url=upstream.url, api_key="sk-any", max_retries=0) as client,
    ):
        yield client


def test_a_completion_reads_as_one(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="m", prompt=["one two", "three"], max_tokens=9)

    openai.types.Completion.model_validate(answer.model_dump())
    assert [choice.text for choice in answer.choices] == ["one two", "three"]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 3)


def test_a_streamed_completion_reads_as_one(client: openai.OpenAI) -> None:
    chunks = list(
        client.completions.create(
            model="m",
            prompt="one two",
            max_tokens=9,
            stream=True,
            stream_options={"include_usage": True},
        )
    )

    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == "one two"
    assert chunks[-1].usage is not None


def test_vectors_are_packed_when_they_are_asked_for_so(client: openai.OpenAI) -> None:
    packed = client.embeddings.create(model="m", input=["one two", "three"])
    plain = client.embeddings.create(model="m", input=[[7, 8]], encoding_format="float")

    openai.types.CreateEmbeddingResponse.model_validate(packed.model_dump())
    assert [item.embedding for item in packed.data] == [[2.0, 0.5], [1.0, 0.5]]
    assert plain.data[0].embedding == [2.0, 0.5]
