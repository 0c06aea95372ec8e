"""Streams that break: the client is told in the stream, and pays for what it got, never more."""

import json
import time
from typing import Any

import openai
import pytest

from tests.scripted_answers import STREAM_END, STREAM_HEAD, framed
from tests.scripted_upstream import (
    CLOSE,
    Answer,
    in_stream_error,
    raw,
    reset,
    stream,
    truncated_stream,
    usage_of,
)
from tests.sdk.books import charge_of
from tests.sdk.shop import QUESTION, Shop, paced

SAID = "Hello from"
BREAKS = {
    "an error event": in_stream_error(after=2),
    "a polite end": truncated_stream(after=2, politely=True),
    "a closed connection": truncated_stream(after=2),
    "a reset": reset(after=2),
}


def chunk(index: int = 0, finish: str | None = None, **more: Any) -> bytes:
    delta = {} if finish else {"content": more.pop("content", "word ")}
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: %s\n\n" % json.dumps({**body, "choices": [choice], **more}).encode()


def usage_chunk(usage: Any) -> bytes:
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: %s\n\n" % json.dumps({**body, "choices": [], "usage": usage}).encode()


def read(shop: Shop, **options: Any) -> tuple[str, openai.APIError | None]:
    """What the SDK got before the error, and the error."""
    said = ""
    given: Any = {"model": "small", "messages": QUESTION, **options}
    try:
        for piece in shop.client().chat.completions.create(**given, stream=True):
            said += piece.choices[0].delta.content or "" if piece.choices else ""
    except openai.APIError as error:
        return said, error
    return said, None


@pytest.mark.parametrize("answer", BREAKS.values(), ids=BREAKS.keys())
def test_a_stream_that_breaks_raises_in_the_client_and_is_charged_in_part(
    shop: Shop, answer: Answer
) -> None:
    shop.upstream.script(paced(answer))

    said, error = read(shop)

    assert said == SAID
    assert error is not None
    assert (error.code, error.type) == ("upstream_error", "server_error")
    call = shop.call()
    call.assert_counted(SAID, basis="partial", flags=("truncated", "usage_missing"))
    assert call.attempts[0]["outcome"] == "broken"


@pytest.mark.parametrize("answer", BREAKS.values(), ids=BREAKS.keys())
def test_a_broken_stream_ends_with_an_error_event_in_its_own_frame(
    shop: Shop, answer: Answer
) -> None:
    shop.upstream.script(paced(answer))

    body = {"model": "small", "messages": QUESTION, "stream": True}
    given = shop.http().post("/v1/chat/completions", json=body)

    *events, last, end = given.text.split("\n\n")
    assert end == ""
    assert len(events) == 3
    told = json.loads(last.removeprefix("data: "))
    assert told["error"].keys() == {"message", "type", "param", "code"}
    assert "[DONE]" not in given.text
    shop.call()


def test_text_that_came_in_one_packet_with_the_error_reaches_the_client(shop: Shop) -> None:
    error = b'data: {"error":{"message":"no","code":"server_error"}}\n\n'
    together = chunk(content="two ") + chunk(content="three ") + error
    shop.upstream.script(
        raw(STREAM_HEAD, framed(chunk(content="one ")), 0.1, framed(together), STREAM_END)
    )

    said, raised = read(shop)

    assert raised is not None
    # Whatever is charged was delivered, and what was delivered is charged.
    shop.call().assert_counted(said, basis="partial", flags=("truncated", "usage_missing"))
    assert said == "one two three "


def test_text_that_came_in_one_packet_with_a_reset_is_charged_as_relayed(shop: Shop) -> None:
    shop.upstream.script(reset(after=3))

    said, error = read(shop)

    call = shop.call()
    assert error is not None
    if said:
        call.assert_counted(said, basis="partial", flags=("truncated", "usage_missing"))
    else:
        call.assert_released("upstream_error")


