"""The scripted Gemini is checked with Google's own library, so that it cannot drift."""

from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from tests.adapters.protocols.some_conversations import GOLDEN
from tests.matrix.features import FEATURES, Feature
from tests.matrix.upstreams import gemini
from tests.scripted_answers import error, sse
from tests.scripted_upstream import ScriptedUpstream

MODEL = "gemini-3-flash"


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: ScriptedUpstream) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=upstream.url.removesuffix("/v1"), api_version="v1beta")
    client = genai.Client(api_key="k", http_options=options)
    yield client
    client.close()


def generated(client: genai.Client, *, stream: bool) -> list[types.GenerateContentResponse]:
    if stream:
        return list(client.models.generate_content_stream(model=MODEL, contents="Hello."))
    return [client.models.generate_content(model=MODEL, contents="Hello.")]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_googles_library_reads_every_answer_as_it_is_meant(
    upstream: ScriptedUpstream, client: genai.Client, feature: Feature, stream: bool
) -> None:
    upstream.script(gemini.answer_with(feature))

    answers = generated(client, stream=stream)

    parts = [
        part
        for answer in answers
        for candidate in answer.candidates or []
        for part in (candidate.content.parts if candidate.content else None) or []
    ]
    assert "".join(part.text or "" for part in parts if not part.thought) == feature.text
    assert "".join(part.text or "" for part in parts if part.thought) == feature.thoughts
    calls = [part.function_call for part in parts if part.function_call]
    assert [(call.id, call.name, call.args) for call in calls] == [
        (call.id, call.name, call.arguments) for call in feature.calls
    ]
    last = answers[-1]
    assert last.candidates
    assert last.candidates[0].finish_reason == types.FinishReason(gemini.FINISH[feature.stop])
    usage = last.usage_metadata
    assert usage
    assert usage.model_dump(exclude_none=True, by_alias=True) == gemini.USAGE


def test_googles_library_asks_as_our_scripted_upstream_expects(
    upstream: ScriptedUpstream, client: genai.Client
) -> None:
    """What its requests say is found where ours say it."""
    upstream.script(gemini.answer_with(FEATURES[0]))
    declared = types.FunctionDeclaration(
        name="get_weather",
        description="d",
        parameters_json_schema=dict(GOLDEN.tools[0].parameters or {}),
    )
    config = types.GenerateContentConfig(
        system_instruction="Be brief.",
        max_output_tokens=100,
        stop_sequences=["END"],
        tools=[types.Tool(function_declarations=[declared])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    client.models.generate_content(model=MODEL, contents="Weather in Paris?", config=config)

    [request] = upstream.requests
    assert request.headers["x-goog-api-key"] == "k"
    assert gemini.model_in(request) == MODEL
    seen = gemini.seen_in(request)
    assert (seen.text, seen.system, seen.tools) == (
        "Weather in Paris?",
        "Be brief.",
        ["get_weather"],
    )
    assert (seen.max_tokens, seen.stop) == (100, ["END"])


@pytest.mark.parametrize("status", [400, 401, 429, 500, 529])
def test_googles_library_raises_on_every_error(
    upstream: ScriptedUpstream, client: genai.Client, status: int
) -> None:
    upstream.script(error(status))
    with pytest.raises(errors.APIError) as failure:
        generated(client, stream=False)
    assert failure.value.code == status


def test_an_error_within_a_stream_is_raised_by_googles_library_too(
    upstream: ScriptedUpstream, client: genai.Client
) -> None:
    failed: Any = b'data: {"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}\r\n\r\n'
    upstream.script(sse(failed))
    with pytest.raises(errors.APIError) as failure:
        generated(client, stream=True)
    assert failure.value.status == "UNAVAILABLE"
