"""AWS event-stream frames: from bytes in any chunks to whole messages, both checksums checked.

total length · length of headers · CRC of these eight bytes · headers · payload · CRC of it all
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

FRAME_BYTES_MAX: Final = 24 * 1024 * 1024
HEADER_BYTES_MAX: Final = 128 * 1024

_PRELUDE: Final = struct.Struct(">III")
_CRC: Final = struct.Struct(">I")
_LENGTH: Final = struct.Struct(">H")
_LEAST: Final = _PRELUDE.size + _CRC.size
_STRING, _BYTES = 7, 6
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""How long values are by their type, where all of a type are alike."""


class BrokenFrameError(Exception):
    """These bytes are no event stream, or were changed on the way."""


class Frame(NamedTuple):
    """One message; headers that are no text are left out."""

    headers: dict[str, str]
    payload: bytes


class FrameSplitter:
    """Keeps what has not ended yet."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Give the frames that these bytes complete; raises BrokenFrameError after the good ones.

        Read it to its end before the next bytes.
        """
        data = self._rest + data if self._rest else data
        at = 0
        try:
            while (size := _size_at(data, at)) and at + size <= len(data):
                yield _frame(data[at : at + size])
                at += size
        finally:
            self._rest = data[at:]


def _size_at(data: bytes, at: int) -> int:
    """Read how long the frame here is; zero while its prelude is not whole."""
    if len(data) - at < _PRELUDE.size:
        return 0
    total, headers, crc = _PRELUDE.unpack_from(data, at)
    if zlib.crc32(data[at : at + 8]) != crc:
        raise BrokenFrameError
    if total > FRAME_BYTES_MAX or headers > min(HEADER_BYTES_MAX, total - _LEAST):
        raise BrokenFrameError
    return int(total)


def _frame(data: bytes) -> Frame:
    _, length, _ = _PRELUDE.unpack_from(data)
    (crc,) = _CRC.unpack_from(data, len(data) - _CRC.size)
    if zlib.crc32(data[: -_CRC.size]) != crc:
        raise BrokenFrameError
    end = _PRELUDE.size + length
    return Frame(_headers(data[_PRELUDE.size : end]), data[end : -_CRC.size])


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            end = at + 1 + data[at]
            name, kind = data[at + 1 : end].decode(), data[end]
            at = end + 1
            if kind in {_STRING, _BYTES}:
                (size,) = _LENGTH.unpack_from(data, at)
                at += _LENGTH.size
            else:
                size = _SIZES[kind]
            if kind == _STRING:
                found[name] = data[at : at + size].decode()
            at += size
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise BrokenFrameError from error
    if at != len(data):
        raise BrokenFrameError
    return found
