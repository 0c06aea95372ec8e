"""Converse's answers, whole and streamed, in canonical form."""

import json
from typing import Any

import pytest
from hypothesis import given

from adapters.protocols.bedrock.answer import read_answer
from adapters.protocols.bedrock.decoder import ConverseDecoder
from adapters.protocols.canonical.answer import Answer, MalformedAnswerError
from adapters.protocols.canonical.blocks import RedactedThinking, Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Grew, Stopped
from tests.adapters.protocols.event_stream import event, exception
from tests.adapters.protocols.streams import answer_in, checked, cuts, read, truncated
from tests.adapters.protocols.vendor_models import converse

Json = dict[str, Any]
USAGE = {
    "inputTokens": 100,
    "outputTokens": 30,
    "totalTokens": 130,
    "cacheReadInputTokens": 900,
    "cacheWriteInputTokens": 50,
    "cacheDetails": [{"ttl": "5m", "inputTokens": 50}],
}
BUCKETS = {"input": 100, "cached_input": 900, "cache_write_5m": 50, "output": 30}


def delta(index: int, **said: Any) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": said})


def start(index: int, call_id: str, name: str = "look") -> bytes:
    call = {"toolUse": {"toolUseId": call_id, "name": name}}
    return event("contentBlockStart", {"contentBlockIndex": index, "start": call})


def stop(index: int) -> bytes:
    return event("contentBlockStop", {"contentBlockIndex": index})


def end(reason: str = "end_turn") -> bytes:
    return event("messageStop", {"stopReason": reason})


METADATA = event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 3}})
SAID = [
    event("messageStart", {"role": "assistant"}),
    delta(0, reasoningContent={"text": "Let "}),
    delta(0, reasoningContent={"text": "me see."}),
    delta(0, reasoningContent={"signature": "c2ln"}),
    stop(0),
    delta(1, reasoningContent={"redactedContent": "AAEC"}),
    stop(1),
    delta(2, text="Hel"),
    delta(2, text=""),
    delta(2, text="lo ☃"),
    stop(2),
    start(3, "c1"),
    delta(3, toolUse={"input": ""}),
    delta(3, toolUse={"input": '{"city": '}),
    delta(3, toolUse={"input": '"Paris"}'}),
    stop(3),
    start(4, "c2"),
    stop(4),
    event("somethingNew", {"x": 1}),
    end("tool_use"),
]
STREAM = b"".join(SAID) + METADATA
BLOCKS = (
    Thinking("Let me see.", "c2ln", "bedrock"),
    RedactedThinking("AAEC", "bedrock"),
    Text("Hello ☃"),
    ToolUse("c1", "look", '{"city": "Paris"}'),
    ToolUse("c2", "look", "{}"),
)


def body(*content: Json, reason: str = "end_turn", **more: Any) -> bytes:
    message = {"role": "assistant", "content": list(content)}
    return json.dumps({"output": {"message": message}, "stopReason": reason, **more}).encode()


def whole(*content: Json, reason: str = "end_turn", **more: Any) -> Answer:
    return read_answer(body(*content, reason=reason, **more))


def test_a_stream_adds_up_to_its_blocks_its_reason_and_the_usage_after_it() -> None:
    decoder = ConverseDecoder()
    answer = answer_in(decoder, [STREAM])

    assert (answer.blocks, answer.stop) == (BLOCKS, "tool")
    assert answer.report.usage is not None
    assert answer.report.usage.buckets == BUCKETS
    assert decoder.done


@given(cuts(STREAM))
def test_how_a_stream_is_cut_does_not_matter(pieces: list[bytes]) -> None:
    assert answer_in(ConverseDecoder(), pieces) == answer_in(ConverseDecoder(), [STREAM])


def test_a_stream_cut_off_anywhere_is_not_done_and_complete_only_after_its_reason() -> None:
    stopped_at = len(STREAM) - len(METADATA)
    for size, decoder in enumerate(truncated(STREAM, ConverseDecoder)):
        assert not decoder.done
        assert not decoder.broken
        assert decoder.complete == (size >= stopped_at)
        assert decoder.report.usage is None


def test_a_whole_answer_is_read_block_by_block() -> None:
    thought = {"text": "Let me see.", "signature": "c2ln"}
    answer = whole(
        {"reasoningContent": {"reasoningText": thought}},
        {"reasoningContent": {"redactedContent": "AAEC"}},
        {"text": "Hello ☃"},
        {"toolUse": {"toolUseId": "c1", "name": "look", "input": {"city": "Paris"}}},
        {"citationsContent": {"content": [{"text": "quo"}, {"text": "ted"}], "citations": []}},
        reason="tool_use",
        usage=USAGE,
    )

    said = ToolUse("c1", "look", '{"city":"Paris"}')
    assert (answer.blocks, answer.stop) == ((*BLOCKS[:3], said, Text("quoted")), "tool")
    assert answer.report.usage is not None
    assert answer.report.usage.buckets == BUCKETS


def test_a_thought_without_a_signature_is_nobodys() -> None:
    answer = whole({"reasoningContent": {"reasoningText": {"text": "hm"}}})
    assert answer.blocks == (Thinking("hm"),)


REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "context_full",
    "tool_use": "tool",
    "guardrail_intervened": "filtered",
    "content_filtered": "filtered",
}
WRONG = ("malformed_model_output", "malformed_tool_use", "brand_new")


