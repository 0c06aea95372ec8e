"""An OpenAI-compatible server: each of its own protocols as it came, every other one as chat."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from adapters.protocols.openai_chat import request as chat
from adapters.protocols.openai_completions import request as completions
from adapters.protocols.openai_embeddings import request as embeddings
from adapters.upstreams.answers import WholeAnswer
from adapters.upstreams.http_provider import HttpProvider
from adapters.upstreams.openai import openai_dialect
from adapters.upstreams.openai_endpoint import Endpoint
from domain.catalog import CHAT, COMPLETIONS, EMBEDDINGS, Route
from domain.errors import UnsupportedParameterError
from domain.upstream import AttemptError, UpstreamCall

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
SAID = {"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
CHAT_ANSWER = {"choices": [SAID], "usage": USAGE}
TEXT_ANSWER = {"choices": [{"index": 0, "text": "Hi", "finish_reason": "stop"}], "usage": USAGE}
VECTORS = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


@dataclass
class Server(httpx.AsyncBaseTransport):
    """Answers everything alike and remembers what it was asked."""

    body: bytes
    requests: list[tuple[str, Any]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.url.path, json.loads(await request.aread())))
        return httpx.Response(200, content=self.body)


def ask(
    decode: Callable[[bytes], Any], kind: str, body: bytes, **fields: Any
) -> tuple[str, dict[str, Any], bytes, Any]:
    """Send a call; give where it went, what was sent, what came back, and the answer itself."""
    request = decode(json.dumps({"model": "m", **fields}).encode())
    server = Server(body)
    dialect = openai_dialect(Endpoint("http://up.example/v1", "k", "max_tokens"))
    provider, route = HttpProvider(dialect, server), Route("openai", "up", kind=kind)
    provider.check(request, route, 100)

    async def scenario() -> tuple[bytes, Any]:
        answer = await provider.send(UpstreamCall("0198", "m", route, request, 9))
        relayed = b"".join([data async for data in answer.relay()])
        return relayed + answer.tail(None), answer

    relayed, answer = asyncio.run(scenario())
    [(path, sent)] = server.requests
    return path, sent, relayed, answer


def written(fields: Any) -> bytes:
    return json.dumps(fields).encode()


def streamed(*chunks: Any) -> bytes:
    return b"".join(b"data: " + written(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def test_a_completion_of_a_model_that_completes_passes_as_it_came() -> None:
    path, sent, relayed, answer = ask(
        completions.decode_request, COMPLETIONS, written(TEXT_ANSWER), prompt=["a", "b"], echo=True
    )

    assert path == "/v1/completions"
    assert sent == {"model": "up", "prompt": ["a", "b"], "echo": True, "max_tokens": 9}
    assert relayed == written(TEXT_ANSWER)
    assert answer.report.usage.buckets == {"input": 3, "output": 2}
    assert answer.produced.anything()


def test_its_stream_passes_too_and_always_tells_its_usage() -> None:
    chunks = [
        {"choices": [{"index": 0, "text": "Hi", "finish_reason": None}]},
        {"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]},
        {"choices": [], "usage": USAGE},
    ]

    _, sent, relayed, answer = ask(
        completions.decode_request,
        COMPLETIONS,
        streamed(*chunks),
        prompt="a",
        stream=True,
        stream_options={"include_obfuscation": False},
    )

    assert sent["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert relayed == streamed(*chunks[:2])
    assert answer.report.usage.output_tokens == 2
    assert answer.produced.tokens() == 1


def test_a_completion_of_a_chat_model_is_one_users_question() -> None:
    path, sent, relayed, _ = ask(
        completions.decode_request, CHAT, written(CHAT_ANSWER), prompt="a", presence_penalty=0.5
    )

    assert path == "/v1/chat/completions"
    assert sent["messages"] == [{"role": "user", "content": "a"}]
    assert (sent["max_tokens"], sent["presence_penalty"]) == (9, 0.5)
    answer = json.loads(relayed)
    assert (answer["id"], answer["object"], answer["model"]) == (
        "cmpl-0198",
        "text_completion",
        "m",
    )
    assert answer["choices"] == [
        {"text": "Hi", "index": 0, "logprobs": None, "finish_reason": "stop"}
    ]
    assert answer["usage"]["total_tokens"] == 5


@pytest.mark.parametrize("wants_usage", [True, False])
def test_its_stream_says_text_only(wants_usage: bool) -> None:
    deltas: list[Any] = [{"reasoning_content": "hm"}, {"content": "H"}, {"content": "i"}, {}]
    chunks: list[Any] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks[-1]["choices"][0]["finish_reason"] = "length"
    options = {"stream_options": {"include_usage": True}} if wants_usage else {}

    _, _, relayed, answer = ask(
        completions.decode_request,
        CHAT,
        streamed(*chunks, {"choices": [], "usage": USAGE}),
        prompt="a",
        stream=True,
        **options,
    )

    *events, done, _ = relayed.split(b"\n\n")
    said = [json.loads(event[6:]) for event in events]
    assert done == b"data: [DONE]"
    choices = [choice for chunk in said for choice in chunk["choices"]]
    assert [choice["text"] for choice in choices] == ["H", "i", ""]
    assert choices[-1]["finish_reason"] == "length"
    assert [chunk["usage"]["total_tokens"] for chunk in said if "usage" in chunk] == (
        [5] if wants_usage else []
    )
    assert answer.produced.anything()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": "a", "suffix": "b"}, "suffix"),
        ({"prompt": "a", "echo": True}, "echo"),
        ({"prompt": "a", "logprobs": 0}, "logprobs"),
        ({"prompt": "a", "n": 2}, "n"),
        ({"prompt": "a", "best_of": 2}, "best_of"),
    ],
)
def test_what_only_completions_know_is_refused_by_name(fields: Any, param: str) -> None:
    with pytest.raises(UnsupportedParameterError) as refused:
        ask(completions.decode_request, CHAT, b"", **fields)

    assert refused.value.param == param


@pytest.mark.parametrize("given", ["a", ["a"], [7, 8], [[7, 8]]])
def test_embeddings_pass_as_they_came(given: Any) -> None:
    path, sent, relayed, answer = ask(
        embeddings.decode_request, EMBEDDINGS, written(VECTORS), input=given, dimensions=1
    )

    assert (path, sent) == ("/v1/embeddings", {"model": "up", "input": given, "dimensions": 1})
    assert relayed == written(VECTORS)
    assert isinstance(answer, WholeAnswer)
    assert answer.report.usage is not None
    assert answer.report.usage.buckets == {"input": 3}
    assert (answer.produced.anything(), answer.produced.tokens()) == (False, 0)


@pytest.mark.parametrize("body", [b"<html>", b"[]", written({**VECTORS, "data": []})])
def test_what_is_no_vector_for_each_input_is_malformed(body: bytes) -> None:
    with pytest.raises(AttemptError) as failed:
        ask(embeddings.decode_request, EMBEDDINGS, body, input="a")

    assert failed.value.outcome == "malformed"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}"])
@pytest.mark.parametrize(
    ("decode", "asked"),
    [
        (chat.decode_request, {"messages": [{"role": "user", "content": "a"}]}),
        (completions.decode_request, {"prompt": "a"}),
    ],
    ids=["native", "converted"],
)
def test_what_is_no_answer_is_malformed(decode: Any, asked: Any, body: bytes) -> None:
    with pytest.raises(AttemptError) as failed:
        ask(decode, CHAT, body, **asked)

    assert failed.value.outcome == "malformed"
