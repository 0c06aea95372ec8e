"""Reading chat streams of every dialect as events (wire-facts §2.1)."""

import json
from typing import Any

import pytest

from adapters.protocols.canonical.answer import Answer
from adapters.protocols.canonical.blocks import Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from adapters.protocols.openai_chat.decoder import ChatDecoder

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


def chunk(delta: Any, finish: str | None = None, **fields: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    written = {"object": "chat.completion.chunk", "choices": [choice], **fields}
    return b"data: " + json.dumps(written).encode() + b"\n\n"


def calls(*deltas: Any, finish: str | None = None) -> bytes:
    return chunk({"tool_calls": list(deltas)}, finish)


def call(index: int | None, call_id: str | None, name: str | None, arguments: str) -> Any:
    place = {} if index is None else {"index": index}
    named = {} if name is None else {"name": name}
    return {**place, "id": call_id, "function": {**named, "arguments": arguments}}


def read(*parts: bytes) -> tuple[list[Event], ChatDecoder]:
    decoder = ChatDecoder()
    return decoder.feed(b"".join(parts)), decoder


def answer(*parts: bytes) -> Answer:
    events, decoder = read(*parts)
    assert decoder.complete
    built = AnswerBuilder()
    built.add(events)
    return built.answer(decoder.report)


def test_blocks_end_where_the_next_begins_and_calls_at_the_end() -> None:
    events, decoder = read(
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "He"}),
        chunk({"content": "y"}),
        calls(call(0, "call_1", "f", "")),
        calls(call(0, None, None, '{"a"'), call(1, "call_2", "g", "{}")),
        calls(call(0, None, None, ":1}")),
        chunk({}, "tool_calls"),
        chunk({}, usage=USAGE, choices=[]),
        DONE,
    )

    assert events == [
        Began(0, Thinking("hm")),
        Ended(0),
        Began(1, Text("He")),
        Grew(1, "y"),
        Ended(1),
        Began(2, ToolUse("call_1", "f", "")),
        Grew(2, '{"a"'),
        Began(3, ToolUse("call_2", "g", "")),
        Grew(3, "{}"),
        Grew(2, ":1}"),
        Ended(2),
        Ended(3),
        Stopped("tool"),
    ]
    assert decoder.done
    assert decoder.report.usage is not None
    assert decoder.report.usage.buckets == {"input": 9, "output": 4}


F = ToolUse("a", "f", '{"x":1}')
G = ToolUse("b", "g", "{}")


@pytest.mark.parametrize(
    ("parts", "blocks", "stop"),
    [
        pytest.param([chunk({"content": "a"}, "stop")], (Text("a"),), "stop", id="no end mark"),
        pytest.param([chunk({"content": "a"}), DONE], (Text("a"),), "stop", id="no reason"),
        pytest.param(
            [chunk({"content": "a"}, ""), chunk({}, "length")], (Text("a"),), "length", id="empty"
        ),
        pytest.param(
            [chunk({"reasoning": "a"}, "stop")], (Thinking("a"),), "stop", id="OpenRouter"
        ),
        pytest.param(
            [chunk({"reasoning_content": "a", "reasoning": "a"}, "stop")],
            (Thinking("a"),),
            "stop",
            id="both names",
        ),
        pytest.param([chunk({"refusal": "a"}, "stop")], (Refusal("a"),), "stop", id="refusal"),
        pytest.param(
            [chunk({}, choices=[], prompt_filter_results=[]), chunk({"content": "a"}, "stop")],
            (Text("a"),),
            "stop",
            id="Azure's first chunk",
        ),
        pytest.param(
            [calls(call(0, "a", "f", '{"x":1}'), finish="stop"), DONE], (F,), "tool", id="stop"
        ),
        pytest.param(
            [calls(call(0, "a", "f", '{"x":1}')), DONE], (F,), "tool", id="calls, no reason"
        ),
        pytest.param(
            [
                calls(call(None, "a", "f", '{"x"')),
                calls(call(None, None, None, ":1}")),
                calls(call(None, "b", "g", "{")),
                calls(call(None, None, None, "}"), finish="tool_calls"),
            ],
            (F, G),
            "tool",
            id="no indexes",
        ),
        pytest.param(
            [calls(call(None, "a", "f", '{"x":1}'), call(None, "b", "g", "{}"), finish="stop")],
            (F, G),
            "tool",
            id="no indexes in one delta",
        ),
        pytest.param(
            [calls(call(0, "a", "f", '{"x":1}')), calls(call(0, "b", "g", "{}"), finish="stop")],
            (F, G),
            "tool",
            id="always index zero",
        ),
        pytest.param(
            [calls(call(0, "a", "f", '{"x"')), calls(call(0, "a", "f", ":1}"), finish="stop")],
            (F,),
            "tool",
            id="told again",
        ),
        pytest.param(
            [calls(call(0, "a", None, '{"x"')), calls(call(0, None, "f", ":1}"), finish="stop")],
            (F,),
            "tool",
            id="the name later",
        ),
        pytest.param(
            [chunk({"content": "a"}, "stop"), chunk({"content": ""}, "stop", usage=USAGE), DONE],
            (Text("a"),),
            "stop",
            id="usage on a chunk with a choice",
        ),
        pytest.param(
            [chunk({"content": "a"}, "model_length")], (Text("a"),), "length", id="Mistral"
        ),
        pytest.param([chunk({"content": "a"}, "eos")], (Text("a"),), "stop", id="another reason"),
        pytest.param([chunk({}, "content_filter")], (), "filtered", id="filtered"),
    ],
)
def test_every_dialect_gives_the_same_answer(
    parts: list[bytes], blocks: tuple[Any, ...], stop: str
) -> None:
    read_ = answer(*parts)

    assert (read_.blocks, read_.stop) == (blocks, stop)


