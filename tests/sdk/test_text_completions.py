"""POST /v1/completions through the official SDK: models that complete, and chat models."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.scripted_upstream import completion, error, in_stream_error, raw, stream, usage_of
from tests.sdk.houses import visited
from tests.sdk.shop import House, Shop
from tests.sdk.text_house import open_text_house
from tests.upstreams.openai_answers import echo

STREAMED: Any = {"stream": True, "stream_options": {"include_usage": True}}


@pytest.fixture(scope="module")
def text_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_text_house(tmp_path_factory.mktemp("text")) as house:
        yield house


@pytest.fixture
def shop(text_house: House) -> Iterator[Shop]:
    with visited(text_house) as shop:
        yield shop


def said(chunks: list[Any]) -> str:
    return "".join(choice.text for chunk in chunks for choice in chunk.choices)


def test_a_model_that_completes_gets_the_callers_own_body(shop: Shop) -> None:
    answer = shop.client().completions.create(
        model="completes", prompt="one two three", suffix="!", logprobs=2, echo=True, seed=7
    )

    assert answer.choices[0].text == "one two three"
    [sent] = shop.upstream.requests
    assert sent.path == "/v1/completions"
    assert sent.json == {
        "model": "up-completes",
        "prompt": "one two three",
        "suffix": "!",
        "logprobs": 2,
        "echo": True,
        "seed": 7,
        "max_tokens": 16,
    }
    shop.call().assert_charged("completes", input=3, output=3)


def test_a_stream_is_relayed_and_its_usage_chunk_only_if_asked_for(shop: Shop) -> None:
    client = shop.client()
    quiet = list(client.completions.create(model="completes", prompt="one two", stream=True))
    full = list(client.completions.create(model="completes", prompt="one two", **STREAMED))

    assert said(quiet) == said(full) == "one two"
    assert all(chunk.usage is None for chunk in quiet)
    assert full[-1].usage is not None
    assert all(sent.wants_usage for sent in shop.upstream.requests)
    for call in shop.calls(2):
        call.assert_charged("completes", input=2, output=2)


def test_every_prompt_and_candidate_is_held_and_billed(shop: Shop) -> None:
    answer = shop.client().completions.create(
        model="completes", prompt=["one two", "three"], n=2, max_tokens=8
    )

    assert [choice.text for choice in answer.choices] == ["one two", "three"] * 2
    call = shop.call()
    assert call.reserved["choices"] == 4
    assert call.reserved["output_cap"] == 8
    call.assert_charged("completes", input=3, output=6)
    shop.client().completions.create(model="completes", prompt="one", best_of=3, n=1)
    assert shop.calls(2)[1].reserved["choices"] == 3


def test_token_prompts_are_counted_as_they_are(shop: Shop) -> None:
    shop.client().completions.create(model="completes", prompt=[11, 12, 13])

    call = shop.call()
    call.assert_charged("completes", input=3, output=3)
    assert call.reserved["input_tokens"] == 3 + 8


def test_a_stream_without_usage_is_counted_by_its_text(shop: Shop) -> None:
    shop.upstream.script(echo(usage=False))

    list(shop.client().completions.create(model="completes", prompt="one two three", stream=True))

    shop.call().assert_counted("one two three", basis="estimated", flags=("usage_missing",))


def test_a_broken_stream_ends_in_an_error_and_one_settlement(shop: Shop) -> None:
    shop.upstream.script(in_stream_error(after=1))

    with pytest.raises(openai.APIError):
        list(shop.client().completions.create(model="completes", prompt="one", stream=True))

    assert shop.call().charged["basis"] == "partial"


def test_the_protocols_own_cap_is_lowered_to_what_the_funds_allow(shop: Shop) -> None:
    poor = shop.gateway.customer("0.00002")

    shop.client(api_key=poor.api_key).completions.create(model="completes", prompt="one")

    [sent] = shop.upstream.requests
    assert 1 <= sent.json["max_tokens"] < 16
    shop.house.books.settled_calls(poor.customer_id, 1)


@pytest.mark.parametrize("streamed", [{}, STREAMED], ids=["whole", "stream"])
def test_a_chat_model_is_asked_as_one_user(shop: Shop, streamed: Any) -> None:
    answer: Any = shop.client().completions.create(
        model="chats", prompt="one two three", temperature=0.5, stop="x", **streamed
    )

    chunks = list(answer) if streamed else [answer]
    assert said(chunks) == "one two three"
    assert {chunk.object for chunk in chunks} == {"text_completion"}
    assert [c.finish_reason for chunk in chunks for c in chunk.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens == 6
    assert chunks[0].model == "chats"
    [sent] = shop.upstream.requests
    assert sent.path == "/v1/chat/completions"
    assert sent.json["messages"] == [{"role": "user", "content": "one two three"}]
    assert (sent.json["max_tokens"], sent.json["stop"]) == (16, ["x"])
    shop.call().assert_charged("chats", input=3, output=3)


def test_thoughts_of_a_chat_model_are_billed_but_not_shown(shop: Shop) -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 5}}
    usage = usage_of(3, 7, **details)
    shop.upstream.script(completion("Hi", usage=usage), stream(["Hi"], usage=usage))

    whole = shop.client().completions.create(model="chats", prompt="one two three")
    list(shop.client().completions.create(model="chats", prompt="one two three", stream=True))

    assert whole.choices[0].text == "Hi"
    for call in shop.calls(2):
        call.assert_charged("chats", input=3, output=2, reasoning=5)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "a", "suffix": "b"}, "suffix"),
        ({"prompt": "a", "echo": True}, "echo"),
        ({"prompt": "a", "logprobs": 0}, "logprobs"),
        ({"prompt": "a", "n": 2}, "n"),
        ({"prompt": "a", "best_of": 2}, "best_of"),
    ],
)
def test_what_a_chat_model_cannot_do_is_refused_by_name_before_any_hold(
    shop: Shop, fields: Any, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        shop.client().completions.create(model="chats", **fields)

    assert refused.value.param == param
    assert shop.upstream.requests == []
    assert shop.house.books.calls_of(shop.customer.customer_id) == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": "a", "web_search": {}}, "web_search"),
        ({"prompt": "a", "max_tokens": 0}, "max_tokens"),
        ({"prompt": "a", "stream_options": {"include_usage": True}}, "stream_options"),
        ({"prompt": "a", "n": 3, "best_of": 2}, "best_of"),
        ({"prompt": "a", "best_of": 2, "stream": True}, "best_of"),
        ({}, "prompt"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(
    shop: Shop, fields: Any, param: str
) -> None:
    answer = shop.http().post("/v1/completions", json={"model": "completes", **fields})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize("model", ["embeds", "nope"])
def test_only_models_that_write_can_be_asked(shop: Shop, model: str) -> None:
    with pytest.raises(openai.NotFoundError):
        shop.client().completions.create(model=model, prompt="a")


def test_a_failed_upstream_costs_nothing(shop: Shop) -> None:
    shop.upstream.script(error(500), raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"))

    for model in ("completes", "chats"):
        with pytest.raises(openai.InternalServerError):
            shop.client().completions.create(model=model, prompt="a")

    assert [call.total for call in shop.calls(2)] == [0, 0]


@pytest.mark.parametrize("streamed", [{}, STREAMED], ids=["whole", "stream"])
def test_the_sandbox_completes_too(shop: Shop, streamed: Any) -> None:
    answer: Any = shop.client().completions.create(model="boxed", prompt="Hello", **streamed)

    assert said(list(answer) if streamed else [answer]) == "You said: Hello "
    assert shop.call().charged["basis"] == "reported"
