"""A cache that cannot be reached, is slow, or is asked to keep too much: the call goes on."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.answer_cache.kept_stream import KeptStream
from adapters.answer_cache.postgres import Kept, Place
from adapters.upstreams.answers import WholeAnswer
from api.inference import recall, recalling
from api.inference.recall import Recall
from api.inference.recalling import keep, recall_of, recalled
from domain.kept_answer import Origin

ORIGIN = Origin("m", "p", "up", 7, {"input": 1})
KEPT = Kept(ORIGIN, b"words", b"tail")
PLACE = Place(UUID(int=1), b"key", 60)


class Answers:
    """A cache that has one answer, or fails."""

    def __init__(self, found: Kept | Exception | None = None, seconds: float = 0) -> None:
        self.kept: list[Kept] = []
        self._found = found
        self._seconds = seconds

    async def find(self, place: Place) -> Kept | None:
        await asyncio.sleep(self._seconds)
        if isinstance(self._found, Exception):
            raise self._found
        return self._found

    async def keep(self, place: Place, kept: Kept) -> None:
        await self.find(place)
        self.kept.append(kept)


def serving_of(answers: Any, *, stream: bool = False) -> Any:
    surface = SimpleNamespace(joytoken=True)
    return SimpleNamespace(
        recall=Recall(answers, PLACE, stream), public_id="req_1", surface=surface
    )


def call_of(*, takes: bool = True, keepable: Origin | None = ORIGIN) -> Any:
    return SimpleNamespace(recall=lambda origin: takes, keepable=keepable)


@pytest.mark.parametrize(("stream", "kind"), [(False, WholeAnswer), (True, KeptStream)])
def test_what_is_kept_is_given_in_the_form_that_was_asked_for(stream: bool, kind: Any) -> None:
    answer = asyncio.run(recalled(serving_of(Answers(KEPT), stream=stream), call_of()))

    assert isinstance(answer, kind)
    if isinstance(answer, WholeAnswer):
        assert answer.body == b"words"
    elif answer:
        assert b'"paid"' in answer.tail({"paid": 1})


def test_what_the_call_may_not_take_is_not_given() -> None:
    assert asyncio.run(recalled(serving_of(Answers(KEPT)), call_of(takes=False))) is None


def test_without_a_cache_nothing_is_asked_and_nothing_kept() -> None:
    serving: Any = SimpleNamespace(recall=None)

    assert asyncio.run(recalled(serving, call_of())) is None
    asyncio.run(keep(serving, call_of()))


@pytest.mark.parametrize("fault", ["broken", "slow"])
def test_a_cache_that_is_not_reached_is_as_one_without_the_answer(
    fault: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalling, "PATIENCE_SECONDS", 0.01)
    broken = Answers(psycopg.OperationalError("words"))
    serving = serving_of(broken if fault == "broken" else Answers(KEPT, seconds=9))

    with caplog.at_level(logging.WARNING, "tollbook.calls"):
        assert asyncio.run(recalled(serving, call_of())) is None
        asyncio.run(keep(serving, call_of()))

    assert [record.message for record in caplog.records] == ["the answer cache was not reached"] * 2
    assert "words" not in caplog.text


@pytest.mark.parametrize(("size", "kept"), [(6, True), (7, False)])
def test_an_answer_that_is_too_long_is_not_kept(
    size: int, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "BYTES_MAX", 10)
    answers = Answers()
    serving = serving_of(answers)
    for _ in range(size):
        serving.recall.take(b"x")

    asyncio.run(keep(serving, call_of(), b"tail"))

    assert answers.kept == ([Kept(ORIGIN, b"x" * size, b"tail")] if kept else [])


def test_what_has_become_too_long_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "BYTES_MAX", 10)
    serving = serving_of(Answers())

    for _ in range(3):
        serving.recall.take(b"xxxxx")

    assert serving.recall._parts == []


def test_what_may_not_be_kept_is_not() -> None:
    answers = Answers()

    asyncio.run(keep(serving_of(answers), call_of(keepable=None)))

    assert answers.kept == []


def key_of(body: bytes, *, surface: str = "chat", stream: bool = False, **headers: bytes) -> bytes:
    told = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    serving: Any = SimpleNamespace(
        surface=SimpleNamespace(name=surface), exchange=SimpleNamespace(headers=told)
    )
    fitted: Any = SimpleNamespace(body=body, request=SimpleNamespace(stream=stream))
    gateway: Any = SimpleNamespace(answers=None)
    found = asyncio.run(recall_of(gateway, serving, UUID(int=1), fitted, 60))
    assert (found.stream, found.place.customer_id, found.place.seconds) == (stream, UUID(int=1), 60)
    return found.place.key


def test_the_key_is_all_that_the_answer_depends_on() -> None:
    keys = {
        key_of(b'{"a":1}'),
        key_of(b'{"a":1}', surface="messages"),
        key_of(b'{"a":1}', stream=True),
        key_of(b'{"a":1}', anthropic_beta=b"x"),
        key_of(b'{"a":1}', anthropic_version=b"x"),
        key_of(b'{"a":1.0}'),
        key_of(b'{"a":"1"}'),
        key_of(b'{"a":[1,2]}'),
        key_of(b'{"a":[2,1]}'),
    }

    assert len(keys) == 9
    assert {len(key) for key in keys} == {32}


def test_the_key_is_not_what_the_answer_does_not_depend_on() -> None:
    one = key_of(b'{"a":1,"b":{"c":2,"d":3}}')

    assert key_of(b' {"b": {"d":3, "c":2}, "a":1}') == one
    assert key_of(b'{"a":1,"b":{"c":2,"d":3}}', x_request_id=b"1", idempotency_key=b"k") == one
