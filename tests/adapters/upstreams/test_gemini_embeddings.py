"""Gemini's embeddings for OpenAI's clients: one vector a text, in order, or no answer."""

import asyncio
import base64
import struct
from typing import Any

import httpx
import orjson
import pytest
from google.genai import types

from adapters.protocols.openai_embeddings.request import EmbeddingsRequest, decode_request
from adapters.protocols.prompt_size import measure
from adapters.upstreams.answers import WholeAnswer
from adapters.upstreams.dialect import Lane
from adapters.upstreams.gemini import gemini_dialect
from domain.catalog import Route
from domain.errors import UnsupportedParameterError
from domain.margin import Margin
from domain.upstream import Answer, AttemptError, UpstreamCall

URL = "https://generativelanguage.googleapis.com/v1beta"
ROUTE = Route("gemini", "gemini-embedding-001")
TWO = {"embeddings": [{"values": [0.5, 1]}, {"values": [-0.25, 2]}]}


def asked(**more: Any) -> EmbeddingsRequest:
    return decode_request(orjson.dumps({"model": "m", "input": ["one two", "three"], **more}))


def lane_of(request: EmbeddingsRequest) -> Lane:
    return gemini_dialect(URL, "k").lane(request)


def call(request: EmbeddingsRequest) -> UpstreamCall:
    return UpstreamCall("1", "our-model", ROUTE, request, 0)


def answered(request: EmbeddingsRequest, body: Any) -> WholeAnswer:
    async def receive() -> Answer:
        response = httpx.Response(
            200, content=body if isinstance(body, bytes) else orjson.dumps(body)
        )
        return await lane_of(request).receive(call(request), response)

    answer = asyncio.run(receive())
    assert isinstance(answer, WholeAnswer)
    return answer


@pytest.mark.parametrize("dimensions", [None, 2])
def test_texts_go_out_as_one_batch_that_googles_models_take(dimensions: int | None) -> None:
    request = asked() if dimensions is None else asked(dimensions=dimensions)
    sent = lane_of(request).write(call(request))

    assert str(sent.url) == f"{URL}/models/gemini-embedding-001:batchEmbedContents"
    assert (b"x-goog-api-key", b"k") in sent.headers
    requests = orjson.loads(sent.body)["requests"]
    for each, text in zip(requests, ["one two", "three"], strict=True):
        types.Content.model_validate(each["content"])
        assert each.pop("content") == {"parts": [{"text": text}]}
        assert each.pop("outputDimensionality", None) == dimensions
        assert each == {"model": "models/gemini-embedding-001"}


def test_vectors_come_back_in_order_and_are_counted_by_us() -> None:
    answer = answered(asked(), TWO)
    body = orjson.loads(answer.body)

    assert [item["embedding"] for item in body["data"]] == [[0.5, 1], [-0.25, 2]]
    assert [item["index"] for item in body["data"]] == [0, 1]
    assert body["model"] == "our-model"
    tokens = measure(asked().prompt_parts()).estimate(8192, Margin()).count
    assert body["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    assert answer.report.usage is None
    assert not answer.produced.anything()
    assert answer.produced.tokens() == 0


def test_usage_that_is_told_is_believed() -> None:
    answer = answered(asked(), {**TWO, "usageMetadata": {"promptTokenCount": 9}})

    assert answer.report.usage is not None
    assert answer.report.usage.buckets == {"input": 9}
    assert orjson.loads(answer.body)["usage"]["prompt_tokens"] == 9


def test_vectors_are_packed_for_callers_who_want_them_so() -> None:
    body = orjson.loads(answered(asked(encoding_format="base64"), TWO).body)

    packed = base64.b64decode(body["data"][1]["embedding"])
    assert struct.unpack("<2f", packed) == (-0.25, 2)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        [],
        {},
        {"embeddings": {}},
        {"embeddings": TWO["embeddings"][:1]},
        {"embeddings": [*TWO["embeddings"], {"values": [1]}]},
        {"embeddings": [7, 8]},
        {"embeddings": [{"values": [1]}, {"values": []}]},
        {"embeddings": [{"values": [1]}, {"values": ["1"]}]},
    ],
)
def test_anything_but_a_vector_for_each_text_is_no_answer(body: Any) -> None:
    with pytest.raises(AttemptError) as failure:
        answered(asked(), body)
    assert failure.value.outcome == "malformed"


@pytest.mark.parametrize("given", [[[1, 2]], [1, 2], ["text"] * 101])
def test_tokens_and_too_many_texts_are_refused_by_name(given: Any) -> None:
    request = asked(input=given)
    with pytest.raises(UnsupportedParameterError) as refusal:
        lane_of(request).check(request, ROUTE, 100)
    assert refusal.value.param == "input"


def test_a_hundred_texts_are_accepted() -> None:
    request = asked(input=["text"] * 100)
    lane_of(request).check(request, ROUTE, 100)
