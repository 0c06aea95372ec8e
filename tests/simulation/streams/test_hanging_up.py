"""A caller who leaves in the middle pays once, for what the call came to."""

import asyncio

import pytest

from tests.simulation.streams.lanes import CLOSED, LOST, PAIRS, Lane, name_of
from tests.simulation.streams.outcomes import settled_once

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
def test_what_had_come_is_charged_if_the_upstream_breaks_too(lane: Lane, ending) -> None:
    async def scenario() -> None:
        events = lane.stream.whole_at - 1
        for parts in range((await lane.send(lane.stream.events[:events], ending)).parts):
            at = f"after {parts} parts"
            shown = await lane.send(lane.stream.events[:events], ending, leaves_after=parts)

            settled_once(lane, shown, at)
            [charge] = shown.named("inference_request.charged")
            assert "truncated" in charge["flags"], at

    asyncio.run(scenario())
