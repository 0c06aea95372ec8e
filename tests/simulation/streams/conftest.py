"""Shops and lanes, opened once: every call on them is a first one."""

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from adapters.upstreams import converting
from tests.matrix.gateway import Upstream
from tests.simulation.streams.lanes import ALL_UPSTREAMS, Lane, open_lane
from tests.simulation.streams.shop import NOW, Shop
from tests.simulation.streams.surfaces import Asked

OpenLane = Callable[[Asked, Upstream], Lane]


@pytest.fixture(scope="module", autouse=True)
def _stopped_clock() -> Iterator[None]:
    """What answers say of when they were made is then the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(converting, "time", SimpleNamespace(time=NOW.timestamp))
        yield


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shop]:
    opened = {u.name: Shop(u, tmp_path_factory.mktemp(u.name)) for u in ALL_UPSTREAMS}
    for shop in opened.values():
        asyncio.run(shop.open())
    return opened


@pytest.fixture(scope="module")
def open_a_lane(shops: dict[str, Shop]) -> OpenLane:
    known: dict[tuple[str, str], Lane] = {}

    def opened(asked: Asked, upstream: Upstream) -> Lane:
        key = (asked.name, upstream.name)
        if key not in known:
            known[key] = asyncio.run(open_lane(asked, upstream, shops[upstream.name]))
        return known[key]

    return opened


@pytest.fixture
def lane(request: pytest.FixtureRequest, open_a_lane: OpenLane) -> Lane:
    return open_a_lane(*request.param)
