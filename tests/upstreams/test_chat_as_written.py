"""OpenAI's own library reads what our chat codec writes: the answer comes out as it went in."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.blocks import Text, Thinking, ToolUse
from adapters.protocols.openai_chat.answer import encode_answer
from adapters.protocols.openai_chat.encoder import ChatEncoder
from tests.conversations import answers, events_of
from tests.scripted_upstream import ScriptedUpstream, sse

FRAME = Frame("0198", "m", 1_795_197_560)
QUESTION: Any = [{"role": "user", "content": "Hello."}]


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def client(upstream: ScriptedUpstream) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=upstream.url, api_key="k", max_retries=0) as client:
        yield client


@settings(max_examples=20, derandomize=True, deadline=None)
@given(answer=answers().filter(lambda answer: answer.stop != "length"))  # which it raises as error
def test_a_stream_of_ours_adds_up_to_the_answer(
    upstream: ScriptedUpstream, client: openai.OpenAI, answer: Answer
) -> None:
    encoder = ChatEncoder(FRAME, wants_usage=True)
    pieces = [encoder.encode([event]) for event in events_of(answer)]
    upstream.script(sse(*filter(None, pieces), encoder.finish(answer.report, {"a": 1})))

    with client.chat.completions.stream(model="m", messages=QUESTION) as stream:
        chunks = [event.chunk for event in stream if event.type == "chunk"]
        final: Any = stream.get_final_completion()

    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk.model_dump(exclude_none=True))
    check(final, answer)


@settings(max_examples=20, derandomize=True, deadline=None)
@given(answer=answers())
def test_a_whole_answer_of_ours_is_what_the_library_expects(answer: Answer) -> None:
    check(ChatCompletion.model_validate_json(encode_answer(answer, FRAME), strict=True), answer)


def check(final: Any, answer: Answer) -> None:
    [choice] = final.choices
    usage: Any = answer.report.usage
    assert (final.id, final.model) == ("chatcmpl-0198", "m")
    assert (choice.message.content or "") == text_of(answer, Text)
    assert getattr(choice.message, "reasoning_content", "") == text_of(answer, Thinking)
    calls = [block for block in answer.blocks if isinstance(block, ToolUse)]
    assert [
        (call.id, call.function.name, call.function.arguments)
        for call in choice.message.tool_calls or []
    ] == [(call.id, call.name, call.arguments) for call in calls]
    assert choice.finish_reason == {"tool": "tool_calls"}.get(answer.stop, answer.stop)
    assert final.usage.prompt_tokens == usage.input_tokens
    assert final.usage.prompt_tokens_details.cached_tokens == usage.cached_tokens


def text_of(answer: Answer, kind: type[Text | Thinking]) -> str:
    return "".join(block.text for block in answer.blocks if isinstance(block, kind))
