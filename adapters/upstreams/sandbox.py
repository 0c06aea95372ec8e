"""The sandbox: a provider in this process, with deterministic answers and real usage."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import httpx
import orjson

from adapters.protocols.openai_chat.request import ChatRequest
from adapters.token_count import count_tokens
from adapters.upstreams.answers import begin_stream, read_body
from adapters.upstreams.openai import chat_stream, whole_chat
from domain.catalog import Route
from domain.upstream import Answer, UpstreamCall

CREATED = 1_767_225_600
"""A fixed time, so that the same call gets the same answer."""


class SandboxProvider:
    """Says back what it was asked, word by word, never beyond its output cap."""

    def check(self, request: Any, route: Route) -> None:
        """Accept everything."""

    async def send(self, call: UpstreamCall) -> Answer:
        """Answer at once, through the same reading as a real upstream's answer."""
        request: ChatRequest = call.request
        words, finish = _answer(request, call.output_cap)
        if request.stream:
            response = httpx.Response(200, stream=_Events(_chunks(call, words, finish)))
            return await begin_stream(response, chat_stream(request))
        body = orjson.dumps(_completion(call, words, finish))
        return whole_chat(await read_body(httpx.Response(200, stream=_Events(iter([body])))))


class _Events(httpx.AsyncByteStream):
    def __init__(self, events: Iterator[bytes]) -> None:
        self._events = events

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in self._events:
            yield event

    async def aclose(self) -> None:
        pass


def _answer(request: ChatRequest, output_cap: int) -> tuple[list[str], str]:
    """Choose the words, cut at the cap as a real model would be."""
    said = _last_user_text(request.body["messages"]) or "nothing"
    kept: list[str] = []
    for word in f"You said: {said}".split():
        output_cap -= count_tokens(word)
        if output_cap < 0:
            return kept, "length"
        kept.append(word + " ")
    return kept, "stop"


def _last_user_text(messages: list[dict[str, Any]]) -> str:
    for message in reversed(messages):
        if message["role"] != "user":
            continue
        content = message.get("content") or ""
        if isinstance(content, str):
            return content
        parts = cast("list[dict[str, Any]]", content)
        return " ".join(part["text"] for part in parts if part["type"] == "text")
    return ""


def _usage(call: UpstreamCall, words: list[str]) -> dict[str, int]:
    request: ChatRequest = call.request
    prompt = count_tokens(orjson.dumps(request.body["messages"]).decode())
    completion = sum(map(count_tokens, map(str.strip, words))) * request.choices
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _frame(call: UpstreamCall, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{call.request_id}",
        "object": kind,
        "created": CREATED,
        "model": call.route.upstream_model,
        "choices": choices,
    }


def _completion(call: UpstreamCall, words: list[str], finish: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(words), "refusal": None}
    choices = [
        {"index": index, "message": message, "logprobs": None, "finish_reason": finish}
        for index in range(call.request.choices)
    ]
    return {**_frame(call, "chat.completion", choices), "usage": _usage(call, words)}


def _chunks(call: UpstreamCall, words: list[str], finish: str) -> Iterator[bytes]:
    kind = "chat.completion.chunk"
    for index in range(call.request.choices):
        deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in words), {}]
        for delta in deltas:
            reason = None if delta else finish
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
            yield _event(_frame(call, kind, [choice]))
    yield _event({**_frame(call, kind, []), "usage": _usage(call, words)})
    yield b"data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"
