"""Streams through the official SDK: chunks as they came, usage only for those who asked."""

import asyncio
from typing import Any

import pytest

from tests.scripted_answers import STREAM_END, STREAM_HEAD, UsageOn, framed
from tests.scripted_upstream import raw, stream, usage_of
from tests.sdk.shop import QUESTION, Shop
from tests.sdk.test_openai_sdk_answers import PARIS, ROME, TOOLS

CHUNK = (
    b'{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{"content":"Hel\\u00e9 \xf0\x9f\x98\x80"},"finish_reason":null}],'
    b'"x_vendor" : {"b":1.50, "a":[ ]} }'
)
LAST = (
    b'{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{},"finish_reason":"stop"}]}'
)
USAGE = (
    b'{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    b'"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,"cost": 0.10}}'
)
ASKED: Any = {"include_usage": True}


def text_of(chunks: list[Any]) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def test_a_stream_without_usage_shows_none_though_upstream_was_asked(shop: Shop) -> None:
    chunks = list(
        shop.client().chat.completions.create(model="small", messages=QUESTION, stream=True)
    )

    assert text_of(chunks) == "one two three"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.choices and not chunk.usage for chunk in chunks)
    assert shop.upstream.requests[0].json["stream_options"] == {"include_usage": True}
    shop.call().assert_charged("small", input=3, output=3)


def test_a_stream_with_usage_ends_with_it(shop: Shop) -> None:
    chunks = list(
        shop.client().chat.completions.create(
            model="small", messages=QUESTION, stream=True, stream_options=ASKED
        )
    )

    assert text_of(chunks) == "one two three"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (3, 3)
    assert sum(1 for chunk in chunks if chunk.usage) == 1
    shop.call().assert_charged("small", input=3, output=3)


@pytest.mark.parametrize("asks", [True, False], ids=["asks for usage", "does not"])
def test_the_stream_helper_puts_the_answer_together(shop: Shop, asks: bool) -> None:
    options: Any = {"stream_options": ASKED} if asks else {}
    with shop.client().chat.completions.stream(
        model="small", messages=QUESTION, **options
    ) as events:
        kinds = [event.type for event in events]
        final = events.get_final_completion()

    assert "content.delta" in kinds
    assert final.choices[0].message.content == "one two three"
    assert final.choices[0].message.role == "assistant"
    assert (final.usage is not None) is asks
    shop.call().assert_charged("small", input=3, output=3)


def test_the_stream_helper_puts_parallel_tool_calls_together(shop: Shop) -> None:
    shop.upstream.script(stream([], tool_calls=[PARIS, ROME], usage=usage_of(30, 20)))

    with shop.client().chat.completions.stream(
        model="small", messages=QUESTION, tools=TOOLS
    ) as events:
        final = events.until_done().get_final_completion()

    calls = final.choices[0].message.tool_calls or []
    assert [(call.id, call.function.arguments) for call in calls] == [
        ("call_a", '{"city": "Paris"}'),
        ("call_b", '{"city": "Rome"}'),
    ]
    shop.call().assert_charged("small", input=30, output=20)


def test_two_choices_stream_side_by_side(shop: Shop) -> None:
    with shop.client().chat.completions.stream(
        model="small", messages=QUESTION, n=2, stream_options=ASKED
    ) as events:
        final = events.until_done().get_final_completion()

    assert [choice.message.content for choice in final.choices] == ["one two three"] * 2
    shop.call().assert_charged("small", input=3, output=6)


def test_an_async_stream_reads_the_same(shop: Shop) -> None:
    async def read() -> list[Any]:
        async with shop.async_client() as client:
            chunks = await client.chat.completions.create(
                model="small", messages=QUESTION, stream=True, stream_options=ASKED
            )
            return [chunk async for chunk in chunks]

    chunks = asyncio.run(read())

    assert text_of(chunks) == "one two three"
    assert chunks[-1].usage.total_tokens == 6
    shop.call().assert_charged("small", input=3, output=3)


