"""What upstreams say they used, believed only as far as it can be true."""

import json
from typing import Any

import openai
import pytest

from tests.scripted_answers import whole
from tests.scripted_upstream import CLOSE, completion, error, raw, sse, stream, usage_of
from tests.sdk.books import CREDIT, charge_of
from tests.sdk.shop import QUESTION, Shop

SAID = "Hello from the upstream"
GARBAGE: dict[str, Any] = {
    "a word": "lots",
    "a list": [1],
    "an empty object": {"nothing": None},
    "negative input": usage_of(-5, 3),
    "negative output": usage_of(5, -3),
    "fractions": {"prompt_tokens": 1.5, "completion_tokens": 2.0},
    "words for numbers": {"prompt_tokens": "3", "completion_tokens": "4"},
    "booleans": {"prompt_tokens": True, "completion_tokens": True},
    "half of it": {"completion_tokens": 3},
    "beyond 64 bits": {"prompt_tokens": 10**30, "completion_tokens": 3},
    "negative detail": usage_of(5, 3, prompt_tokens_details={"cached_tokens": -1}),
}
BOTH = pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])


def answer(shop: Shop, *, streams: bool, usage: Any, **options: Any) -> str:
    """Have the upstream say hello with this usage; returns what the SDK read."""
    shop.upstream.script(stream(usage=usage) if streams else completion(usage=usage))
    given: Any = {"model": "small", "messages": QUESTION, **options}
    made = shop.client().chat.completions.create(**given, stream=streams)
    if not streams:
        return made.choices[0].message.content or ""
    return "".join(c.choices[0].delta.content or "" for c in made if c.choices)


@BOTH
def test_missing_usage_is_counted_by_us_and_flagged(shop: Shop, streams: bool) -> None:
    assert answer(shop, streams=streams, usage=None) == SAID

    shop.call().assert_counted(SAID, basis="estimated", flags=("usage_missing",))


@BOTH
@pytest.mark.parametrize(
    "usage", [usage_of(0, 0), usage_of(5, 0), usage_of(0, 4)], ids=["both", "output", "input"]
)
def test_zero_usage_of_a_said_text_is_counted_by_us_and_flagged(
    shop: Shop, streams: bool, usage: Any
) -> None:
    assert answer(shop, streams=streams, usage=usage) == SAID

    call = shop.call()
    call.assert_counted(SAID, basis="estimated", flags=("usage_zero",))
    assert call.charged["reported"]["total_tokens"] == usage["total_tokens"]


def test_no_output_for_no_text_is_believed(shop: Shop) -> None:
    shop.upstream.script(completion("", usage=usage_of(5, 0), finish_reason="content_filter"))

    shop.client().chat.completions.create(model="small", messages=QUESTION)

    shop.call().assert_charged("small", input=5)


