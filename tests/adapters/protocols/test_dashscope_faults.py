"""What a DashScope upstream may get wrong: a stream or an answer that makes no sense is broken."""

import json
from typing import Any

import pytest

from adapters.protocols.canonical.answer import MalformedAnswerError
from adapters.protocols.canonical.blocks import Text, ToolUse
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.dashscope.answer import read_answer
from adapters.protocols.dashscope.decoder import Decoder
from adapters.protocols.dashscope.stream import Stream
from domain.usage import exclusive

USED = {"input_tokens": 3, "output_tokens": 2}


def output(message: Any, finish: Any = "null", **choice: Any) -> Any:
    return {"output": {"choices": [{"message": message, "finish_reason": finish, **choice}]}}


def said(text: str, finish: str = "null", **choice: Any) -> Any:
    return output({"role": "assistant", "content": text}, finish, **choice)


def calling(*calls: Any, finish: str = "null") -> Any:
    return output({"role": "assistant", "content": "", "tool_calls": list(calls)}, finish)


def event(fields: Any) -> bytes:
    data = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return b"id:1\nevent:result\ndata:" + data + b"\n\n"


def stream(*fields: Any) -> bytes:
    return b"".join(map(event, fields))


@pytest.mark.parametrize(
    "fault",
    [
        b"event:error\nstatus:429\ndata:" + json.dumps(said("x")).encode() + b"\n\n",
        event({"code": "Throttling", "message": "no", "output": {}}),
        event(b"nonsense"),
        event([]),
        event({}),
        event({"output": None}),
        event({"output": {"choices": "x"}}),
        event({"output": {"choices": ["x"]}}),
        event(said("x", index="a")),
        event(said("x", index=True)),
        event(said("x", index=1)),
        event(said("x", index=-1)),
        event(output("x")),
        event(output({"content": 7})),
        event(calling("x")),
        event(output({"tool_calls": "x"})),
        event(calling({"function": "x"})),
        event(calling({"index": "0", "function": {}})),
        event(calling({"index": -1, "function": {}})),
        b"data:" + b"x" * (17 * 1024 * 1024),
    ],
)
def test_nonsense_breaks_a_stream_and_nothing_after_it_counts(fault: bytes) -> None:
    decoder, relay = Decoder(), Stream(choices=1, incremental=True)
    before, after = stream(said("Hi")), stream({**said("", "stop"), "usage": USED})

    events = decoder.feed(before + fault + after) + decoder.feed(after)
    passed = relay.feed(before + fault + after) + relay.feed(after)

    assert (decoder.broken, decoder.complete, relay.broken, relay.complete) == (
        True, False, True, False,
    )  # fmt: skip
    # An event without an end swallows what came with it.
    assert len(events) == 1 or len(fault) > 16 * 1024 * 1024
    assert passed.count(b"Hi") <= 1
    assert b"stop" not in passed


def test_a_call_without_a_name_breaks_a_stream() -> None:
    decoder = Decoder()
    decoder.feed(stream(calling({"function": {"arguments": "{}"}})))

    assert decoder.broken


def test_a_text_that_shrinks_into_another_breaks_a_cumulative_stream() -> None:
    decoder = Decoder(incremental=False)
    decoder.feed(stream(said("Hello"), said("Goodbye")))

    assert decoder.broken


def test_half_a_character_waits_for_its_other_half() -> None:
    decoder, built = Decoder(incremental=False), AnswerBuilder()
    for text, finish in (("a\ufffd", "null"), ("a🌍", "null"), ("", "null"), ("a🌍\ufffd", "stop")):
        built.add(decoder.feed(stream(said(text, finish))))

    assert built.blocks == (Text("a🌍\ufffd"),)


def test_the_event_with_the_usage_may_follow_the_last() -> None:
    decoder, relay = Decoder(), Stream(choices=1, incremental=True)
    told = [said("Hi"), said("", "stop")]
    late = {"output": {}, "usage": USED}

    for reader in (decoder, relay):
        reader.feed(stream(*told))
        assert (reader.complete, reader.done, reader.report.usage) == (True, False, None)
        reader.feed(stream(late))
        assert (reader.done, reader.report.usage) == (True, exclusive(input=3, output=2))
    assert relay.tail(None).count(b"data:") == 2


def test_what_repeats_the_end_changes_nothing() -> None:
    decoder, built = Decoder(), AnswerBuilder()
    last = {**said("Hi", "stop"), "usage": USED}

    built.add(decoder.feed(stream(said("Hi", "stop"), last, last)))

    assert not decoder.broken
    assert built.blocks == (Text("Hi"),)
    assert decoder.report.usage == exclusive(input=3, output=2)


