"""Embeddings requests, and the answers of providers that compute vectors in another protocol."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.openai_embeddings.answer import encode_embeddings
from adapters.protocols.openai_embeddings.request import EmbeddingsRequest, decode_request
from adapters.protocols.openai_embeddings.vectors import pack
from adapters.protocols.prompt_size import measure
from domain.errors import InvalidRequestError, UnsupportedParameterError
from domain.margin import Margin
from tests.vectors import unpacked

FRAME = Frame("0198", "m", 0)


def read(**fields: Any) -> EmbeddingsRequest:
    return decode_request(json.dumps({"model": "m", **fields}).encode())


@given(vector=st.lists(st.floats(width=32, allow_nan=False), max_size=8))
def test_a_vector_survives_being_packed(vector: list[float]) -> None:
    assert unpacked(pack(vector)) == vector


def test_a_packed_vector_is_little_endian() -> None:
    assert pack([1.0]) == "AACAPw=="


@pytest.mark.parametrize(
    ("given_", "inputs"),
    [("a", ["a"]), (["a", "b"], ["a", "b"]), ([7, 8], [[7, 8]]), ([[7], [8, 9]], [[7], [8, 9]])],
)
def test_inputs_come_one_by_one_in_their_order(given_: Any, inputs: Any) -> None:
    request = read(input=given_, dimensions=3, encoding_format="base64", user="u")

    assert request.inputs == inputs
    assert request.count == len(inputs)
    assert (request.dimensions, request.base64, request.stream) == (3, True, False)
    assert (request.output_cap, request.choices, request.tags) == (0, 1, None)
    assert request.protocol == "openai_embeddings"


def test_tokens_are_counted_exactly_and_texts_with_a_margin() -> None:
    margin = Margin(percent=200)
    tokens = measure(read(input=[[7, 8], [9]]).prompt_parts()).estimate(100, margin)
    text = measure(read(input=["one two three"]).prompt_parts()).estimate(100, margin)

    assert (tokens.count, tokens.hold) == (3, 3)
    assert (text.count, text.hold) == (3, 6)


def test_each_input_has_the_whole_context_to_itself() -> None:
    size = measure(read(input=[[7] * 9, [8] * 9]).prompt_parts())

    assert size.estimate(10, Margin()).hold == 18
    assert size.estimate(8, Margin()).hold == 16


def test_texts_are_given_to_who_takes_no_tokens_of_another_model() -> None:
    assert read(input=["a", "b"]).texts() == ["a", "b"]
    with pytest.raises(UnsupportedParameterError) as refused:
        read(input=[7]).texts()
    assert refused.value.param == "input"


def test_an_embedding_is_no_conversation() -> None:
    request = read(input="a")

    for ask in (
        request.conversation,
        lambda: request.encode_answer(Answer((), "stop"), FRAME),
        lambda: request.stream_encoder(FRAME),
    ):
        with pytest.raises(UnsupportedParameterError) as refused:
            ask()
        assert refused.value.param == "model"


@pytest.mark.parametrize("packed", [True, False])
def test_vectors_are_written_in_order_as_the_caller_wants_them(packed: bool) -> None:
    request = read(input=["a", "b"], encoding_format="base64" if packed else "float")

    body = json.loads(encode_embeddings(request, [[0.5], [1.0]], model="m", prompt_tokens=7))

    assert body["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    assert [item["index"] for item in body["data"]] == [0, 1]
    vectors = [item["embedding"] for item in body["data"]]
    assert (list(map(unpacked, vectors)) if packed else vectors) == [[0.5], [1.0]]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", 7]}, "input[1]"),
        ({"input": [[]]}, "input[0]"),
        ({"input": [2**32]}, "input[0]"),
        ({"input": ["a"] * 2_049}, "input"),
        ({"input": "a", "dimensions": 2**17}, "dimensions"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format"),
        ({"input": "a", "mood": "good"}, "mood"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(fields: Any, param: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read(**fields)

    assert refused.value.param == param


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        decode_request(b'{"model":"m","input":"\\ud800"}')


def test_infinity_survives_the_wire_as_what_it_is() -> None:
    assert unpacked(pack([math.inf])) == [math.inf]
