"""A window cuts whole turns from a talk's beginning, no more than it takes, and leaves it legal."""

import asyncio
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings, strategies as st

from adapters.protocols.prompt_size import measure
from api.inference.window import Fitted, fit_window
from domain.context_policy import BeyondWindowError
from domain.margin import Margin
from tests.adapters.protocols.talks import (
    ANSWER,
    CHAT,
    DIALECTS,
    LATE_TOOL,
    MESSAGES,
    PARTS,
    RESPONSES,
    TOOL,
    USER,
    Dialect,
    Item,
    stays,
    unpaired,
    written,
)


def fitted(dialect: Dialect, raw: bytes, window: int) -> Fitted:
    surface: Any = SimpleNamespace(decode=dialect.decode)
    whole = Fitted(dialect.request(raw), raw)
    return asyncio.run(fit_window(surface, {}, whole, window))


def tokens(dialect: Dialect, raw: bytes) -> int:
    return measure(dialect.request(raw).prompt_parts()).estimate(1 << 40, Margin()).count


def spoken(items: list[Item]) -> list[Item]:
    return [item for item in items if not stays(item)]


@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(parts=PARTS, window=st.integers(300, 1_500))
def test_what_is_left_is_the_legal_end_of_the_talk_within_the_window(
    dialect: Dialect, parts: list[tuple[str, int]], window: int
) -> None:
    before = written(dialect, parts)
    raw = dialect.raw(before)
    try:
        trimmed = fitted(dialect, raw, window)
    except BeyondWindowError:
        assert tokens(dialect, raw) > window
        return

    if tokens(dialect, raw) <= window:
        assert (trimmed.body, trimmed.dropped) == (raw, 0)
        return
    after = dialect.items_in(trimmed.body)
    assert tokens(dialect, trimmed.body) <= window
    assert [item for item in after if stays(item)] == [item for item in before if stays(item)]
    assert spoken(after) == spoken(before)[trimmed.dropped :]
    assert 0 < trimmed.dropped < len(spoken(before))
    assert spoken(after)[0]["role"] == "user"
    assert unpaired(after) == unpaired(before) == set()
    rest = {k: v for k, v in orjson.loads(raw).items() if k not in {"messages", "input"}}
    assert rest.items() <= orjson.loads(trimmed.body).items()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_no_more_is_left_out_than_it_takes(dialect: Dialect) -> None:
    talk = written(dialect, [(USER, 50), (ANSWER, 50)] * 9)
    raw = dialect.raw(talk)

    sizes = {
        kept: tokens(dialect, dialect.raw(talk[len(talk) - kept :]))
        for kept in range(1, len(talk) + 1, 2)
    }

    for kept, size in sizes.items():
        exact = fitted(dialect, raw, size)
        assert len(dialect.items_in(exact.body)) == kept
        if kept > 1:
            assert len(dialect.items_in(fitted(dialect, raw, size - 1).body)) == kept - 2


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_what_the_user_says_in_several_messages_is_one_turn(dialect: Dialect) -> None:
    talk = written(dialect, [(USER, 200), (ANSWER, 9), (USER, 200)])
    window = tokens(dialect, dialect.raw(talk[2:]))

    assert dialect.items_in(fitted(dialect, dialect.raw(talk), window).body) == talk[2:]
    with pytest.raises(BeyondWindowError) as refused:
        fitted(dialect, dialect.raw(talk), window - 1)
    assert refused.value.code == "context_length_exceeded"
    assert f"{window} tokens; the account's window is {window - 1}" in str(refused.value)


def test_a_result_that_comes_after_the_user_has_spoken_keeps_its_call() -> None:
    talk = written(RESPONSES, [(USER, 200), (ANSWER, 9), (USER, 9), (LATE_TOOL, 200)])

    left = RESPONSES.items_in(fitted(RESPONSES, RESPONSES.raw(talk), 400).body)

    assert left == talk[2:]


def test_the_results_of_the_last_turns_tools_stay_with_it() -> None:
    talk = written(MESSAGES, [(USER, 300), (ANSWER, 9), (USER, 9), (TOOL, 30), (TOOL, 30)])[:-1]

    left = MESSAGES.items_in(fitted(MESSAGES, MESSAGES.raw(talk), 800).body)

    assert left == talk[2:]


def test_the_user_speaks_again_after_a_tools_result() -> None:
    talk = written(MESSAGES, [(USER, 100), (TOOL, 100)])
    window = tokens(MESSAGES, MESSAGES.raw(talk[-1:]))

    assert MESSAGES.items_in(fitted(MESSAGES, MESSAGES.raw(talk), window).body) == talk[-1:]


def test_an_id_that_is_used_again_means_the_call_before_it() -> None:
    turn = [*written(CHAT, [])[:1], CHAT.call("again"), CHAT.result("again", "word " * 99)]
    talk = [*turn, *turn, *written(CHAT, [])]

    window = tokens(CHAT, CHAT.raw(talk[3:]))

    assert CHAT.items_in(fitted(CHAT, CHAT.raw(talk), window).body) == talk[3:]


@pytest.mark.parametrize("size", [1, 200_000])
def test_what_is_no_talk_is_not_looked_at_or_refused_whole(size: int) -> None:
    raw = orjson.dumps({"model": "m", "input": "word " * size})
    surface: Any = SimpleNamespace(decode=RESPONSES.decode)
    whole = Fitted(RESPONSES.request(raw), raw)

    if size == 1:
        assert asyncio.run(fit_window(surface, {}, whole, 300)) is whole
        return
    with pytest.raises(BeyondWindowError):
        asyncio.run(fit_window(surface, {}, whole, 300))
    other: Any = SimpleNamespace(protocol="openai_embeddings", size=size)
    unseen = Fitted(other, raw)
    assert asyncio.run(fit_window(surface, {}, unseen, 300)) is unseen