def test_usage_told_on_every_event_counts_once() -> None:
    growing = [{**said("a"), "usage": {"input_tokens": 3, "output_tokens": n}} for n in (1, 2)]
    last = {**said("", "stop"), "usage": {"input_tokens": 3, "output_tokens": 2}}
    for reader in (Decoder(), Stream(choices=1, incremental=True)):
        reader.feed(stream(*growing))
        assert reader.report.usage == exclusive(input=3, output=2)
        reader.feed(stream(last))
        assert reader.report.usage == exclusive(input=3, output=2)


def test_an_end_mark_that_is_not_its_own_is_left_out() -> None:
    decoder, relay = Decoder(), Stream(choices=1, incremental=True)
    told = stream(said("Hi", "stop"), b"[DONE]")

    decoder.feed(told)
    relay.feed(told)

    assert (decoder.broken, relay.broken) == (False, False)
    assert b"DONE" not in relay.tail(None)


def test_the_outputs_of_several_choices_add_up() -> None:
    relay = Stream(choices=2, incremental=True)
    first = {**said("one", "stop", index=0), "usage": {"input_tokens": 3, "output_tokens": 5}}
    second = {**said("two", "stop", index=1), "usage": {"input_tokens": 3, "output_tokens": 7}}

    passed = relay.feed(stream(first))
    assert not relay.complete
    relay.feed(stream(second))

    assert passed.count(b"one") == 1
    assert relay.done
    assert relay.report.usage == exclusive(input=3, output=12)


def test_plain_text_is_read_as_a_choice() -> None:
    decoder, built = Decoder(incremental=False), AnswerBuilder()
    texts = [{"output": {"text": text, "finish_reason": "null"}} for text in ("H", "Hi")]
    last = {"output": {"text": "Hi", "finish_reason": "length"}, "usage": USED}

    built.add(decoder.feed(stream(*texts, last)))

    assert built.blocks == (Text("Hi"),)
    assert built.answer(decoder.report).stop == "length"


def test_a_name_in_pieces_is_put_together_before_its_call_begins() -> None:
    decoder, built = Decoder(), AnswerBuilder()
    pieces: list[dict[str, Any]] = [
        {"index": 0, "id": "c", "function": {"name": "get_"}},
        {"index": 0, "id": "", "function": {"name": "weather", "arguments": ""}},
        {"index": 0, "function": {"name": "", "arguments": "{}"}},
        {"index": 1, "function": {"name": "add"}},
    ]

    built.add(decoder.feed(stream(*map(calling, pieces), calling(finish="stop"))))

    first, second = built.blocks
    assert first == ToolUse("c", "get_weather", "{}")
    assert isinstance(second, ToolUse)
    assert (second.name, second.arguments, second.id[:5]) == ("add", "{}", "call_")
    assert built.answer(decoder.report).stop == "tool"


def test_a_name_told_again_is_the_same_name() -> None:
    decoder, built = Decoder(), AnswerBuilder()
    pieces = [{"function": {"name": "add", "arguments": part}} for part in ("", "{", "}")]

    built.add(decoder.feed(stream(*map(calling, pieces), calling(finish="tool_calls"))))

    [call] = built.blocks
    assert isinstance(call, ToolUse)
    assert (call.name, call.arguments) == ("add", "{}")


@pytest.mark.parametrize(
    "answer",
    [
        said("x"),
        said("x", ""),
        {"output": {"choices": []}},
        {"output": {"choices": [{}, {}]}},
        {"code": "InvalidParameter", "message": "no"},
        {**said("x", "stop"), "code": "Throttling"},
        calling({"id": "c", "function": {}}, finish="stop"),
        {"error": {"message": "no"}},
    ],
)
def test_a_whole_answer_that_makes_no_sense_is_none(answer: Any) -> None:
    with pytest.raises(MalformedAnswerError):
        read_answer(json.dumps(answer).encode())


def test_a_whole_answer_may_leave_things_out() -> None:
    call = {"function": {"name": "add"}}
    answer = read_answer(json.dumps({**calling(call, finish="stop"), "code": ""}).encode())

    [block] = answer.blocks
    assert isinstance(block, ToolUse)
    assert (block.name, block.arguments, answer.stop) == ("add", "{}", "tool")
    assert answer.report.usage is None


@pytest.mark.parametrize("told", ['"error":{"message":"secret"}', '"object":"error"'])
def test_a_failure_told_as_other_protocols_do_is_not_relayed(told: str) -> None:
    relay = Stream(choices=1, incremental=True)

    assert relay.feed(b'data:{"output":{"text":"secret"},%s}\n\n' % told.encode()) == b""
    assert (relay.broken, relay.complete) == (True, False)
