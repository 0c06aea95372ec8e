"""Following the deltas of one choice, whatever the dialect, as canonical events (wire-facts §2.1).

text, thoughts, refusal    one block after the other: the next kind ends the one before
tool calls                 stay open to the end, as their deltas may interleave
"""

from typing import Any, Final, cast
from uuid import uuid4

from adapters.protocols.canonical.answer import AnswerBlock, Stop
from adapters.protocols.canonical.blocks import Refusal, Text, Thinking, ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from adapters.protocols.counters import within
from adapters.protocols.openai_chat.calls import GEMINI
from adapters.protocols.openai_chat.text import dicts

STOPS: Final[dict[str, Stop]] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "content_filter": "filtered",
    "tool_calls": "tool",
}
"""What is not here is an ordinary end."""
FAILURES: Final = frozenset({"error", "abort", "insufficient_system_resource", "function_call"})
"""The server gave up; and nobody asked for the deprecated kind of call."""


class NonsenseError(Exception):
    """What came makes no sense, or says that the server failed."""


class Deltas:
    """Turns deltas into events; after a fault nothing of it is of use."""

    def __init__(self) -> None:
        self._begun = 0
        self._open: tuple[int, type[AnswerBlock]] | None = None
        self._calls: dict[int, _Call] = {}
        self._latest: int | None = None
        self.stopped = False

    def take(self, choice: dict[str, Any]) -> list[Event]:
        """Read one choice of a chunk, or raise NonsenseError."""
        if choice.get("index", 0) != 0:
            raise NonsenseError
        delta = choice.get("delta")
        said = cast("dict[str, Any]", delta) if isinstance(delta, dict) else {}
        events = [*self._thought(said), *self._text(Text, said.get("content"))]
        events += self._text(Refusal, said.get("refusal"))
        for position, call in enumerate(dicts(said, "tool_calls")):
            events += self._call(call, position)
        if events and self.stopped:
            raise NonsenseError
        reason = choice.get("finish_reason")
        if reason and not self.stopped:
            events += self._stop(str(reason))
        return events

    def close(self) -> list[Event]:
        """End an answer whose dialect gives no reason."""
        return [] if self.stopped else self._stop("stop")

    def _thought(self, said: dict[str, Any]) -> list[Event]:
        return self._text(Thinking, said.get("reasoning_content") or said.get("reasoning"))

    def _text(self, kind: type[Text | Thinking | Refusal], text: object) -> list[Event]:
        if not text:
            return []
        if not isinstance(text, str):
            raise NonsenseError
        if self._open is not None and self._open[1] is kind:
            return [Grew(self._open[0], text)]
        return [*self._end_text(), *self._begin(kind(text))]

    def _begin(self, block: AnswerBlock) -> list[Event]:
        index = self._begun
        self._begun += 1
        if not isinstance(block, ToolUse):
            self._open = (index, type(block))
        return [Began(index, block)]

    def _end_text(self) -> list[Event]:
        if self._open is None:
            return []
        index, self._open = self._open[0], None
        return [Ended(index)]

    def _call(self, fields: dict[str, Any], position: int) -> list[Event]:
        key = self._key(fields, position)
        call = self._calls.setdefault(key, _Call())
        self._latest = key
        call.add(fields)
        if call.index is None:
            if not call.name:
                return []
            call.index = self._begun
            return [*self._end_text(), *self._begin(call.block()), *call.grown()]
        return call.grown()

    def _key(self, fields: dict[str, Any], position: int) -> int:
        """Tell which call a delta is about, also where the index is missing or always zero."""
        index, call_id = fields.get("index"), fields.get("id")
        if index is None:
            # Without an id it goes on with what came last, in the same place of a list else.
            index = position if call_id or self._latest is None else self._latest
        if type(index) is not int:
            raise NonsenseError
        while call_id and (known := self._calls.get(index)) and known.id != call_id:
            index += 1
        return index

    def _stop(self, reason: str) -> list[Event]:
        if reason in FAILURES or any(call.index is None for call in self._calls.values()):
            raise NonsenseError
        self.stopped = True
        events = self._end_text()
        calls = [call.index for call in self._calls.values() if call.index is not None]
        stop = STOPS.get(reason, "tool" if calls else "stop")
        return [*events, *map(Ended, sorted(calls)), Stopped(stop)]


class _Call:
    """A tool call as far as it has come."""

    def __init__(self) -> None:
        self.index: int | None = None
        self.id = ""
        self.name = ""
        self._custom = False
        self._more = ""
        self._signature: str | None = None

    def add(self, fields: dict[str, Any]) -> None:
        """Take a delta; ids and names that are told again are those told first."""
        self._custom = self._custom or fields.get("custom") is not None
        kind, field = ("custom", "input") if self._custom else ("function", "arguments")
        self.id = self.id or str(fields.get("id") or "")
        self.name = self.name or str(within(fields, kind, "name") or "")
        more = within(fields, kind, field)
        if more is not None and not isinstance(more, str):
            raise NonsenseError
        self._more += more or ""
        signature = within(fields, "extra_content", "google", "thought_signature")
        if isinstance(signature, str):
            self._signature = signature

    def block(self) -> ToolUse:
        """Begin the call; one that came without an id gets one, to be answered by."""
        self.id = self.id or f"call_{uuid4().hex}"
        return ToolUse(self.id, self.name, "", custom=self._custom)

    def grown(self) -> list[Event]:
        """Give what has come since."""
        assert self.index is not None, "a call grows when it has begun"
        events: list[Event] = [Grew(self.index, self._more)] if self._more else []
        if self._signature is not None:
            events.append(Signed(self.index, self._signature, GEMINI))
        self._more, self._signature = "", None
        return events