@BOTH
@pytest.mark.parametrize("usage", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_for_usage_is_counted_by_us_and_flagged(
    shop: Shop, streams: bool, usage: Any
) -> None:
    assert answer(shop, streams=streams, usage=usage) == SAID

    shop.call().assert_counted(SAID, basis="estimated", flags=("usage_missing",))


@BOTH
@pytest.mark.parametrize(
    "usage",
    [usage_of(200_000, 4), usage_of(3, 200_000), usage_of(100_000, 4), usage_of(2**40, 2**40)],
    ids=["input beyond the context", "output beyond it", "input beyond the bytes", "absurd"],
)
def test_usage_that_cannot_be_true_is_quarantined(shop: Shop, streams: bool, usage: Any) -> None:
    assert answer(shop, streams=streams, usage=usage) == SAID

    call = shop.call()
    call.assert_released("quarantined", ("usage_implausible",))
    assert call.released["reported"]["prompt_tokens"] == usage["prompt_tokens"]
    assert shop.balance == CREDIT


@BOTH
def test_output_beyond_the_cap_is_not_charged_and_flagged(shop: Shop, streams: bool) -> None:
    answer(shop, streams=streams, usage=usage_of(3, 64), max_tokens=1)

    call = shop.call()
    call.assert_charged("small", flags=("output_beyond_cap",), input=3, output=1)
    assert call.charged["reported"]["completion_tokens"] == 64
    assert call.attempts[0]["cost"] == 3 * 110 + 64 * 220, "the supplier bills all of it"


@BOTH
def test_input_above_our_estimate_is_charged_beyond_the_hold(shop: Shop, streams: bool) -> None:
    answer(shop, streams=streams, usage=usage_of(2000, 1), max_tokens=1)

    call = shop.call()
    call.assert_charged("small", input=2000, output=1)
    assert call.total > call.held


def test_a_prompt_beyond_the_context_is_refused_and_holds_nothing(shop: Shop) -> None:
    long = [{"role": "user", "content": "word " * 2_000}]

    with pytest.raises(openai.BadRequestError) as refused:
        shop.client().chat.completions.create(model="tiny", messages=long)

    assert refused.value.code == "context_length_exceeded"
    assert (shop.upstream.requests, shop.balance) == ([], CREDIT)


def test_input_beyond_the_context_of_the_catalogue_is_charged(shop: Shop) -> None:
    shop.upstream.script(completion(usage=usage_of(1_500, 1)))
    filled = [{"role": "user", "content": "word " * 1_200}]

    shop.client().chat.completions.create(model="tiny", messages=filled, max_tokens=1)

    shop.call().assert_charged("tiny", input=1_500, output=1)


def test_what_no_credit_covers_is_absorbed_and_never_a_debt(shop: Shop) -> None:
    poor = shop.gateway.customer("0.0001")
    shop.upstream.script(completion(usage=usage_of(2000, 1)))

    shop.client(api_key=poor.api_key).chat.completions.create(
        model="small", messages=QUESTION, max_tokens=1
    )

    [call] = shop.house.books.settled_calls(poor.customer_id, 1)
    assert call.total == 100_000
    assert call.charged["absorbed"] == charge_of("small", input=2000, output=1) - 100_000


@BOTH
def test_cached_tokens_beyond_the_prompt_are_charged_as_plain_input(
    shop: Shop, streams: bool
) -> None:
    usage = usage_of(5, 4, prompt_tokens_details={"cached_tokens": 50})
    answer(shop, streams=streams, usage=usage)

    shop.call().assert_charged("small", flags=("usage_inconsistent",), input=5, output=4)


def test_usage_with_unknown_extras_is_believed(shop: Shop) -> None:
    usage: Any = {**usage_of(3, 4), "cost": 0.5, "x": {"y": 1}, "prompt_tokens_details": None}
    answer(shop, streams=False, usage=usage)

    shop.call().assert_charged("small", input=3, output=4)


HTML = b"<html>busy</html>"
CHUNK = b'data: {"object":"chat.completion.chunk","choices":[]}\n\ndata: [DONE]\n\n'
OK_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
NONSENSE = {
    "no JSON": raw(OK_HEAD + b"content-length: 17\r\n\r\n" + HTML),
    "an empty body": raw(OK_HEAD + b"content-length: 0\r\n\r\n"),
    "no content": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "a JSON list": raw(whole(200, [])),  # type: ignore[arg-type]
    "no choices": raw(whole(200, {"id": "x"})),
    "an error with 200": raw(whole(200, {"error": {"message": "no"}})),
    "NaN": raw(OK_HEAD + b'content-length: 17\r\n\r\n{"choices": NaN }'),
    "invalid UTF-8": raw(OK_HEAD + b'content-length: 19\r\n\r\n{"choices": "\xff\xff..."}'),
    "half a body": raw(OK_HEAD + b'content-length: 500\r\n\r\n{"choices": ['),
    "a redirect": error(307, headers={"location": "http://127.0.0.1:1/"}),
    "no HTTP": raw(b"what?\r\n\r\n"),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
@BOTH
def test_an_answer_that_makes_no_sense_is_a_502_and_costs_nothing(
    shop: Shop, answer: Any, streams: bool
) -> None:
    shop.upstream.script(lambda request: [*answer(request), CLOSE])

    with pytest.raises(openai.InternalServerError) as caught:
        list(
            shop.client().chat.completions.create(model="small", messages=QUESTION, stream=streams)
        )

    assert (caught.value.status_code, caught.value.code) == (502, "upstream_error")
    shop.call().assert_released("upstream_error")


def test_a_stream_where_none_was_asked_for_is_a_502(shop: Shop) -> None:
    shop.upstream.script(sse(CHUNK))

    with pytest.raises(openai.InternalServerError):
        shop.client().chat.completions.create(model="small", messages=QUESTION)

    shop.call().assert_released("upstream_error")


def test_a_whole_answer_where_a_stream_was_asked_for_is_a_502(shop: Shop) -> None:
    shop.upstream.script(completion())

    with pytest.raises(openai.InternalServerError):
        list(shop.client().chat.completions.create(model="small", messages=QUESTION, stream=True))

    shop.call().assert_released("upstream_error")


@pytest.mark.parametrize("kind", ["text/plain", "text/html; charset=latin-1", ""])
def test_a_wrong_content_type_does_no_harm(shop: Shop, kind: str) -> None:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "é"}}]}
    text = json.dumps({**body, "usage": usage_of(3, 1)}).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(text)}\r\n\r\n"
    shop.upstream.script(raw(head.encode() + text))

    given = shop.client().chat.completions.create(model="small", messages=QUESTION)

    assert given.choices[0].message.content == "é"
    shop.call().assert_charged("small", input=3, output=1)
