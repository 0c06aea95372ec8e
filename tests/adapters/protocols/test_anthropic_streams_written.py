"""Streams of events, written as Anthropic's."""

import json

import pytest

from adapters.protocols.anthropic.decoder import MessagesDecoder
from adapters.protocols.anthropic.encoder import MESSAGE_STOP, MessagesEncoder
from adapters.protocols.anthropic.foreign import wrap
from adapters.protocols.canonical.answer import Answer
from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from domain.metering import Report
from tests.adapters.protocols.anthropic_events import BLOCKS, FRAME, STREAM, USED
from tests.adapters.protocols.streams import answer_in, read


def wrote(*events: Event, report: Report | None = None) -> tuple[Answer, bytes]:
    """What another reader makes of the stream that we write of these events."""
    encoder = MessagesEncoder(FRAME)
    data = b"".join(encoder.encode([event]) for event in events)
    data += encoder.finish(report or Report(USED), None)
    return answer_in(MessagesDecoder(), [data]), data


def test_what_is_written_reads_as_what_was_meant() -> None:
    events = read(MessagesDecoder(), [STREAM])

    answer, data = wrote(*events)

    assert (answer.blocks, answer.stop, answer.report.usage) == (BLOCKS, "tool", USED)
    assert data.startswith(b"event: message_start\n")
    names = [line[7:] for line in data.split(b"\n") if line.startswith(b"event: ")]
    kinds = [json.loads(line[5:])["type"] for line in data.split(b"\n") if line[:5] == b"data:"]
    assert [name.decode() for name in names] == kinds


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_how_events_come_together_does_not_matter(size: int) -> None:
    events = read(MessagesDecoder(), [STREAM])
    encoder = MessagesEncoder(FRAME)

    data = b"".join(
        encoder.encode(events[start : start + size]) for start in range(0, len(events), size)
    )

    assert data + encoder.finish(Report(USED), None) == wrote(*events)[1]


def test_blocks_that_interleave_are_told_one_after_the_other() -> None:
    answer, _ = wrote(
        Began(0, Text("Let me")),
        Began(1, ToolUse("a", "f", '{"x"')),
        Began(2, ToolUse("b", "g", "")),
        Grew(2, '{"y":'),
        Grew(1, ":1}"),
        Grew(0, " look."),
        Ended(1),
        Grew(2, "2}"),
        Ended(0),
        Ended(2),
        Stopped("tool"),
    )

    assert answer.blocks == (
        Text("Let me look."),
        ToolUse("a", "f", '{"x":1}'),
        ToolUse("b", "g", '{"y":2}'),
    )


def test_foreign_signatures_become_what_callers_send_back() -> None:
    answer, _ = wrote(
        Began(0, Thinking("hm", "early", "gemini")),
        Ended(0),
        Began(1, Thinking("")),
        Grew(1, "so"),
        Signed(1, "late", "openai_responses"),
        Ended(1),
        Began(2, RedactedThinking("sealed", "bedrock")),
        Ended(2),
        Began(3, ToolUse("a", "f", "{}", signature="x", issuer="gemini")),
        Ended(3),
        Began(4, ToolUse("b", "f", "")),
        Grew(4, "{}"),
        Signed(4, "y", "gemini"),
        Ended(4),
        Stopped("tool"),
    )

    assert answer.blocks == (
        Thinking("hm", wrap("gemini", "early"), "anthropic"),
        Thinking("so", wrap("openai_responses", "late"), "anthropic"),
        RedactedThinking(wrap("bedrock", "sealed"), "anthropic"),
        ToolUse("a", "f", "{}"),
        RedactedThinking(wrap("gemini", "x", "a"), "anthropic"),
        ToolUse("b", "f", "{}"),
        RedactedThinking(wrap("gemini", "y", "b"), "anthropic"),
    )


def test_a_refusal_is_text_and_the_reason_to_stop() -> None:
    answer, data = wrote(Began(0, Refusal("No.")), Ended(0), Stopped("stop", explanation="Why."))

    assert (answer.blocks, answer.stop) == ((Text("No."),), "filtered")
    assert answer.explanation == "Why."
    assert b'"stop_details":{"type":"refusal"' in data


def test_usage_is_only_told_at_the_end() -> None:
    encoder = MessagesEncoder(FRAME)

    opened = encoder.encode([Began(0, Text("Hi")), Ended(0), Stopped("stop_sequence", "END")])

    assert b"message_delta" not in opened
    assert json.loads(opened.split(b"\n")[1][6:])["message"]["usage"]["input_tokens"] == 0
    closed = encoder.finish(Report(USED), {"ignored": 1})
    assert closed.endswith(MESSAGE_STOP)
    last = json.loads(closed.split(b"\n")[1][6:])
    assert last["usage"]["input_tokens"] == 100
    assert last["delta"]["stop_sequence"] == "END"