@pytest.mark.parametrize(("reason", "stopped"), REASONS.items())
def test_every_reason_to_stop_has_its_name_and_a_filter_says_which(
    reason: str, stopped: str
) -> None:
    streamed = answer_in(ConverseDecoder(), [end(reason), METADATA])
    for answer in (whole({"text": "a"}, reason=reason), whole(reason=reason), streamed):
        assert answer.stop == stopped
        assert answer.explanation == (reason if stopped == "filtered" else None)


def test_every_reason_that_amazon_knows_is_decided() -> None:
    shape = converse().output_shape
    assert shape is not None
    assert {*shape.members["stopReason"].enum} <= {*REASONS, *WRONG}


@pytest.mark.parametrize("reason", WRONG)
def test_an_answer_that_went_wrong_counts_only_if_it_is_text_already(reason: str) -> None:
    call = {"toolUse": {"toolUseId": "c1", "name": "look", "input": {}}}
    assert whole({"text": "a"}, reason=reason).stop == "stop"
    assert answer_in(ConverseDecoder(), [delta(0, text="a"), end(reason)]).stop == "stop"
    for content in ([], [call], [{"text": "a"}, call]):
        with pytest.raises(MalformedAnswerError):
            whole(*content, reason=reason)
    for before in (b"", start(0, "c1")):
        decoder = ConverseDecoder()
        decoder.feed(before + end(reason))
        assert decoder.broken


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"[]",
        b"<html>",
        b'{"message":"no"}',
        b'{"output":{"message":{}},"stopReason":"end_turn"}',
        body({"image": {}}),
        body({"text": 7}),
        body({"toolUse": {"toolUseId": "a", "name": "b"}}),
        body({"toolUse": {"toolUseId": 7, "name": "b", "input": {}}}),
        body({"reasoningContent": {}}),
        body({"citationsContent": {"content": [1]}}),
    ],
)
def test_what_is_no_answer_is_malformed(wrong: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read_answer(wrong)


def test_no_usage_is_no_usage() -> None:
    assert whole({"text": "a"}).report.usage is None
    assert answer_in(ConverseDecoder(), [delta(0, text="a") + end()]).report.usage is None


def test_usage_twice_is_the_first_of_them_and_nothing_after_it_counts() -> None:
    doubled = event("metadata", {"usage": {**USAGE, "outputTokens": 60}})
    for pieces in ([delta(0, text="a"), end(), METADATA, doubled], [end() + METADATA + doubled]):
        report = answer_in(ConverseDecoder(), pieces).report
        assert report.usage is not None
        assert report.usage.buckets == BUCKETS


def test_usage_before_the_reason_to_stop_is_no_end() -> None:
    decoder = ConverseDecoder()
    decoder.feed(delta(0, text="a") + METADATA)
    assert not decoder.done
    assert not decoder.complete
    decoder.feed(end())
    assert decoder.complete
    assert decoder.report.usage is not None


def test_blocks_that_were_left_open_end_with_the_answer() -> None:
    events = checked(read(ConverseDecoder(), [start(0, "c1") + delta(1, text="a") + end()]))

    assert events[2:] == [Grew(0, "{}"), Ended(0), Ended(1), Stopped("stop")]


def test_a_text_that_begins_explicitly_begins_with_its_first_words() -> None:
    opened = event("contentBlockStart", {"contentBlockIndex": 0, "start": {}})
    assert read(ConverseDecoder(), [opened + delta(0, text="a")]) == [Began(0, Text("a"))]


def test_a_block_that_says_nothing_is_none() -> None:
    assert read(ConverseDecoder(), [stop(0)]) == []


def test_a_signature_alone_is_a_thought_that_was_not_shown() -> None:
    pieces = [delta(0, reasoningContent={"signature": "c2ln"}), stop(0), end(), METADATA]
    assert answer_in(ConverseDecoder(), pieces).blocks == (Thinking("", "c2ln", "bedrock"),)


def test_citations_of_an_answer_are_passed_over() -> None:
    pieces = [delta(0, text="a"), delta(0, citation={"title": "t"}), end()]
    assert answer_in(ConverseDecoder(), pieces).blocks == (Text("a"),)


@pytest.mark.parametrize(
    "wrong",
    [
        exception("modelStreamErrorException"),
        exception("throttlingException"),
        event("contentBlockDelta", {"delta": {"text": "no index"}}),
        event("contentBlockDelta", {"contentBlockIndex": 5, "delta": 7}),
        event("contentBlockDelta", [])[:-4] + b"\0\0\0\0",
        delta(0, toolUse={"input": "{}"}),
        delta(5, toolUse={"input": "{}"}),
        delta(0, reasoningContent={"text": "in a text"}),
        delta(0, reasoningContent={"signature": "in a text"}),
        delta(0, reasoningContent={"redactedContent": "AAEC"}),
        delta(0, text=7),
        delta(0, image={}),
        start(0, "again"),
        event("contentBlockStart", {"contentBlockIndex": 5, "start": {"image": {}}}),
        stop(0) + delta(0, text="after its end"),
        end() + delta(5, text="after the end"),
        end() + end(),
        event("messageStop", {}) + end(),
        b"<html>no frames at all</html>",
    ],
)
def test_nonsense_breaks_a_stream_after_what_was_good(wrong: bytes) -> None:
    decoder = ConverseDecoder()

    events = read(decoder, [delta(0, text="good") + wrong + delta(9, text="late") + end()])

    assert events[0] == Began(0, Text("good"))
    assert Began(1, Text("late")) not in events
    assert decoder.broken
    assert decoder.feed(delta(10, text="later")) == []
