"""What a scripted DashScope can answer; the bytes are those of its service (wire-facts.md 3).

Each answer obeys the request: a stream if a header asks for one, cumulative unless incremental
output was asked for, plain text or a message, content in parts at the endpoint for those.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any

from tests.scripted_answers import (
    HELLO,
    STREAM_END,
    STREAM_HEAD,
    Answer,
    Json,
    Received,
    Step,
    framed,
    whole,
    words_of,
)

REQUEST_ID = "0f9d1f0a-0000-9000-8000-000000000001"
Usage = Json | EllipsisType | None


@dataclass(frozen=True)
class Said:
    """What a model says: in pieces, as a stream tells them."""

    text: Sequence[str] = HELLO
    thoughts: Sequence[str] = ()
    calls: Sequence[Json] = field(default=())
    finish: str | None = None
    usage: Usage = ...

    @property
    def reason(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")


def generation(*choices: Said) -> Answer:
    """Answer as the request wants it; several choices for a request of several."""
    said = choices or (Said(),)

    def answer(request: Received) -> Iterable[Step]:
        if not wants_stream(request):
            return [whole(200, whole_body(request, said))]
        events = b"".join(stream_events(request, said))
        return [STREAM_HEAD, framed(events), STREAM_END]

    return answer


def echo() -> Answer:
    """Repeats the last message word by word, within its cap, one token each."""

    def answer(request: Received) -> Iterable[Step]:
        words = words_of(last_text(request)) or list(HELLO)
        kept = words[: parameters_of(request).get("max_tokens")]
        finish = "length" if len(kept) < len(words) else "stop"
        return generation(Said(kept, finish=finish))(request)

    return answer


def embeddings(size: int = 4, *, usage: Usage = ...) -> Answer:
    """A vector for each text, the last one first."""

    def answer(request: Received) -> Iterable[Step]:
        texts = request.json["input"]["texts"]
        vectors = [
            {"text_index": index, "embedding": [index + 0.25] * size} for index in range(len(texts))
        ]
        told = {"total_tokens": sum(len(words_of(text)) for text in texts)}
        body: Json = {"output": {"embeddings": vectors[::-1]}, "request_id": REQUEST_ID}
        if usage is not None:
            body["usage"] = told if isinstance(usage, EllipsisType) else usage
        return [whole(200, body)]

    return answer


def error(status: int, code: str, **headers: str) -> Answer:
    """An error as its service tells it: flat, with a code of its own words."""
    return lambda request: [whole(status, error_body(code), headers)]


def error_event(status: int, code: str, after: Sequence[str] = ()) -> Answer:
    """An error within a stream, after these pieces of text."""

    def answer(request: Received) -> Iterable[Step]:
        events = list(stream_events(request, [Said(after)]))[: len(after)]
        head = f"id:9\nevent:error\nstatus:{status}\n:HTTP_STATUS/{status}\n"
        told = f"{head}data:{json.dumps(error_body(code))}\n\n".encode()
        return [STREAM_HEAD, *map(framed, events), framed(told), STREAM_END]

    return answer


def error_body(code: str) -> Json:
    return {"code": code, "message": "The upstream says no.", "request_id": REQUEST_ID}


def stream_events(request: Received, said: Sequence[Said]) -> Iterator[bytes]:
    """Each choice in turn, and its reason to finish in an event of its own."""
    numbers = iter(range(1, 1_000_000))
    for index, choice in enumerate(said):
        for message, output_tokens, finish in messages_of(choice, incremental_in(request)):
            output = output_of(request, [(index, message, finish)], len(said) > 1)
            usage = usage_of(request, choice, output_tokens)
            yield event(next(numbers), output, usage)


def messages_of(said: Said, incremental: bool) -> Iterator[tuple[Json, int, str]]:
    """The messages of a choice's events, with the tokens so far and the reason to finish."""
    sofar: Json = {"role": "assistant", "content": ""}
    tokens = 0
    for kind, pieces in (("reasoning_content", said.thoughts), ("content", said.text)):
        for piece in pieces:
            tokens += 1
            sofar[kind] = sofar.get(kind, "") + piece
            told = {"role": "assistant", "content": "", kind: piece} if incremental else sofar
            yield json.loads(json.dumps(told)), tokens, "null"
    for told in call_messages(said.calls, sofar, incremental):
        tokens += 1
        yield told, tokens, "null"
    last = {"role": "assistant", "content": ""} if incremental else sofar
    yield json.loads(json.dumps(last)), tokens, said.reason


