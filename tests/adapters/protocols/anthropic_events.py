"""A stream of Anthropic's with everything in it, and the events to make others of."""

from typing import Any

from adapters.protocols.canonical.answer import Frame
from adapters.protocols.canonical.blocks import RedactedThinking, Text, Thinking, ToolUse
from domain.usage import exclusive
from tests.scripted_answers import Received
from tests.upstreams.anthropic_answers import Said, event_of, events_of, usage_of

FRAME = Frame("0198", "m", 1_795_197_560)
REQUEST = Received("POST", "/v1/messages", {}, b"", b'{"model":"up","messages":[]}')
SAID = Said(
    ("Hel", 'lo ☃ "type":"message_stop"'),
    thoughts=("Let ", "me see."),
    redacted="sealed",
    calls=[("toolu_1", "look", {"at": ["é", 1.5]}), ("toolu_2", "now", {})],
    usage=usage_of(100, 30, cached=900, written_5m=50, thinking=10),
)
EVENTS = list(events_of(REQUEST, SAID))
STREAM = b"".join(EVENTS)
USED = exclusive(input=100, cached_input=900, cache_write_5m=50, output=20, reasoning=10)
BLOCKS = (
    Thinking("Let me see.", SAID.signature, "anthropic"),
    RedactedThinking("sealed", "anthropic"),
    Text('Hello ☃ "type":"message_stop"'),
    ToolUse("toolu_1", "look", '{"at": ["\\u00e9", 1.5]}'),
    ToolUse("toolu_2", "now", "{}"),
)


def started(*events: bytes) -> bytes:
    """A stream that begins as it should and goes on so."""
    return b"".join((EVENTS[0], *events))


def block(index: int, kind: str = "text", **fields: Any) -> bytes:
    content = {"type": kind, **({"text": ""} if kind == "text" else {}), **fields}
    return event_of("content_block_start", index=index, content_block=content)


def delta(index: int, kind: str = "text_delta", **fields: Any) -> bytes:
    return event_of("content_block_delta", index=index, delta={"type": kind, **fields})


def stopped(index: int) -> bytes:
    return event_of("content_block_stop", index=index)


def ending(reason: Any = "end_turn", **usage: int) -> bytes:
    return event_of("message_delta", delta={"stop_reason": reason}, usage=usage)
