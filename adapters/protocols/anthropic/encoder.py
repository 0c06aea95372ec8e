"""Writing a streamed answer as Anthropic's events; its blocks never interleave there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from adapters.protocols.anthropic.answer import (
    message_head,
    redacted,
    signature_note,
    signature_of,
    stop_fields,
    usage_fields,
)
from adapters.protocols.canonical.answer import AnswerBlock, Frame
from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from domain.metering import Report

Json = dict[str, Any]
_BlockEvent = Began | Grew | Signed | Ended
MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


_KINDS: Final[Mapping[type[AnswerBlock], tuple[bytes, bytes]]] = {
    Text: (b"text_delta", b"text"),
    Refusal: (b"text_delta", b"text"),
    Thinking: (b"thinking_delta", b"thinking"),
    ToolUse: (b"input_json_delta", b"partial_json"),
}
"""How the text of a block goes on."""


class MessagesEncoder:
    """Numbers the blocks anew: the signature of a call becomes a block of its own."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._begun = False
        self._open = 0
        self._queued: dict[int, list[_BlockEvent]] = {}
        self._number = -1
        self._growing = b""
        self._block: AnswerBlock = Text("")
        self._note: Json | None = None
        self._refused = False
        self._stopped: Stopped | None = None

    def encode(self, events: Iterable[Event]) -> bytes:
        """Write events, and `message_start` before the first of them."""
        parts = [] if self._begun else [self._start()]
        for event in events:
            if isinstance(event, Grew) and event.index == self._open:
                parts.append(self._grow(event.text))
            elif isinstance(event, Stopped):
                self._stopped = event
            else:
                self._queued.setdefault(event.index, []).append(event)
                parts += self._written()
        return b"".join(parts)

    def finish(self, report: Report, metadata: Mapping[str, Any] | None) -> bytes:
        """Write why it stopped, the usage, and the end."""
        assert self._stopped is not None, "only a whole answer is finished"
        stopped = self._stopped
        delta = stop_fields(
            stopped.stop, stopped.stop_sequence, stopped.explanation, refused=self._refused
        )
        told = _event("message_delta", {"delta": delta, "usage": usage_fields(report)})
        return told + MESSAGE_STOP

    def _start(self) -> bytes:
        """Open the message; the true input is only known at the end, and said then."""
        self._begun = True
        nothing = {
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "usage": usage_fields(Report()),
        }
        message: Json = {**message_head(self._frame), "content": [], **nothing}
        return _event("message_start", {"message": message})

    def _written(self) -> Iterator[bytes]:
        """Write the events of the open block, and once it has ended, those of the next."""
        while events := self._queued.pop(self._open, None):
            for event in events:
                yield from self._write(event)
            if not isinstance(events[-1], Ended):
                return
            self._open += 1

    def _write(self, event: _BlockEvent) -> Iterator[bytes]:
        match event:
            case Began():
                self._block = event.block
                yield from self._begin(event.block)
            case Grew():
                yield self._grow(event.text)
            case Signed():
                yield from self._sign(event)
            case Ended():
                yield self._stop()
                if self._note is not None:
                    yield self._start_block(self._note) + self._stop()
                    self._note = None

    def _begin(self, block: AnswerBlock) -> Iterator[bytes]:
        if isinstance(block, RedactedThinking):
            yield self._start_block(redacted(block))
            return
        self._refused |= isinstance(block, Refusal)
        if isinstance(block, ToolUse):
            if block.signature is not None and block.issuer is not None:
                self._note = signature_note(block.issuer, block.signature, block.id)
            said = block.arguments
            named: Json = {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
            yield self._start_block(named)
        else:
            said = block.text
            empty: Json = {"type": "thinking", "thinking": "", "signature": ""}
            plain: Json = {"type": "text", "text": ""}
            yield self._start_block(empty if isinstance(block, Thinking) else plain)
        if said:
            yield self._grow(said)
        if isinstance(block, Thinking) and (signature := signature_of(block)):
            yield self._signature(signature)

    def _sign(self, event: Signed) -> Iterator[bytes]:
        if isinstance(self._block, ToolUse):
            self._note = signature_note(event.issuer, event.signature, self._block.id)
        else:
            yield self._signature(signature_of(Thinking("", event.signature, event.issuer)))

    def _start_block(self, block: Json) -> bytes:
        self._number += 1
        kind, field = _KINDS.get(type(self._block), (b"", b""))
        self._growing = (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
            b'"delta":{"type":"%s","%s":' % (self._number, kind, field)
        )
        return _event("content_block_start", {"index": self._number, "content_block": block})

    def _grow(self, text: str) -> bytes:
        return b"%s%s}}\n\n" % (self._growing, orjson.dumps(text)) if text else b""

    def _signature(self, signature: str) -> bytes:
        delta = {"type": "signature_delta", "signature": signature}
        return _event("content_block_delta", {"index": self._number, "delta": delta})

    def _stop(self) -> bytes:
        return _event("content_block_stop", {"index": self._number})


def _event(name: str, fields: Json) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps({"type": name, **fields}))
