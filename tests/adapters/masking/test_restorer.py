"""An answer gets its values back, wherever its stream is cut, and nothing else changes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings, strategies as st

from adapters.masking.restorer import Restorer
from tests.adapters.masking import streams
from tests.adapters.masking.masks import MAIL, placeholders
from tests.adapters.masking.told import pieces_of

QUOTED = 'the "big" one\\'
HELD = placeholders(email=MAIL, term=QUOTED, card="4111 1111 1111 1111")
TELLERS = {
    name: getattr(streams, name)
    for name in ("chat", "completions", "messages", "responses", "incremental")
}
CALLERS = {
    name: getattr(streams, name) for name in ("chat_call", "messages_call", "responses_call")
}
GROWING = {name: getattr(streams, name) for name in ("cumulative", "plain_text")}
WORDS = st.sampled_from(
    ["[EMAIL_1]", "[TERM_1]", "[CARD_1]", "[EMAIL_2]", "[", "]", "[E", "EMAIL_1]", "[[", " a ", "ä"]
)
FEW = settings(max_examples=40, deadline=None)


def cut(data: Any, places: Sequence[int]) -> list[Any]:
    """A text or bytes in pieces, cut at these places."""
    edges = sorted({place % (len(data) + 1) for place in places})
    return [data[a:b] for a, b in zip([0, *edges], [*edges, len(data)], strict=True)]


def restored(chunks: Sequence[bytes], *, incremental: bool | None = True) -> bytes:
    restorer = Restorer(HELD, incremental)
    return b"".join(map(restorer.part, chunks)) + restorer.rest()


def real(text: str) -> str:
    for name, value in HELD._values.items():
        text = text.replace(name, value)
    return text


def in_json(text: str) -> str:
    for name, value in HELD._values.items():
        text = text.replace(name, orjson.dumps(value)[1:-1].decode())
    return text


@pytest.mark.parametrize("teller", [*TELLERS, *CALLERS])
@FEW
@given(st.lists(WORDS, max_size=8), st.lists(st.integers(0, 99), max_size=6), st.data())
def test_any_cut_of_a_stream_says_the_same(
    teller: str, words: list[str], places: list[int], draw: st.DataObject
) -> None:
    told = (TELLERS | CALLERS)[teller]
    text = "".join(words)
    stream = streams.sse(told(cut(text, places)))
    chunks = cut(stream, draw.draw(st.lists(st.integers(0, len(stream)), max_size=4)))

    events = streams.events_of(restored(chunks))

    expected = in_json(text) if teller in CALLERS else real(text)
    assert "".join(pieces_of(events)) == expected
    assert len(events) == len(streams.events_of(stream))


@pytest.mark.parametrize("teller", GROWING)
@FEW
@given(st.lists(WORDS, max_size=8), st.lists(st.integers(0, 99), max_size=6))
def test_a_stream_that_repeats_itself_only_ever_grows(
    teller: str, words: list[str], places: list[int]
) -> None:
    text = "".join(words)
    stream = streams.sse(GROWING[teller](cut(text, places)))

    told = pieces_of(streams.events_of(restored([stream], incremental=None)))

    assert told[-1] == real(text)
    assert all(after.startswith(before) for before, after in pairwise(told))


@pytest.mark.parametrize("teller", [*TELLERS, *CALLERS, *GROWING])
@FEW
@given(st.text("[]EMAIL_13 a", max_size=30), st.lists(st.integers(0, 30), max_size=6))
def test_a_stream_without_placeholders_passes_byte_for_byte(
    teller: str, text: str, places: list[int]
) -> None:
    text = text.replace("[EMAIL_1]", "")
    told = (TELLERS | CALLERS | GROWING)[teller]
    stream = streams.sse(told(cut(text, places)))

    if teller in GROWING:
        found = streams.events_of(restored([stream], incremental=None))
        assert found[-1] == streams.events_of(stream)[-1]
    else:
        assert restored([stream]) == stream


def test_a_value_stands_where_its_placeholder_began_and_events_keep_their_order() -> None:
    stream = streams.sse(streams.responses(["to [EM", "AIL", "_1] and [TE", "st"]))

    events = streams.events_of(restored([stream]))

    assert pieces_of(events) == [f"to {MAIL}", "", " and [TE", "st"]
    assert [event["type"] for event in events[:5]] == ["response.output_text.delta"] * 4 + [
        "response.output_text.done"
    ]


def test_what_may_go_on_waits_no_longer_than_its_text() -> None:
    restorer = Restorer(HELD)
    first, second, *rest = streams.chat(["a [", "b"])

    assert restorer.part(streams.sse([first])).startswith(b": a comment")
    held = restorer.part(streams.sse([second]))

    assert pieces_of(streams.events_of(held)) == ["a [", "b"]
    assert len(streams.events_of(restorer.part(streams.sse(rest)))) == len(rest)
    assert restorer.rest() == b""


@pytest.mark.parametrize("teller", ["chat", "messages", "responses", "incremental"])
def test_a_text_that_ends_in_a_beginning_is_let_go_at_its_end(teller: str) -> None:
    restorer = Restorer(HELD, incremental=True)
    stream = streams.sse(TELLERS[teller](["list = ["]))

    assert restorer.part(stream) == stream
    assert restorer.rest() == b""


def test_a_stream_of_dashscope_that_turns_out_to_tell_only_what_is_new_loses_nothing() -> None:
    stream = streams.sse(streams.incremental(["to [EMA", "", "IL_1], [", "x"]))

    told = pieces_of(streams.events_of(restored([stream], incremental=None)))

    assert "".join(told) == f"to {MAIL}, [x"


def test_choices_that_come_by_turns_are_told_apart() -> None:
    def piece(index: int, text: str) -> dict[str, Any]:
        choice = {"index": index, "delta": {"content": text}, "finish_reason": None}
        return {"choices": [choice]}

    stream = streams.sse([piece(0, "[EM"), piece(1, "[TER"), piece(0, "AIL_1]"), piece(1, "M_1]")])

    assert pieces_of(streams.events_of(restored([stream]))) == [MAIL, QUOTED, "", ""]


@pytest.mark.parametrize(("others", "goes_on"), [(63, True), (64, False)])
def test_a_beginning_waits_for_so_many_events_of_other_texts(others: int, goes_on: bool) -> None:
    def piece(name: str, text: str) -> bytes:
        choice = {"index": 0, "delta": {name: text}, "finish_reason": None}
        return b"data: " + orjson.dumps({"choices": [choice]}) + b"\n\n"

    thoughts = piece("reasoning_content", "[EM"), piece("reasoning_content", "AIL_1]")
    found = restored([thoughts[0], *[piece("content", "x")] * others, thoughts[1]])

    deltas = [event["choices"][0]["delta"] for event in streams.events_of(found)]
    said = "".join(delta.get("reasoning_content", "") for delta in deltas)
    assert len(deltas) == others + 2
    assert said == (MAIL if goes_on else "[EMAIL_1]")


def test_others_are_not_held_back_for_long() -> None:
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "list ["}}]}
    word = {"choices": [{"index": 0, "delta": {"content": "word"}}]}

    given = Restorer(HELD).part(streams.sse([thought, *[word] * 1000]))

    assert len(streams.events_of(given)) == 1001
