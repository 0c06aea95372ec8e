"""Long answers in pieces: few small ones, since each costs something to send."""

from collections.abc import Iterable, Iterator
from typing import Final

CHUNK_BYTES: Final = 64 * 1024


def chunked(pieces: Iterable[bytes], size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Join small pieces to larger ones."""
    part = bytearray()
    for piece in pieces:
        part += piece
        if len(part) >= size:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)
