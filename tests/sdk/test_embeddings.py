"""POST /v1/embeddings through the official SDK: only the input is billed."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.scripted_answers import whole
from tests.scripted_upstream import error, raw
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop
from tests.sdk.text_house import open_text_house


@pytest.fixture(scope="module")
def text_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_text_house(tmp_path_factory.mktemp("text")) as house:
        yield house


@pytest.fixture
def shop(text_house: House) -> Iterator[Shop]:
    with visited(text_house) as shop:
        yield shop


@pytest.mark.parametrize(
    ("given", "vectors", "tokens"),
    [
        ("one two", [[2.0, 0.5]], 2),
        (["one two", "three"], [[2.0, 0.5], [1.0, 0.5]], 3),
        ([7, 8, 9], [[3.0, 0.5]], 3),
        ([[7, 8], [9]], [[2.0, 0.5], [1.0, 0.5]], 3),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_text_and_tokens_alone_or_together(
    shop: Shop, given: Any, vectors: list[Any], tokens: int, packed: bool
) -> None:
    asked: Any = {} if packed else {"encoding_format": "float"}

    answer = shop.client().embeddings.create(model="embeds", input=given, **asked)

    assert [item.embedding for item in answer.data] == vectors
    assert [item.index for item in answer.data] == list(range(len(vectors)))
    call = shop.call()
    call.assert_charged("embeds", input=tokens)
    assert call.reserved["output_cap"] == 0
    [sent] = shop.upstream.requests
    assert (sent.path, sent.json["model"]) == ("/v1/embeddings", "up-embeds")
    assert sent.json["input"] == given


def test_a_hold_for_tokens_is_exact(shop: Shop) -> None:
    shop.client().embeddings.create(model="embeds", input=[[7, 8], [9]])

    call = shop.call()
    assert call.reserved["input_tokens"] == 3
    assert call.held == call.total


def test_many_inputs_may_come_to_more_than_one_context(shop: Shop) -> None:
    shop.client().embeddings.create(model="embeds", input=[[1] * 8_000] * 3)

    shop.call().assert_charged("embeds", input=24_000)


def test_the_length_of_the_vectors_is_passed_on(shop: Shop) -> None:
    shop.client().embeddings.create(model="embeds", input="one", dimensions=64, user="u")

    assert shop.upstream.requests[0].json["dimensions"] == 64


def test_the_headers_name_the_charge(shop: Shop) -> None:
    answer = shop.http().post("/v1/embeddings", json={"model": "embeds", "input": "one two three"})

    assert answer.headers["x-billing-charge"] == "0.00000006"
    assert answer.headers["x-daoe-used-model"] == "embeds"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": [""]}, "input[0]"),
        ({"input": [[]]}, "input[0]"),
        ({"input": ["a", 7]}, "input[1]"),
        ({"input": [-1]}, "input[0]"),
        ({"input": "a", "dimensions": 0}, "dimensions"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format"),
        ({"input": "a", "stream": True}, "stream"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(
    shop: Shop, fields: Any, param: str
) -> None:
    answer = shop.http().post("/v1/embeddings", json={"model": "embeds", **fields})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert shop.upstream.requests == []


@pytest.mark.parametrize("model", ["chats", "completes", "nope"])
def test_only_models_that_embed_can_be_asked(shop: Shop, model: str) -> None:
    with pytest.raises(openai.NotFoundError):
        shop.client().embeddings.create(model=model, input="a")


def test_what_is_no_vector_for_each_input_costs_nothing(shop: Shop) -> None:
    empty = {"object": "list", "data": [], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    shop.upstream.script(
        error(500), raw(whole(200, empty)), raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n<")
    )

    for _ in range(3):
        with pytest.raises(openai.InternalServerError):
            shop.client().embeddings.create(model="embeds", input="a")

    assert [call.total for call in shop.calls(3)] == [0, 0, 0]


def test_without_usage_our_own_count_is_billed(shop: Shop) -> None:
    vector = {"object": "embedding", "index": 0, "embedding": [0.5]}
    shop.upstream.script(raw(whole(200, {"object": "list", "data": [vector], "model": "m"})))

    shop.client().embeddings.create(model="embeds", input=[7, 8, 9])

    shop.call().assert_charged("embeds", basis="estimated", flags=("usage_missing",), input=3)


@pytest.mark.parametrize("given", ["Hello", [[7, 8], [9]]])
def test_the_sandbox_embeds_too(shop: Shop, given: Any) -> None:
    client = shop.client()
    packed = client.embeddings.create(model="boxed-embeds", input=given, dimensions=8)
    plain = client.embeddings.create(
        model="boxed-embeds", input=given, dimensions=8, encoding_format="float"
    )

    for one, other in zip(packed.data, plain.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-7)
    assert len(plain.data[0].embedding) == 8
    for call in shop.calls(2):
        call.assert_charged("boxed-embeds", input=packed.usage.prompt_tokens)
