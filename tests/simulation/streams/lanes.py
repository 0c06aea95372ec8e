"""Every way from a surface to an upstream, and ways in which a stream may end on it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.matrix.gateway import UPSTREAMS, Upstream
from tests.scripted_answers import Received
from tests.simulation.streams.caller import Shown
from tests.simulation.streams.shop import Shop
from tests.simulation.streams.surfaces import SURFACES, Asked
from tests.simulation.streams.text_upstream import COMPLETIONS
from tests.simulation.streams.upstreams import Stream, stream_for
from tests.simulation.streams.wire import Pieces

ALL_UPSTREAMS = (*UPSTREAMS, COMPLETIONS)
PAIRS = [
    (asked, upstream)
    for upstream in ALL_UPSTREAMS
    for asked in SURFACES
    if upstream is not COMPLETIONS or asked.name == "completions"
]


def name_of(pair: tuple[Asked, Upstream]) -> str:
    asked, upstream = pair
    return f"{asked.name}-{upstream.name}"


@dataclass(frozen=True)
class Ending:
    """How a stream comes to its end."""

    name: str
    error: type[httpx.TransportError] | None = None
    says: Callable[[Stream], bytes] | None = None
    """What the upstream says last, which spoils also a whole answer."""
    code: str = "upstream_error"
    """What the caller is told if the answer is not whole."""

    def spares(self, stream: Stream, events: int) -> bool:
        """Whether an answer of so many events is whole in spite of it.

        A lost connection may have had the usage still to come; a closed one never had.
        """
        if self.says:
            return events >= stream.over_at
        return events >= (stream.counted_at if self.error else stream.whole_at)


CLOSED = Ending("closed")
LOST = Ending("lost", httpx.ReadError)
ENDINGS = (
    CLOSED,
    LOST,
    Ending("mangled", httpx.RemoteProtocolError),
    Ending("stalled", httpx.ReadTimeout, code="upstream_timeout"),
    Ending("told", says=Stream.told),
    Ending("nonsense", says=Stream.nonsense),
)


@dataclass
class Lane:
    """One surface's calls through one upstream."""

    asked: Asked
    stream: Stream
    whole: Shown
    shop: Shop

    @property
    def begins_at(self) -> int:
        """With how many events there is something to show at the latest."""
        return self.stream.thinks_at if self.asked.thinks else self.stream.speaks_at

    async def cut(self, at: int, ending: Ending, **manners: Any) -> Shown:
        """Make a call whose every answer has so many bytes."""
        return await self.send((self.stream.data[:at],), ending, **manners)

    async def send(self, pieces: Sequence[bytes], ending: Ending = CLOSED, **manners: Any) -> Shown:
        """Make a call that is answered by these pieces, on any route."""
        last = (ending.says(self.stream),) if ending.says else ()
        script = Pieces(self.stream.content_type, (*pieces, *last), ending.error)
        return await self.shop.call(self.asked, lambda number, request: script, **manners)

    async def fail_over(self, at: int, ending: Ending) -> Shown:
        """Make a call whose first answer is cut, and whose second is whole."""
        cut = Pieces(self.stream.content_type, (self.stream.data[:at],), ending.error)
        whole = Pieces(self.stream.content_type, (self.stream.data,))
        return await self.shop.call(self.asked, lambda number, request: whole if number else cut)


async def open_lane(asked: Asked, upstream: Upstream, shop: Shop) -> Lane:
    """Learn what the upstream answers here, and what a call comes to when nothing goes wrong."""
    streams: list[Stream] = []

    def answer(number: int, request: Received) -> Pieces:
        streams.append(stream_for(upstream, request))
        return Pieces(streams[0].content_type, streams[0].events)

    shown = await shop.call(asked, answer)
    [stream] = streams
    return Lane(asked, stream, shown, shop)


def boundaries(lane: Lane) -> Iterator[tuple[int, int, Ending]]:
    """Every number of whole events, the bytes that they are, and every ending."""
    for events, at in enumerate(lane.stream.ends):
        for ending in ENDINGS:
            yield events, at, ending


def bytes_of(data: bytes) -> list[bytes]:
    """Each on its own."""
    return [data[at : at + 1] for at in range(len(data))]
