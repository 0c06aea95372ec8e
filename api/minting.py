"""Minting ids: UUIDv7 (RFC 9562 §5.7) with the shard in its last bits."""

import os
import time
from uuid import UUID

from domain.ids import in_shard

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_BITS = 62


def mint(shard: int) -> UUID:
    """Mint an id that sorts by the millisecond it was minted in."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    high = random >> _RANDOM_BITS & 0xFFF
    low = random & ((1 << _RANDOM_BITS) - 1)
    value = milliseconds << 80 | _VERSION_7 | high << 64 | _VARIANT | low
    return in_shard(UUID(int=value), shard)


def minted_ms(minted: UUID) -> int:
    """Tell when an id of ours was minted, in milliseconds since 1970; of any other, anything."""
    return minted.int >> 80