def test_a_call_without_an_id_gets_one_of_its_own() -> None:
    parts = [calls(call(0, None, "f", "{}"), call(1, None, "g", "{}"), finish="tool_calls")]

    first, second = answer(*parts).blocks
    again = answer(*parts).blocks[0]

    assert isinstance(first, ToolUse)
    assert isinstance(second, ToolUse)
    assert isinstance(again, ToolUse)
    assert len({first.id, second.id, again.id}) == 3


def test_a_signature_of_google_and_a_custom_call_are_read() -> None:
    extra = {"google": {"thought_signature": "c2ln"}}
    custom = {"index": 1, "id": "b", "type": "custom", "custom": {"name": "note", "input": "fr"}}

    events, _ = read(
        calls({**call(0, "a", "f", "{}"), "extra_content": extra}, custom),
        calls({"index": 1, "custom": {"input": "ee"}}, finish="tool_calls"),
    )

    assert Signed(0, "c2ln", "gemini") in events
    built = AnswerBuilder()
    built.add(events)
    assert built.blocks[1] == ToolUse("b", "note", "free", custom=True)


def test_the_last_usage_counts_and_the_tier_is_heard() -> None:
    _, decoder = read(
        chunk({"content": "a"}, usage={**USAGE, "completion_tokens": 1}, service_tier="flex"),
        chunk({}, "stop", usage=USAGE),
        DONE,
    )

    assert decoder.report.usage is not None
    assert decoder.report.usage.output_tokens == 4
    assert decoder.report.service_tier == "flex"


@pytest.mark.parametrize(
    "fault",
    [
        b'data: {"error":{"message":"m"}}\n\n',
        b'data: {"object":"error","message":"m"}\n\n',
        b"event: error\ndata: {}\n\n",
        b"data: <html>\n\n",
        b"data: [1]\n\n",
        chunk({"content": ["a"]}),
        chunk({}, "error"),
        chunk({}, "function_call"),
        chunk({}, choices=[{"index": 1, "delta": {"content": "b"}}]),
        calls({"index": "0", "id": "a"}),
        calls({"index": 0, "id": "a", "function": {"name": "f", "arguments": {}}}),
        calls({"index": 0, "id": "a"}, finish="tool_calls"),
    ],
)
def test_what_came_before_a_fault_is_given_and_nothing_after_it(fault: bytes) -> None:
    decoder = ChatDecoder()

    events = decoder.feed(chunk({"content": "a"}) + fault + chunk({"content": "b"}, "stop"))
    later = decoder.feed(chunk({"content": "c"}, "stop") + DONE)

    assert events == [Began(0, Text("a"))]
    assert later == []
    assert decoder.broken
    assert not decoder.complete
    assert not decoder.done


def test_an_answer_that_goes_on_after_its_end_makes_no_sense() -> None:
    _, decoder = read(chunk({"content": "a"}, "stop"), chunk({"content": "b"}))

    assert decoder.broken
    assert not decoder.complete


def test_an_end_without_an_answer_is_a_fault() -> None:
    events, decoder = read(DONE)

    assert (events, decoder.broken, decoder.complete) == ([], True, False)


def test_an_event_without_end_is_a_fault() -> None:
    decoder = ChatDecoder()

    for _ in range(17):
        assert decoder.feed(b"a" * 1024 * 1024) == []

    assert decoder.broken


def test_nothing_counts_after_the_end_mark() -> None:
    events, decoder = read(chunk({"content": "a"}, "stop"), DONE, b"data: <html>\n\n")

    assert decoder.done
    assert not decoder.broken
    assert events[-1] == Stopped("stop")
