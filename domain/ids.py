"""Identifiers: what they are made of, and the shard that each of them names.

The last 16 bits of every id are its shard, so that a wallet, its keys and its requests
can be found on one event table without asking anywhere.
"""

import hashlib
import re
from functools import cache
from uuid import UUID, uuid5

SHARD_BITS = 16
_SHARD_MASK = (1 << SHARD_BITS) - 1
_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NAMESPACE = UUID("7b1f4a52-6d0c-5e43-9c58-70c1b7a9d2e4")

WALLET, KEY, REQUEST, CUSTOMER, GRANT, CORRECTION = "wal", "key", "req", "cus", "grt", "cor"
PAYMENT = "pay"
CONVERSATION = "conv"
MESSAGE = "evt"


def shard_of(aggregate_id: UUID) -> int:
    """Name the shard whose event table holds this aggregate."""
    return aggregate_id.int & _SHARD_MASK


def in_shard(random: UUID, shard: int) -> UUID:
    """Stamp a shard on a freshly minted id."""
    return UUID(int=(random.int & ~_SHARD_MASK) | shard)


def named(shard: int, *parts: str) -> UUID:
    """Derive the id of an aggregate that is found by its name, such as a credential."""
    joined = "\x1f".join(f"{len(part)}:{part}" for part in parts)
    return in_shard(uuid5(_NAMESPACE, joined), shard)


def credential_id(secret: str, shard: int) -> UUID:
    """Derive a credential's id from its secret without revealing it."""
    return named(shard, "credential", hashlib.sha256(secret.encode()).hexdigest())


@cache
def price_book_id(shard: int) -> UUID:
    """Name the one price book of a shard."""
    return named(shard, "price-book")


def public(prefix: str, aggregate_id: UUID) -> str:
    """Write an id as the outside sees it: `req_0192…`."""
    return f"{prefix}_{aggregate_id.hex}"


def parse_public(prefix: str, text: str) -> UUID | None:
    """Read an id that the outside wrote, or None if it cannot be one of ours."""
    head, _, tail = text.partition("_")
    return UUID(hex=tail) if head == prefix and _HEX.fullmatch(tail) else None
