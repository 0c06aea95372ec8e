import time
from collections.abc import Iterator

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam

from tests.scripted_upstream import (
    CLOSE,
    Answer,
    ScriptedUpstream,
    completion,
    echo,
    error,
    in_stream_error,
    raw,
    reset,
    sse,
    stall,
    stream,
    tool_call,
    truncated_stream,
    usage_of,
)

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there my friend"}]
WEATHER = tool_call("get_weather", {"city": "Bern"})
CLOCK = tool_call("get_time", {"zone": "CET"}, call_id="call_2")


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: ScriptedUpstream) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=upstream.url, api_key="sk-up", max_retries=0, timeout=5) as client:
        yield client


def streamed(client: openai.OpenAI, *, include_usage: bool = False) -> list[ChatCompletionChunk]:
    options = {"include_usage": True} if include_usage else None
    body = {"stream_options": options} if options else {}
    return list(
        client.chat.completions.create(model="m", messages=HI, stream=True, extra_body=body)
    )


def text_of(chunks: list[ChatCompletionChunk], index: int = 0) -> str:
    choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
    return "".join(choice.delta.content or "" for choice in choices)


def tokens_of(answer: ChatCompletion) -> int | None:
    return answer.usage.completion_tokens if answer.usage else None


def test_an_echo_says_the_last_message_again(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="m", messages=HI)

    assert (answer.object, answer.model) == ("chat.completion", "m")
    assert answer.choices[0].message.content == "Hello there my friend"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 4)


def test_the_request_is_kept_as_it_came(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    client.chat.completions.create(model="m", messages=HI)

    (request,) = upstream.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer sk-up"
    assert request.json == {"model": "m", "messages": HI}
    assert not request.hung_up.is_set()


def test_an_echo_streams_one_word_a_chunk_and_no_usage_unasked(client: openai.OpenAI) -> None:
    chunks = streamed(client)

    assert text_of(chunks) == "Hello there my friend"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 5 + ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.usage is None for chunk in chunks)


def test_the_usage_asked_for_is_the_last_chunk_and_has_no_choices(client: openai.OpenAI) -> None:
    *others, last = streamed(client, include_usage=True)

    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens == 8
    assert all(chunk.usage is None for chunk in others)


@pytest.mark.parametrize("cap", ["max_tokens", "max_completion_tokens"])
def test_a_cap_is_obeyed_unless_told_not_to(
    client: openai.OpenAI, upstream: ScriptedUpstream, cap: str
) -> None:
    upstream.script(echo(), echo(obey_cap=False))

    obeyed, ignored = (
        client.chat.completions.create(model="m", messages=HI, extra_body={cap: 2})
        for _ in range(2)
    )

    assert (tokens_of(obeyed), obeyed.choices[0].finish_reason) == (2, "length")
    assert (tokens_of(ignored), ignored.choices[0].finish_reason) == (6, "stop")


def test_two_choices_are_two_choices_and_cost_twice(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="m", messages=HI, n=2)
    chunks = list(client.chat.completions.create(model="m", messages=HI, n=2, stream=True))

    assert [choice.index for choice in whole.choices] == [0, 1]
    assert tokens_of(whole) == 8
    assert text_of(chunks, 0) == text_of(chunks, 1) == "Hello there my friend"


