"""Ways to make a true log false; each gives the event that is to be named."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from tests.projections.audited import Stored

Spoil = Callable[[list[Stored]], Stored]


def pick(log: list[Stored], topic: str, number: int = 0) -> Stored:
    return [event for event in log if event[1] == topic][number]


def changed(topic: str, number: int = 0, /, **fields: Any) -> Spoil:
    """Change fields of one event, each by a function of what it was, or to a value."""

    def spoil(log: list[Stored]) -> Stored:
        event = pick(log, topic, number)
        for name, change in fields.items():
            event[3][name] = change(event[3][name]) if callable(change) else change
        return event

    return spoil


def more(amount: int) -> int:
    return amount + 1


def a_day_less(time: str) -> str:
    return (datetime.fromisoformat(time) - timedelta(days=1)).isoformat()


def without(name: str) -> Spoil:
    def spoil(log: list[Stored]) -> Stored:
        event = log[10]
        del event[3][name]
        return event

    return spoil


def called(topic: str) -> Spoil:
    def spoil(log: list[Stored]) -> Stored:
        log[10][1] = topic
        return log[10]

    return spoil


def doubled(topic: str, number: int = 0) -> Spoil:
    """Append a fact a second time."""

    def spoil(log: list[Stored]) -> Stored:
        event = [len(log) + 1, *orjson.loads(orjson.dumps(pick(log, topic, number)[1:]))]
        event[3]["timestamp"] = log[-1][3]["timestamp"]
        log.append(event)
        return event

    return spoil


def moved_before(topic: str, other: str, number: int = 0) -> Spoil:
    """Have one thing happen before another."""

    def spoil(log: list[Stored]) -> Stored:
        late, early = pick(log, topic, number), pick(log, other)
        log.remove(late)
        log.insert(log.index(early), late)
        late[3]["timestamp"] = early[3]["timestamp"]
        for position, event in enumerate(log, 1):
            event[0] = position
        return late

    return spoil


def foreign(topic: str, number: int = 0) -> Spoil:
    """Let it have happened to another aggregate, of the same kind if there is one."""

    def spoil(log: list[Stored]) -> Stored:
        event = pick(log, topic, number)
        kind = topic.partition(".")[0]
        others = [e[2] for e in log if e[1].partition(".")[0] == kind]
        event[2] = next((i for i in others if i != event[2]), UUID(int=99 << 16).hex)
        return event

    return spoil


def orphaned(topic: str) -> Spoil:
    """Let it have happened to an aggregate that never began."""

    def spoil(log: list[Stored]) -> Stored:
        event = pick(log, topic)
        event[2] = UUID(int=99 << 16).hex
        return event

    return spoil


def turned(parts: list[Any]) -> list[Any]:
    return [["0" * 32, part] for _, part in parts]


def missing(*topics: str) -> Spoil:
    """Take the last fact of each topic out of the log."""

    def spoil(log: list[Stored]) -> Stored:
        for topic in topics:
            gone = pick(log, topic, -1)
            log.remove(gone)
        return gone

    return spoil
