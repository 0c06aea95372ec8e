"""A leaf of the sealed log: what is hashed of one stored event.

    leaf = for each of (tag, salt, position, originator, version, topic, state):
           its length in 4 bytes, then its bytes; integers in 8 bytes, big-endian, signed

The salt is random and kept beside the hash. Without it a neighbour's hash in a proof could be
guessed: nearly all fields of a supplier's fact are known to the customer whose call it was.
"""

from struct import Struct
from typing import Final

from domain.merkle import Hash, hash_leaf

TAG: Final = b"tollbook.leaf.1"
"""Raised with every change of the shape, so that no two shapes can be mistaken for each other."""
SALT_BYTES: Final = 16
"""What a sealer gives; a leaf takes any, so that a salt that was changed is only a wrong hash."""
ID_BYTES: Final = 16

_FIXED: Final = Struct(f">IqI{ID_BYTES}sIqI")
_LENGTH: Final = Struct(">I")
_TAG: Final = _LENGTH.pack(len(TAG)) + TAG


Stored = tuple[int, bytes, int, str, bytes]
"""A row of the log: position, originator's id as its 16 bytes, version, topic and state."""


def leaf_of(salt: bytes, event: Stored) -> bytes:
    """Write a stored event as its leaf."""
    position, originator_id, version, topic, state = event
    assert len(originator_id) == ID_BYTES, "struct would pad it"
    name = topic.encode()
    fixed = _FIXED.pack(8, position, ID_BYTES, originator_id, 8, version, len(name))
    return b"".join(
        (_TAG, _LENGTH.pack(len(salt)), salt, fixed, name, _LENGTH.pack(len(state)), state)
    )


def hash_of(salt: bytes, event: Stored) -> Hash:
    """Hash a stored event as its leaf."""
    return hash_leaf(leaf_of(salt, event))