def test_answers_have_ids_of_their_own_unless_told_not_to(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    same = echo(same_id=True)
    upstream.script(echo(), echo(), same, same)

    ids = [client.chat.completions.create(model="m", messages=HI).id for _ in range(4)]

    assert ids[0] != ids[1]
    assert ids[2] == ids[3]


def test_tool_calls_are_whole_in_json_and_in_pieces_in_a_stream(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    calls = [WEATHER, CLOCK]
    upstream.script(completion("", tool_calls=calls), stream([], tool_calls=calls))

    whole = client.chat.completions.create(model="m", messages=HI).choices[0]
    with client.chat.completions.stream(model="m", messages=HI) as events:
        pieced = events.get_final_completion().choices[0]

    for choice in (whole, pieced):
        assert choice.finish_reason == "tool_calls"
        assert choice.message.tool_calls is not None
        said = [call.model_dump(exclude={"index"}) for call in choice.message.tool_calls]
        for call, expected in zip(said, calls, strict=True):
            call["function"].pop("parsed_arguments", None)
            assert call == expected


@pytest.mark.parametrize(
    ("answer", "reported"),
    [
        (stream(["a", "b"], usage=usage_of(5, 2), usage_on="last_chunk"), [2]),
        (stream(["a", "b"], usage=usage_of(5, 2), usage_on="every_chunk"), [0, 1, 2, 2]),
        (stream(["a", "b"], usage=None), []),
    ],
    ids=["on the last chunk", "on every chunk", "never"],
)
def test_dialects_put_usage_elsewhere(
    client: openai.OpenAI, upstream: ScriptedUpstream, answer: Answer, reported: list[int]
) -> None:
    upstream.script(answer)

    chunks = streamed(client, include_usage=True)

    assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage] == reported
    assert all(chunk.choices for chunk in chunks)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (503, openai.InternalServerError),
        (529, openai.InternalServerError),
    ],
)
def test_errors_are_the_sdks_own(
    client: openai.OpenAI, upstream: ScriptedUpstream, status: int, expected: type[Exception]
) -> None:
    upstream.script(error(status, "some_code", "Because.", {"retry-after": "7"}))

    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=HI)

    assert type(caught.value) is expected
    assert (caught.value.code, caught.value.status_code) == ("some_code", status)
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("answer", "expected", "text"),
    [
        (in_stream_error(after=2), openai.APIError, "Hello from"),
        (truncated_stream(after=2), openai.APIConnectionError, "Hello from"),
        (reset(after=None), openai.APIConnectionError, ""),
        (raw(CLOSE), openai.APIConnectionError, ""),
        (sse(b"data: {nonsense\n\n"), ValueError, ""),
    ],
    ids=["an error event", "cut short", "reset", "closed", "malformed"],
)
def test_a_broken_answer_breaks_the_sdk_after_what_came(
    client: openai.OpenAI,
    upstream: ScriptedUpstream,
    answer: Answer,
    expected: type[Exception],
    text: str,
) -> None:
    upstream.script(answer)
    chunks: list[ChatCompletionChunk] = []

    with pytest.raises(expected):
        chunks.extend(client.chat.completions.create(model="m", messages=HI, stream=True))

    assert text_of(chunks) == text


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (truncated_stream(after=3, politely=True), "Hello from the"),
        (stream(done=False), "Hello from the upstream"),
        (stall(0.05, after=1), "Hello from the upstream"),
        (stall(0.05), "Hello there my friend"),
    ],
    ids=["politely cut short", "never done", "stalled midway", "stalled at first"],
)
def test_some_rudeness_the_sdk_does_not_notice(
    client: openai.OpenAI, upstream: ScriptedUpstream, answer: Answer, text: str
) -> None:
    upstream.script(answer)

    assert text_of(streamed(client)) == text


def test_embeddings_have_a_vector_for_each_text(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model="e", input=["one", "two three"])

    assert [item.index for item in answer.data] == [0, 1]
    assert answer.usage.prompt_tokens == 3


def test_a_client_that_leaves_early_is_noticed(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    upstream.script(stream(["a"] * 100, delay_seconds=0.05))

    with client.chat.completions.create(model="m", messages=HI, stream=True) as chunks:
        next(iter(chunks))

    assert upstream.requests[0].hung_up.wait(5)


def test_chunks_are_paced() -> None:
    with ScriptedUpstream(stream(["a", "b", "c"], delay_seconds=0.05)) as upstream:
        started = time.monotonic()
        httpx.post(upstream.url, json={"model": "m", "stream": True})

    assert time.monotonic() - started >= 0.25


def test_what_a_script_raises_is_raised_by_the_test() -> None:
    with (
        pytest.raises(ZeroDivisionError),
        ScriptedUpstream(lambda request: [bytes(1 // 0)]) as upstream,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        httpx.post(upstream.url, json={})
