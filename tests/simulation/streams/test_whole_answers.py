"""Answers that hardly begin before they are over, and streams that break before they begin."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.matrix.features import Feature
from tests.matrix.gateway import UPSTREAMS, Upstream
from tests.simulation.streams import upstreams
from tests.simulation.streams.lanes import (
    CLOSED,
    ENDINGS,
    LOST,
    PAIRS,
    Lane,
    bytes_of,
    name_of,
    open_lane,
)
from tests.simulation.streams.outcomes import is_whole, settled_once
from tests.simulation.streams.shop import SPARE, Shop
from tests.simulation.streams.surfaces import SURFACES, Asked, events_in

lanes = pytest.mark.parametrize("lane", PAIRS, indirect=True, ids=name_of)


@lanes
def test_a_stream_that_breaks_before_output_goes_on_elsewhere(lane: Lane) -> None:
    async def scenario() -> None:
        for events in range(lane.begins_at):
            for ending in ENDINGS:
                at = f"{ending.name} after {events} events"
                shown = await lane.fail_over(lane.stream.ends[events], ending)
                if shown.sent == 1:
                    assert events > 0, at
                    return  # something to show came before any words did
                settled_once(lane, shown, at)
                assert events_in(shown.body) == events_in(lane.whole.body), at
                assert shown.headers[b"x-daoe-failover"] == b"1", at
                [charge] = shown.named("inference_request.charged")
                told = (charge["provider"], charge["amount"], charge["flags"])
                assert told == (SPARE, lane.stream.charge, []), at

    asyncio.run(scenario())


@pytest.mark.parametrize("pair", PAIRS, ids=name_of)
def test_where_broken_answers_cost_nothing_only_who_left_has_to_pay_for_one(
    pair: tuple[Asked, Upstream], tmp_path: Path
) -> None:
    asked, upstream = pair

    async def scenario() -> None:
        shop = Shop(upstream, tmp_path, broken_stream="release")
        await shop.open()
        lane = await open_lane(asked, upstream, shop)
        for events in range(lane.begins_at, lane.stream.whole_at):
            shown = await lane.cut(lane.stream.ends[events], LOST)
            settled_once(lane, shown, f"after {events} events")
            assert lane.asked.failed(events_in(shown.body)[-1], LOST.code)
            [release] = shown.named("inference_request.released")
            assert release["reason"] == "upstream_error"
        begun = lane.stream.data[: lane.stream.ends[lane.stream.whole_at - 1]]
        shown = await lane.send(bytes_of(begun), LOST, leaves_after=0)
        [charge] = shown.named("inference_request.charged")
        assert "truncated" in charge["flags"]
        is_whole(lane, lane.whole, len(lane.stream.events), "in the end")

    asyncio.run(scenario())


SILENT = Feature("silent", text="")
"""A model may have nothing to say, and is paid for that too."""
INCREMENTAL = next(asked for asked in SURFACES if asked.name == "dashscope")
PLAIN = {**INCREMENTAL.body, "parameters": {"result_format": "text"}}
TEXT = replace(INCREMENTAL, name="dashscope.text", body=PLAIN)
LANES = [
    pytest.param(asked, upstream, id=f"{asked.name}-{upstream.name}")
    for asked in (*SURFACES, TEXT)
    for upstream in UPSTREAMS
]


@pytest.mark.parametrize(("asked", "upstream"), LANES)
def test_an_answer_without_a_word_is_an_answer(
    asked: Asked, upstream: Upstream, shops: dict[str, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstreams, "ANSWER", SILENT)
    lane = asyncio.run(open_lane(asked, upstream, shops[upstream.name]))

    for ending in (CLOSED, LOST):
        shown = asyncio.run(lane.send((lane.stream.data,), ending))

        settled_once(lane, shown, ending.name)
        assert (shown.status, shown.sent) == (200, 1)
        assert asked.ended(events_in(shown.body)[-1])
        [charge] = shown.named("inference_request.charged")
        assert (charge["basis"], charge["amount"]) == ("reported", lane.stream.charge)
