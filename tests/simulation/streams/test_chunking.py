"""How a stream's bytes are cut into chunks changes neither the answer nor the bill."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.adapters.protocols.streams import cuts
from tests.simulation.streams.lanes import CLOSED, ENDINGS, PAIRS, Ending, Lane, bytes_of, name_of
from tests.simulation.streams.outcomes import counts_on, is_refused, settled_once
from tests.simulation.streams.surfaces import events_in
from tests.simulation.streams.upstreams import ANSWER

lanes = pytest.mark.parametrize("lane", PAIRS, indirect=True, ids=name_of)
sse = pytest.mark.parametrize(
    "lane", [pair for pair in PAIRS if pair[1].name != "bedrock"], indirect=True, ids=name_of
)
HANDFUL = settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    # A lane keeps nothing of a call.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
KEEPALIVE = b": still here\n\n"


@lanes
def test_byte_by_byte_is_as_in_one_piece(lane: Lane) -> None:
    assert differences(lane, bytes_of(lane.stream.data), [lane.stream.data]) == []


@lanes
@HANDFUL
@given(drawn=st.data())
def test_any_chunks_of_any_beginning_are_as_one_piece_of_it(
    lane: Lane, drawn: st.DataObject
) -> None:
    data = lane.stream.data
    beginning = data[: drawn.draw(st.integers(0, len(data)))]
    ending = drawn.draw(st.sampled_from(ENDINGS))
    chunks = drawn.draw(cuts(beginning))

    assert differences(lane, chunks, [beginning], ending) == []


@sse
@pytest.mark.parametrize("events_missing", [0, 3], ids=["whole", "broken"])
def test_so_it_is_with_comments_and_with_other_ends_of_lines(
    lane: Lane, events_missing: int
) -> None:
    data = b"".join(commented(lane, len(lane.stream.events) - events_missing))

    assert differences(lane, bytes_of(data), [data]) == []


@sse
def test_comments_and_ends_of_lines_change_neither_words_nor_charge(lane: Lane) -> None:
    shown = asyncio.run(lane.send(commented(lane, len(lane.stream.events))))

    seen = events_in(shown.body.replace(KEEPALIVE, b""))
    assert lane.asked.said(seen) == ANSWER.text
    [charge] = shown.named("inference_request.charged")
    assert (charge["basis"], charge["amount"]) == ("reported", lane.stream.charge)


@sse
def test_comments_and_ends_of_lines_do_not_hide_where_an_answer_broke(lane: Lane) -> None:
    events = lane.stream.whole_at - 1
    shown = asyncio.run(lane.send(commented(lane, events)))

    *seen, last = events_in(shown.body.replace(KEEPALIVE, b""))
    assert lane.asked.said(seen) == lane.stream.words_in(events)
    assert lane.asked.failed(last, CLOSED.code)
    assert counts_on([*seen, last])


@sse
@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_a_comment_is_no_output_so_the_call_can_still_go_elsewhere(
    lane: Lane, ending: Ending
) -> None:
    shown = asyncio.run(lane.send((KEEPALIVE, KEEPALIVE), ending))

    settled_once(lane, shown, "after comments")
    is_refused(lane, shown, ending.code, "after comments")


def commented(lane: Lane, events: int) -> list[bytes]:
    """Some events with comments around them, and lines that end as HTTP's do."""
    plain = [event.replace(b"\r\n", b"\n") for event in lane.stream.events[:events]]
    return [(KEEPALIVE + event + KEEPALIVE).replace(b"\n", b"\r\n") for event in plain]


def differences(
    lane: Lane, some: list[bytes], others: list[bytes], ending: Ending = CLOSED
) -> list[str]:
    """Name what is not the same when the same bytes come in other chunks."""

    async def scenario() -> list[str]:
        one, other = await lane.send(some, ending), await lane.send(others, ending)
        names = ("status", "headers", "body", "events", "sent", "leaked", "settled")
        return [
            f"{name}: {getattr(one, name)!r} is {getattr(other, name)!r}"
            for name in names
            if getattr(one, name) != getattr(other, name)
        ]

    return asyncio.run(scenario())