def test_an_error_before_any_output_is_a_502_and_costs_nothing(shop: Shop) -> None:
    shop.upstream.script(in_stream_error(after=-1))

    said, error = read(shop)

    assert said == ""
    assert isinstance(error, openai.InternalServerError)
    shop.call().assert_released("upstream_error")


def test_a_polite_end_after_one_of_two_choices_is_a_broken_stream(shop: Shop) -> None:
    events = [chunk(0), chunk(1), chunk(0, finish="stop"), chunk(1)]
    shop.upstream.script(paced(raw(STREAM_HEAD, *map(framed, events), STREAM_END)))

    _, error = read(shop, n=2)

    assert error is not None
    assert shop.call().charged["basis"] == "partial"


@pytest.mark.parametrize("end", [STREAM_END, CLOSE], ids=["politely", "closed"])
def test_usage_reported_before_the_break_is_charged_and_flagged(shop: Shop, end: Any) -> None:
    events = [chunk(usage=usage_of(3, n)) for n in (1, 2, 3)]
    shop.upstream.script(paced(raw(STREAM_HEAD, *map(framed, events), end)))

    said, error = read(shop)

    assert error is not None
    assert said == "word " * 3
    call = shop.call()
    assert "truncated" in call.charged["flags"]
    assert call.total == charge_of("small", input=3, output=3) <= call.held


def test_a_partial_charge_never_exceeds_the_hold(shop: Shop) -> None:
    """The upstream goes on and on past a cap of one token, then breaks."""
    shop.upstream.script(paced(raw(STREAM_HEAD, *map(framed, [chunk()] * 50), CLOSE), 0.002))

    _, error = read(shop, max_tokens=1)

    assert error is not None
    call = shop.call()
    assert call.total <= call.held
    assert call.charged["usage"]["output"] == 1


def test_a_usage_chunk_that_is_no_json_breaks_the_stream(shop: Shop) -> None:
    events = [chunk(content=SAID), b'data: {"usage":{"prompt_tokens":3,\n\n', b"data: [DONE]\n\n"]
    shop.upstream.script(paced(raw(STREAM_HEAD, *map(framed, events), STREAM_END)))

    said, error = read(shop)

    assert said == SAID
    assert error is not None
    shop.call().assert_counted(SAID, basis="partial", flags=("truncated", "usage_missing"))


def test_a_stream_without_its_end_mark_is_whole_if_it_finished(shop: Shop) -> None:
    shop.upstream.script(stream(done=False, usage=usage_of(3, 4)))

    said, error = read(shop)

    assert error is None
    assert said == "Hello from the upstream"
    shop.call().assert_charged("small", input=3, output=4)


def test_a_connection_lost_between_the_finish_and_the_usage_is_a_broken_stream(shop: Shop) -> None:
    events = [chunk(content=SAID), chunk(finish="stop")]
    shop.upstream.script(paced(raw(STREAM_HEAD, *map(framed, events), CLOSE)))

    said, error = read(shop)

    assert (said, error is None) == (SAID, False)
    shop.call().assert_counted(SAID, basis="partial", flags=("truncated", "usage_missing"))


@pytest.mark.parametrize("end", [[CLOSE], [4.0, CLOSE]], ids=["closes at once", "lingers"])
def test_a_stream_is_over_at_its_end_mark_whatever_the_connection_does(
    shop: Shop, end: Any
) -> None:
    events = [chunk(content=SAID), chunk(finish="stop"), usage_chunk(usage_of(3, 2))]
    events.append(b"data: [DONE]\n\n")
    shop.upstream.script(raw(STREAM_HEAD, *map(framed, events), *end))
    began = time.monotonic()

    said, error = read(shop)

    assert (said, error) == (SAID, None)
    assert time.monotonic() - began < 3
    shop.call().assert_charged("small", input=3, output=2)


def test_a_role_and_nothing_else_before_the_break_costs_nothing(shop: Shop) -> None:
    shop.upstream.script(paced(truncated_stream(after=0)))

    said, error = read(shop)

    assert (said, error is None) == ("", False)
    shop.call().assert_released("upstream_error")