def call_messages(calls: Sequence[Json], sofar: Json, incremental: bool) -> Iterator[Json]:
    """A call's name, then its arguments in two halves."""
    for index, call in enumerate(calls):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        done = ""
        for number, piece in enumerate(("", arguments[:3], arguments[3:])):
            done += piece
            if incremental:
                function = {"arguments": piece} if number else {"name": name, "arguments": ""}
                opened = {"index": index, "id": "" if number else call["id"], "type": "function"}
                told = [opened | {"function": function}]
                yield {"role": "assistant", "content": "", "tool_calls": told}
                continue
            whole_call = {"name": name, "arguments": done}
            known = sofar.setdefault("tool_calls", [])
            known[index:] = [call | {"index": index, "function": whole_call}]
            yield json.loads(json.dumps(sofar))


def whole_body(request: Received, said: Sequence[Said]) -> Json:
    messages: list[tuple[int, Json, str]] = []
    for index, choice in enumerate(said):
        *_, (message, tokens, finish) = messages_of(choice, incremental=False)
        messages.append((index, message, finish))
    body: Json = {"output": output_of(request, messages, len(said) > 1), "request_id": REQUEST_ID}
    tokens = sum(len(choice.text) + len(choice.thoughts) + 3 * len(choice.calls) for choice in said)
    usage = usage_of(request, said[0], tokens)
    return body | ({"usage": usage} if usage else {})


def output_of(request: Received, messages: Sequence[tuple[int, Json, str]], numbered: bool) -> Json:
    parameters = parameters_of(request)
    if parameters.get("result_format") != "message" and not is_multimodal(request):
        _, message, finish = messages[0]
        return {"text": message["content"], "finish_reason": finish}
    choices: list[Json] = []
    for index, message, finish in messages:
        if is_multimodal(request):
            message["content"] = [{"text": message["content"]}] if message["content"] else []
        choice: Json = {"finish_reason": finish, "message": message}
        choices.append(({"index": index} if numbered else {}) | choice)
    return {"choices": choices}


def usage_of(request: Received, said: Said, output_tokens: int) -> Json | None:
    if said.usage is None:
        return None
    if not isinstance(said.usage, EllipsisType):
        return said.usage
    asked = sum(len(words_of(text)) for text in texts_in(request))
    used: Json = {"input_tokens": asked, "output_tokens": output_tokens}
    if said.thoughts:
        thoughts = min(output_tokens, len(said.thoughts))
        used["output_tokens_details"] = {"reasoning_tokens": thoughts}
    return used | {"total_tokens": asked + output_tokens}


def event(number: int, output: Json, usage: Json | None) -> bytes:
    body: Json = {"output": output} | ({"usage": usage} if usage else {})
    data = json.dumps(body | {"request_id": REQUEST_ID}, ensure_ascii=False)
    return f"id:{number}\nevent:result\n:HTTP_STATUS/200\ndata:{data}\n\n".encode()


def wants_stream(request: Received) -> bool:
    return request.headers.get("x-dashscope-sse") == "enable"


def incremental_in(request: Received) -> bool:
    return parameters_of(request).get("incremental_output") is True


def is_multimodal(request: Received) -> bool:
    return "multimodal-generation" in request.path


def parameters_of(request: Received) -> Any:
    return request.json.get("parameters") or {}


def last_text(request: Received) -> str:
    return texts_in(request)[-1]


def texts_in(request: Received) -> list[str]:
    """The text of each message, or the prompt."""
    asked = request.json["input"]
    contents = [message["content"] for message in asked.get("messages", ())] or [asked["prompt"]]
    lists = [found if isinstance(found, list) else [{"text": found or ""}] for found in contents]
    return [" ".join(part.get("text", "") for part in parts) for parts in lists]
