"""Minting ids: UUIDv7 (RFC 9562 §5.7) with the shard in its last bits."""

import os
import time
from uuid import UUID

from domain.ids import in_shard

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_BITS = 62
_RANDOM_BYTES = 10
_DRAWN_AT_ONCE = 400

_drawn: list[bytes] = []
"""Randomness not yet used: the system is slow to ask, and takes its time for much as for little."""
os.register_at_fork(after_in_child=_drawn.clear)


def mint(shard: int) -> UUID:
    """Mint an id that sorts by the millisecond it was minted in."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(_draw())
    high = random >> _RANDOM_BITS & 0xFFF
    low = random & ((1 << _RANDOM_BITS) - 1)
    value = milliseconds << 80 | _VERSION_7 | high << 64 | _VARIANT | low
    return in_shard(UUID(int=value), shard)


def _draw() -> bytes:
    """Take what nobody else has taken: a list gives each item away once, to whichever thread."""
    while True:
        try:
            return _drawn.pop()
        except IndexError:
            fresh = os.urandom(_DRAWN_AT_ONCE * _RANDOM_BYTES)
            starts = range(0, len(fresh), _RANDOM_BYTES)
            _drawn.extend(fresh[start : start + _RANDOM_BYTES] for start in starts)


def minted_ms(minted: UUID) -> int:
    """Tell when an id of ours was minted, in milliseconds since 1970; of any other, anything."""
    return minted.int >> 80
