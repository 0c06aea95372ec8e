"""A caller who leaves in the middle pays once, for what the call came to."""

import asyncio
from pathlib import Path

import pytest

from tests.matrix.gateway import Upstream
from tests.simulation.streams.lanes import (
    CLOSED,
    LOST,
    PAIRS,
    Ending,
    Lane,
    name_of,
    open_lane,
)
from tests.simulation.streams.outcomes import settled_once
from tests.simulation.streams.shop import Shop
from tests.simulation.streams.surfaces import Asked

lanes = pytest.mark.parametrize("lane", PAIRS, indirect=True, ids=name_of)
MANNERS = [
    pytest.param({}, id="sending-does-nothing"),
    pytest.param({"deaf": True}, id="sending-fails"),
    pytest.param({"deaf": True, "cancels": True}, id="server-cancels"),
]


@lanes
@pytest.mark.parametrize("manners", MANNERS)
def test_the_upstream_is_read_to_its_end_and_its_report_charged(
    lane: Lane, manners: dict[str, bool]
) -> None:
    async def scenario() -> None:
        for parts in range(lane.whole.parts):
            at = f"after {parts} parts"
            shown = await lane.send(lane.stream.events, leaves_after=parts, **manners)

            settled_once(lane, shown, at)
            [charge] = shown.named("inference_request.charged")
            assert (charge["basis"], charge["amount"]) == ("reported", lane.stream.charge), at
            assert (shown.status, shown.parts) == (200, parts), at
            assert lane.whole.body.startswith(shown.body), at

    asyncio.run(scenario())


@lanes
@pytest.mark.parametrize("ending", [CLOSED, LOST], ids=lambda ending: ending.name)
def test_what_had_come_is_charged_if_the_upstream_breaks_too(lane: Lane, ending: Ending) -> None:
    async def scenario() -> None:
        events = lane.stream.whole_at - 1
        for parts in range((await lane.send(lane.stream.events[:events], ending)).parts):
            at = f"after {parts} parts"
            shown = await lane.send(lane.stream.events[:events], ending, leaves_after=parts)

            settled_once(lane, shown, at)
            [charge] = shown.named("inference_request.charged")
            assert "truncated" in charge["flags"], at

    asyncio.run(scenario())


@lanes
@pytest.mark.parametrize("ending", [CLOSED, LOST], ids=lambda ending: ending.name)
def test_leaving_in_the_moment_in_which_the_answer_ends_is_nothing_to_complain_of(
    lane: Lane, ending: Ending, caplog: pytest.LogCaptureFixture
) -> None:
    begun = lane.stream.ends[lane.begins_at]
    beginning, rest = lane.stream.data[:begun], lane.stream.data[begun:-1]
    for turns in range(4):
        more = [rest[turn : turn + 1] for turn in range(turns)]
        shown = asyncio.run(lane.send((beginning, *more), ending, leaves_after=0))
        settled_once(lane, shown, f"with {turns} more turns of the loop")

    assert caplog.records == []


@pytest.mark.parametrize("pair", PAIRS, ids=name_of)
def test_where_nobody_reads_on_for_who_has_left_he_pays_for_what_had_come(
    pair: tuple[Asked, Upstream], tmp_path: Path
) -> None:
    async def scenario() -> None:
        asked, upstream = pair
        shop = Shop(upstream, tmp_path, abandoned_seconds=0)
        await shop.open()
        lane = await open_lane(asked, upstream, shop)
        for parts in range(lane.whole.parts // 2):
            at = f"after {parts} parts"
            shown = await lane.send(lane.stream.events, leaves_after=parts)

            settled_once(lane, shown, at)
            [charge] = shown.named("inference_request.charged")
            assert "truncated" in charge["flags"], at

    asyncio.run(scenario())
