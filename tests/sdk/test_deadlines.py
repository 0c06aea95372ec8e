"""A call ends at its deadline whatever the upstream does, and its hold with it."""

import time
from typing import Any

import openai
import pytest

from tests.scripted_answers import STREAM_END, STREAM_HEAD, framed
from tests.scripted_upstream import raw, stall
from tests.sdk.books import wait_until
from tests.sdk.shop import QUESTION, Shop
from tests.sdk.test_broken_streams import chunk, read

DEADLINE_SECONDS = 2


@pytest.mark.parametrize(
    ("streams", "path"), [(False, "/v1"), (True, "/openai/v1")], ids=["whole", "stream"]
)
def test_silence_before_the_first_byte_is_a_504_and_costs_nothing(
    impatient_shop: Shop, streams: bool, path: str
) -> None:
    shop = impatient_shop
    shop.upstream.script(stall(30))
    began = time.monotonic()

    with pytest.raises(openai.InternalServerError) as caught:
        shop.client(path).chat.completions.create(model="small", messages=QUESTION, stream=streams)

    assert DEADLINE_SECONDS - 0.1 < time.monotonic() - began < DEADLINE_SECONDS + 2
    assert (caught.value.status_code, caught.value.code) == (504, "upstream_timeout")
    call = shop.call()
    call.assert_released("upstream_timeout")
    assert call.outcomes == [("scripted", "abandoned")]
    wait_until(shop.upstream.requests[0].hung_up.is_set, "the upstream's connection to close")


def test_half_a_whole_answer_and_silence_is_a_504(impatient_shop: Shop) -> None:
    shop = impatient_shop
    shop.upstream.script(raw(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"choi', 30.0))

    with pytest.raises(openai.InternalServerError) as caught:
        shop.client().chat.completions.create(model="small", messages=QUESTION)

    assert caught.value.code == "upstream_timeout"
    shop.call().assert_released("upstream_timeout")


def test_silence_in_a_stream_ends_it_with_an_error_and_a_partial_charge(
    impatient_shop: Shop,
) -> None:
    shop = impatient_shop
    shop.upstream.script(stall(30, after=2))

    said, error = read(shop)

    assert said == "Hello from"
    assert error is not None
    assert error.code == "upstream_timeout"
    shop.call().assert_counted(said, basis="partial", flags=("truncated", "usage_missing"))
    wait_until(shop.upstream.requests[0].hung_up.is_set, "the upstream's connection to close")


def test_a_stream_that_trickles_for_ever_ends_at_the_deadline(impatient_shop: Shop) -> None:
    shop = impatient_shop
    steps: list[Any] = []
    for _ in range(300):
        steps += [framed(chunk(content="tick ")), 0.1]
    shop.upstream.script(raw(STREAM_HEAD, *steps, STREAM_END))
    began = time.monotonic()

    said, error = read(shop)

    assert time.monotonic() - began < DEADLINE_SECONDS + 2
    assert error is not None
    assert error.code == "upstream_timeout"
    shop.call().assert_counted(said, basis="partial", flags=("truncated", "usage_missing"))


def test_the_next_call_after_a_timeout_is_served(impatient_shop: Shop) -> None:
    shop = impatient_shop

    shop.client().chat.completions.create(model="small", messages=QUESTION)

    shop.call().assert_charged("small", input=3, output=3)
