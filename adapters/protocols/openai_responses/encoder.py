"""Writing a streamed answer as the events of Responses (wire-facts §1.7).

Each block is an output item of its own, and items may be open side by side. What the answer ends
with waits in `finish` for the charge.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from adapters.protocols.canonical.answer import Frame, Stop
from adapters.protocols.canonical.blocks import ToolUse
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from adapters.protocols.openai_responses.names import spaces_of
from adapters.protocols.openai_responses.open_item import Fields, OpenItem
from adapters.protocols.openai_responses.response import IN_PROGRESS, ResponseWriter
from domain.metering import Report

Json = dict[str, Any]


class ResponsesEncoder:
    """Numbers events and items, and keeps the items for the response that ends the stream."""

    def __init__(self, frame: Frame, body: Mapping[str, Any]) -> None:
        self._writer = ResponseWriter(frame, body, spaces_of(body))
        self._sequence = 0
        self._count = 0
        self._open: dict[int, OpenItem] = {}
        self._items: dict[int, Json] = {}
        self._stop: Stop = "stop"

    def encode(self, events: Iterable[Event]) -> bytes:
        """Write events, and before the first of them that the response has begun."""
        return b"".join(written for event in events for written in self._written(event))

    def finish(self, report: Report, metadata: Mapping[str, Any] | None) -> bytes:
        """Write the whole response with its usage; this protocol has no place for metadata."""
        response = self._writer.ended(self._stop, self._output, report)
        return self._event(f"response.{response['status']}", response=response)

    def failure(self, message: str) -> bytes:
        """Write that the response broke off, and which items of it are whole."""
        response = self._writer.failed(message, self._output)
        return self._event("response.failed", response=response)

    @property
    def _output(self) -> list[Json]:
        return [self._items[number] for number in sorted(self._items)]

    def _written(self, event: Event) -> Iterator[bytes]:
        if not self._sequence:
            response = self._writer.begun()
            yield self._event("response.created", response=response)
            yield self._event("response.in_progress", response=response)
        match event:
            case Began():
                yield from self._begin(event)
            case Grew():
                held = self._open[event.index]
                yield from self._all(held, held.grow(event.text))
            case Signed():
                self._open[event.index].sign(event)
            case Ended():
                yield from self._end(self._open.pop(event.index))
            case Stopped():
                self._stop = event.stop

    def _begin(self, event: Began) -> Iterator[bytes]:
        held = self._open[event.index] = OpenItem(event.block, self._number())
        item = self._writer.item(held.bare, held.number, IN_PROGRESS)
        held.item_id = item["id"]
        if item["type"] == "message":
            item["content"] = []
        yield self._event("response.output_item.added", output_index=held.number, item=item)
        yield from self._all(held, held.begin())

    def _end(self, held: OpenItem) -> Iterator[bytes]:
        yield from self._all(held, held.end())
        block = held.whole
        yield self._done(held.number, self._writer.item(block, held.number))
        if isinstance(block, ToolUse) and (signed := self._writer.signature(block, self._count)):
            number = self._number()
            added = {**signed, "status": IN_PROGRESS}
            yield self._event("response.output_item.added", output_index=number, item=added)
            yield self._done(number, signed)

    def _done(self, number: int, item: Json) -> bytes:
        self._items[number] = item
        return self._event("response.output_item.done", output_index=number, item=item)

    def _number(self) -> int:
        self._count += 1
        return self._count - 1

    def _all(self, held: OpenItem, events: Iterable[tuple[str, Fields]]) -> Iterator[bytes]:
        for kind, fields in events:
            place = {"item_id": held.item_id, "output_index": held.number}
            yield self._event(f"response.{kind}", **place, **fields)

    def _event(self, kind: str, **fields: Any) -> bytes:
        data = orjson.dumps({"type": kind, "sequence_number": self._sequence, **fields})
        self._sequence += 1
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)