def test_a_stream_names_what_served_it_and_its_ids(shop: Shop) -> None:
    answer = shop.client().chat.completions.with_raw_response.create(
        model="vendor/large",
        messages=QUESTION,
        stream=True,
        extra_headers={"X-Request-ID": "trace-9"},
    )

    assert len(list(answer.parse())) > 1
    call = shop.call()
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-daoe-used-model"] == "vendor/large"
    assert answer.headers["x-daoe-used-provider"] == "scripted"
    assert answer.headers["x-gateway-request-id"] == call.request_id
    assert answer.headers["x-request-id"] == "trace-9"
    assert call.reserved["client_request_id"] == "trace-9"


@pytest.mark.parametrize("asks", [True, False], ids=["asks for usage", "does not"])
def test_chunks_are_relayed_byte_for_byte(shop: Shop, asks: bool) -> None:
    events = [b"data: %s\n\n" % data for data in (CHUNK, CHUNK, LAST, USAGE, b"[DONE]")]
    shop.upstream.script(raw(STREAM_HEAD, *map(framed, events), STREAM_END))
    body: Any = {"model": "small", "messages": QUESTION, "stream": True}
    if asks:
        body["stream_options"] = ASKED

    answer = shop.http().post("/v1/chat/completions", json=body)

    assert answer.content == b"".join(events if asks else [*events[:3], events[4]])
    shop.call().assert_charged("small", input=7, output=5)


@pytest.mark.parametrize("size", [1, 7, 64], ids=lambda size: f"{size} bytes")
def test_chunks_torn_into_small_packets_arrive_whole(shop: Shop, size: int) -> None:
    events = b"".join(b"data: %s\n\n" % data for data in (CHUNK, LAST, USAGE, b"[DONE]"))
    torn = [events[at : at + size] for at in range(0, len(events), size)]
    shop.upstream.script(raw(STREAM_HEAD, *map(framed, torn), STREAM_END))

    with shop.client().chat.completions.stream(
        model="small", messages=QUESTION, stream_options=ASKED
    ) as read:
        final = read.until_done().get_final_completion()

    assert final.choices[0].message.content == "Helé 😀"
    assert final.usage is not None
    shop.call().assert_charged("small", input=7, output=5)


@pytest.mark.parametrize("pause", [False, True], ids=["in one piece", "torn inside a line end"])
def test_an_upstream_that_ends_lines_with_crlf_is_understood(shop: Shop, pause: bool) -> None:
    events = [b"data: %s\r\n\r\n" % data for data in (CHUNK, LAST, USAGE, b"[DONE]")]
    steps: list[Any] = [framed(b"".join(events))]
    if pause:
        steps = []
        for event in events:
            steps += [framed(event[:-1]), 0.15, framed(event[-1:]), 0.15]
    shop.upstream.script(raw(STREAM_HEAD, *steps, STREAM_END))

    chunks = list(
        shop.client().chat.completions.create(
            model="small", messages=QUESTION, stream=True, stream_options=ASKED
        )
    )

    assert text_of(chunks) == "Helé 😀"
    shop.call().assert_charged("small", input=7, output=5)


@pytest.mark.parametrize("where", ["last_chunk", "every_chunk"])
@pytest.mark.parametrize("path", ["/v1", "/openai/v1"])
def test_usage_on_content_chunks_is_charged_and_kept(shop: Shop, where: UsageOn, path: str) -> None:
    shop.upstream.script(stream(usage=usage_of(6, 4), usage_on=where))

    with shop.client(path).chat.completions.stream(
        model="small", messages=QUESTION, stream_options=ASKED
    ) as events:
        final = events.until_done().get_final_completion()

    assert final.choices[0].message.content == "Hello from the upstream"
    shop.call().assert_charged("small", input=6, output=4)
    assert final.usage is not None
    assert final.usage.total_tokens == 10


def test_a_comment_of_the_upstream_does_no_harm(shop: Shop) -> None:
    events = [b"data: %s\n\n" % data for data in (CHUNK, LAST, USAGE, b"[DONE]")]
    beats = [framed(b": keep-alive\n\n"), *[framed(e + b": PROCESSING\n\n") for e in events]]
    shop.upstream.script(raw(STREAM_HEAD, *beats, STREAM_END))

    chunks = list(
        shop.client().chat.completions.create(model="small", messages=QUESTION, stream=True)
    )

    assert text_of(chunks) == "Helé 😀"
    shop.call().assert_charged("small", input=7, output=5)
