"""The sandbox: the same call gets the same answer, with usage that is true."""

import asyncio
import json
from typing import Any

from adapters.protocols.openai_chat.request import decode_request
from adapters.upstreams.sandbox import SandboxProvider
from domain.catalog import Route
from domain.upstream import Answer, UpstreamCall


def send(cap: int = 100, **fields: Any) -> tuple[bytes, Answer]:
    fields.setdefault("messages", [{"role": "user", "content": "Hello there"}])
    request = decode_request(json.dumps({"model": "m", **fields}).encode())

    async def scenario() -> tuple[bytes, Answer]:
        call = UpstreamCall("id", "m", Route("sandbox", "up"), request, cap)
        answer = await SandboxProvider().send(call)
        return b"".join([data async for data in answer.relay()]), answer

    return asyncio.run(scenario())


def test_it_says_back_what_it_was_asked_with_real_usage() -> None:
    body, answer = send()

    said = json.loads(body)
    assert said["choices"][0]["message"]["content"] == "You said: Hello there "
    assert said["choices"][0]["finish_reason"] == "stop"
    assert answer.report.usage is not None
    assert answer.report.usage.output_tokens == said["usage"]["completion_tokens"] == 5
    assert send()[0] == body


def test_it_stops_at_its_cap() -> None:
    body, answer = send(cap=2)

    said = json.loads(body)
    assert said["choices"][0]["finish_reason"] == "length"
    assert answer.report.usage is not None
    assert answer.report.usage.output_tokens <= 2


def test_a_stream_says_the_same_as_an_answer_for_every_choice() -> None:
    body, answer = send(stream=True, n=2)

    events = [json.loads(event[6:]) for event in body.split(b"\n\n") if event]
    texts = ["", ""]
    for event in events:
        choice = event["choices"][0]
        texts[choice["index"]] += choice["delta"].get("content", "")
    assert texts == ["You said: Hello there "] * 2
    assert answer.report.usage is not None
    assert answer.report.usage.output_tokens == 10


def test_parts_and_odd_conversations_get_an_answer() -> None:
    parts = [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "u"}}]

    assert b"You said: Hi " in send(messages=[{"role": "user", "content": parts}])[0]
    assert b"You said: nothing " in send(messages=[{"role": "system", "content": "x"}])[0]
