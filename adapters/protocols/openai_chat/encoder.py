"""Writing a streamed answer as chat chunks."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from adapters.protocols.canonical.answer import Frame
from adapters.protocols.canonical.blocks import RedactedThinking, Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from adapters.protocols.openai_chat.answer import FINISH, call_of, tier_of, usage_of
from adapters.protocols.openai_chat.calls import signed_extra
from adapters.protocols.openai_chat.stream import DONE
from adapters.protocols.openai_chat.thoughts import detail_of, needs_detail
from domain.metering import Report

_OPEN = b',"logprobs":null,"finish_reason":null}]}\n\n'
_FIELDS = {Text: "content", Thinking: "reasoning_content", Refusal: "refusal"}


class ChatEncoder:
    """Says id, type, name and role once each: clients join what they are told twice."""

    def __init__(self, frame: Frame, *, wants_usage: bool) -> None:
        self._frame: dict[str, Any] = {
            "id": f"chatcmpl-{frame.id}",
            "object": "chat.completion.chunk",
            "created": frame.created,
            "model": frame.model,
        }
        self._head = b"data: " + orjson.dumps(self._frame)[:-1] + b',"choices":[{"index":0,"delta":'
        self._wants_usage = wants_usage
        self._begun = False
        self._blocks: dict[int, _Open] = {}
        self._calls = 0
        self._thoughts = 0

    def encode(self, events: Iterable[Event]) -> bytes:
        """Write events, and the role before the first of them."""
        written = [chunk for event in events for chunk in self._written(event)]
        if written and not self._begun:
            self._begun = True
            written.insert(0, self._chunk({"role": "assistant", "content": ""}))
        return b"".join(written)

    def finish(self, report: Report, metadata: Mapping[str, Any] | None) -> bytes:
        """Write the usage if the caller asked for it, the gateway's metadata, the end mark."""
        usage = usage_of(report) if self._wants_usage else None
        last: dict[str, Any] = {} if usage is None else {"usage": usage, **tier_of(report)}
        if metadata is not None:
            last["metadata"] = metadata
        if not last:
            return DONE
        chunk: dict[str, Any] = {**self._frame, "choices": [], **last}
        return b"data: " + orjson.dumps(chunk) + b"\n\n" + DONE

    def _written(self, event: Event) -> list[bytes]:
        match event:
            case Began():
                return self._begin(event)
            case Grew():
                return [self._chunk(self._blocks[event.index].grow(event.text))]
            case Signed():
                return self._sign(event)
            case Ended():
                return self._end(self._blocks.pop(event.index))
            case Stopped():
                return self._stop(event)

    def _begin(self, event: Began) -> list[bytes]:
        block = event.block
        if isinstance(block, ToolUse):
            held = self._blocks[event.index] = _Open(block, self._calls)
            self._calls += 1
            return [self._chunk({"tool_calls": [{"index": held.number, **_begun(block)}]})]
        held = self._blocks[event.index] = _Open(block, self._thoughts)
        if isinstance(block, Thinking | RedactedThinking):
            self._thoughts += 1
        if isinstance(block, RedactedThinking) or not block.text:
            return []
        return [self._chunk({_FIELDS[type(block)]: block.text})]

    def _sign(self, event: Signed) -> list[bytes]:
        held = self._blocks[event.index]
        if isinstance(held.block, ToolUse):
            extra = {"index": held.number, "extra_content": signed_extra(event.signature)}
            return [self._chunk({"tool_calls": [extra]})]
        assert isinstance(held.block, Thinking), "only thoughts and tool calls are signed"
        held.block = Thinking(held.block.text, event.signature, event.issuer)
        return []

    def _end(self, held: "_Open") -> list[bytes]:
        """Give what only the end of a block shows: its whole signature, or that it has no text."""
        block = held.block
        if isinstance(block, ToolUse):
            bare = not (block.custom or block.arguments or held.texts)
            return [self._chunk(held.grow("{}"))] if bare else []
        if not isinstance(block, Thinking | RedactedThinking) or not needs_detail(block):
            return []
        if isinstance(block, Thinking):
            text = block.text + "".join(held.texts)
            block = Thinking(text, block.signature, block.issuer)
        return [self._chunk({"reasoning_details": [detail_of(block, held.number)]})]

    def _stop(self, event: Stopped) -> list[bytes]:
        told = [self._chunk({"refusal": event.explanation})] if event.explanation else []
        reason = orjson.dumps(FINISH[event.stop])
        end = self._head + b'{},"logprobs":null,"finish_reason":' + reason + b"}]}\n\n"
        return [*told, end]

    def _chunk(self, delta: dict[str, Any]) -> bytes:
        return self._head + orjson.dumps(delta) + _OPEN


class _Open:
    """A block that is being written, by its number among those of its kind."""

    def __init__(self, block: Text | Thinking | RedactedThinking | ToolUse | Refusal, number: int):
        self.block = block
        self.number = number
        self.texts: list[str] = []

    def grow(self, text: str) -> dict[str, Any]:
        """Write more of it."""
        block = self.block
        if isinstance(block, ToolUse):
            self.texts.append(text)
            kind, field = ("custom", "input") if block.custom else ("function", "arguments")
            return {"tool_calls": [{"index": self.number, kind: {field: text}}]}
        assert not isinstance(block, RedactedThinking), "redacted thoughts come whole"
        if isinstance(block, Thinking):
            self.texts.append(text)
        return {_FIELDS[type(block)]: text}


def _begun(block: ToolUse) -> dict[str, Any]:
    """Write a call's beginning: what is not there yet is not made up."""
    written = call_of(block)
    if not block.custom:
        written["function"]["arguments"] = block.arguments
    return written
