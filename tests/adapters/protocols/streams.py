"""What holds for every decoder, however its stream is cut and wherever it ends."""

from collections.abc import Callable, Iterable, Iterator

from hypothesis import strategies as st

from adapters.protocols.canonical.answer import Answer
from adapters.protocols.canonical.builder import AnswerBuilder
from adapters.protocols.canonical.events import Began, Ended, Event, Grew, Signed, Stopped
from adapters.protocols.inbound import StreamDecoder


def read(decoder: StreamDecoder, pieces: Iterable[bytes]) -> list[Event]:
    return [event for piece in pieces for event in decoder.feed(piece)]


def answer_in(decoder: StreamDecoder, pieces: Iterable[bytes]) -> Answer:
    """The answer that a whole stream adds up to."""
    built = AnswerBuilder()
    built.add(checked(read(decoder, pieces)))
    assert decoder.complete
    assert not decoder.broken
    return built.answer(decoder.report)


def checked(events: list[Event], *, whole: bool = True) -> list[Event]:
    """Blocks begin in order, grow while they are open, and end; the reason to stop is last."""
    began, open_blocks = 0, set[int]()
    for position, event in enumerate(events):
        match event:
            case Began():
                assert event.index == began
                began += 1
                open_blocks.add(event.index)
            case Grew() | Signed():
                assert event.index in open_blocks
            case Ended():
                open_blocks.remove(event.index)
            case Stopped():
                assert position == len(events) - 1
                assert not open_blocks
    assert not whole or isinstance(events[-1], Stopped)
    return events


def cuts(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """This stream in any chunks."""
    places = st.lists(st.integers(0, len(data)), max_size=12).map(sorted)
    return places.map(
        lambda at: [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]
    )


def truncated(data: bytes, decoder: Callable[[], StreamDecoder]) -> Iterator[StreamDecoder]:
    """The decoder after every beginning of a stream, its events checked."""
    for end in range(len(data)):
        reading = decoder()
        checked(reading.feed(data[:end]), whole=False)
        yield reading
