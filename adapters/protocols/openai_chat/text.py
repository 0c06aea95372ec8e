"""What an answer said, for counting it ourselves when nobody reports its usage."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

import orjson

from adapters.token_count import count_tokens
from domain.metering import Produced

KEPT_BYTES_MAX = 4 * 1024 * 1024
"""Beyond this a stream's events are only weighed, at four bytes a token."""

_SAID = ("content", "reasoning_content", "reasoning", "refusal")


class ProducedText:
    """Keeps a stream's events unread; they are looked into only if somebody must count."""

    def __init__(self) -> None:
        self._events: list[bytes] = []
        self._kept = 0
        self._beyond = 0

    def add(self, events: bytes) -> None:
        """Remember what was relayed."""
        if self._kept < KEPT_BYTES_MAX:
            self._events.append(events)
            self._kept += len(events)
        else:
            self._beyond += len(events)

    def produced(self) -> Produced:
        """Tell whether anything was said, and how to count it."""
        return Produced(lambda: any(self._texts()), self._count)

    def _count(self) -> int:
        return count_tokens("".join(self._texts())) + self._beyond // 4

    def _texts(self) -> Iterator[str]:
        for events in self._events:
            for line in events.split(b"\n"):
                if line.startswith(b"data:"):
                    yield from said_in(parsed(line[5:]), "delta")


def produced_by(answer: object) -> Produced:
    """Tell what a whole answer said."""
    text = "".join(said_in(answer, "message"))
    return Produced(lambda: bool(text), lambda: count_tokens(text))


def said_in(answer: object, holder: str) -> Iterator[str]:
    """Walk the texts and tool arguments of an answer or a chunk, odd shapes left out."""
    for choice in dicts(answer, "choices"):
        said = choice.get(holder)
        if not isinstance(said, dict):
            continue
        fields = cast("dict[str, Any]", said)
        yield from (fields[name] for name in _SAID if isinstance(fields.get(name), str))
        for call in dicts(fields, "tool_calls"):
            for kind in ("function", "custom"):
                yield from _strings(call.get(kind))


def dicts(holder: object, name: str) -> Iterable[dict[str, Any]]:
    """List the objects in an object's list; nothing where the shape is another."""
    if not isinstance(holder, dict):
        return []
    inner = cast("dict[str, object]", holder).get(name)
    if not isinstance(inner, list):
        return []
    items = cast("list[object]", inner)
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _strings(fields: object) -> Iterator[str]:
    if isinstance(fields, dict):
        yield from (v for v in cast("dict[str, Any]", fields).values() if isinstance(v, str))


def parsed(payload: bytes) -> object:
    """Read a chunk, or None for what is no JSON, such as the end mark."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
