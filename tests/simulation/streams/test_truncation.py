"""A stream that ends early ends in the documented way, wherever it is cut, and settles once."""

import asyncio

import pytest

from tests.simulation.streams.caller import Shown
from tests.simulation.streams.lanes import (
    ENDINGS,
    PAIRS,
    Ending,
    Lane,
    boundaries,
    name_of,
)
from tests.simulation.streams.outcomes import check

lanes = pytest.mark.parametrize("lane", PAIRS, indirect=True, ids=name_of)
TRIED_WHOLLY = {
    "chat-openai",
    "responses-responses",
    "messages-anthropic",
    "dashscope-dashscope",
    "chat-gemini",
    "messages-bedrock",
}
"""A lane of each upstream on which every byte is tried: the native one, where there is one."""
STRIDE = 71
WITHOUT_WORDS = 3
"""The first endings, before which the upstream says nothing more."""


@lanes
def test_after_any_event_a_call_ends_as_documented(lane: Lane) -> None:
    async def scenario() -> None:
        for events, at, ending in boundaries(lane):
            shown = await lane.cut(at, ending)
            check(lane, shown, events, ending, f"{ending.name} after {events} events")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "lane", [pair for pair in PAIRS if name_of(pair) in TRIED_WHOLLY], indirect=True, ids=name_of
)
def test_a_cut_at_any_byte_is_a_cut_after_the_last_whole_event(lane: Lane) -> None:
    asyncio.run(_cut_at(lane, range(len(lane.stream.data))))


@lanes
def test_so_it_is_on_every_lane(lane: Lane) -> None:
    first = PAIRS.index(next(p for p in PAIRS if p[0] is lane.asked)) * 5 % STRIDE
    asyncio.run(_cut_at(lane, range(first, len(lane.stream.data), STRIDE)))


async def _cut_at(lane: Lane, places: range) -> None:
    """Cut there, in one way after the other, and compare with the cut after the event before."""
    stream, expected = lane.stream, dict[tuple[int, Ending], Shown]()
    for at in places:
        ending, events_end = ENDINGS[at % WITHOUT_WORDS], stream.ends[stream.events_in(at)]
        if (events_end, ending) not in expected:
            expected[events_end, ending] = await lane.cut(events_end, ending)
        shown = await lane.cut(at, ending)
        assert shown.same_as(expected[events_end, ending]), f"{ending.name} at byte {at}"
