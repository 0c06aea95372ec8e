"""AWS event-stream frames, from bytes in any chunks; a changed bit is never believed."""

import struct

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, strategies as st

from adapters.protocols.bedrock.frames import BrokenFrameError, Frame, FrameSplitter
from tests.adapters.protocols.event_stream import event, exception, frame
from tests.adapters.protocols.streams import cuts

HEADERS = {":message-type": "event", "é": "ü"}
STREAM = event("a", {"x": 1}) + frame({}, b"") + exception("b") + frame(HEADERS, b"\x00\xff")
# Every type of value there is but text: yes, no, 1, 2, 4 and 8 bytes, bytes, a time, a UUID.
TYPED = b"".join(
    b"\x01x" + bytes([kind]) + value
    for kind, value in (
        (0, b""), (1, b""), (2, b"1"), (3, b"12"), (4, b"1234"), (5, b"12345678"),
        (6, b"\x00\x03abc"), (8, b"12345678"), (9, b"1234567890123456"),
    )
)  # fmt: skip


def frames(*pieces: bytes) -> list[Frame]:
    splitter = FrameSplitter()
    return [found for piece in pieces for found in splitter.feed(piece)]


def test_frames_are_read_as_amazons_own_library_reads_them() -> None:
    theirs = EventStreamBuffer()
    theirs.add_data(STREAM)

    assert [(found.headers, found.payload) for found in frames(STREAM)] == [
        (found.headers, found.payload) for found in theirs
    ]


@given(cuts(STREAM))
def test_how_they_are_cut_does_not_matter(pieces: list[bytes]) -> None:
    assert frames(*pieces) == frames(STREAM)


def test_headers_that_are_no_text_are_left_out() -> None:
    assert frames(frame({"name": "value"}, b"p", TYPED)) == [Frame({"name": "value"}, b"p")]


@given(st.integers(0, len(STREAM) * 8 - 1))
def test_no_frame_with_a_changed_bit_is_believed(bit: int) -> None:
    changed = bytearray(STREAM)
    changed[bit // 8] ^= 1 << bit % 8
    good = frames(STREAM)
    splitter, believed = FrameSplitter(), list[Frame]()
    with pytest.raises(BrokenFrameError):
        believed.extend(splitter.feed(bytes(changed)))
    # `extend` keeps what came before the fault.
    assert believed == good[: len(believed)]
    assert len(believed) < len(good)


@pytest.mark.parametrize("size", [15, 0, 24 * 1024 * 1024 + 1, 2**32 - 1])
def test_a_frame_of_an_impossible_size_is_broken_at_once(size: int) -> None:
    import zlib  # noqa: PLC0415

    prelude = struct.pack(">II", size, 0)
    with pytest.raises(BrokenFrameError):
        frames(prelude + struct.pack(">I", zlib.crc32(prelude)))


@pytest.mark.parametrize(
    "headers",
    [b"\x01x\x0a", b"\x05x", b"\x01x\x07\x00\x09abc", b"\x01x\x07\x00", b"\x01\xff\x00", b"\x01x"],
)
def test_headers_that_make_no_sense_break_the_stream(headers: bytes) -> None:
    with pytest.raises(BrokenFrameError):
        frames(frame({}, b"", headers))


@pytest.mark.parametrize("text", [b'{"message":"no stream"}', b"<html>" * 9, b"data: {}\n\n" * 3])
def test_what_is_no_event_stream_is_noticed(text: bytes) -> None:
    with pytest.raises(BrokenFrameError):
        frames(text)
