"""The sandbox's embeddings: the same input gets the same vector of length one."""

import hashlib
import math
import struct
from typing import Final

from adapters.protocols.openai_embeddings.vectors import Vector

DIMENSIONS: Final = 256
DIMENSIONS_MAX: Final = 1_024
_SCALE: Final = 2**31


def vector_of(said: str | list[int], dimensions: int | None) -> Vector:
    """Make a vector out of a digest; nothing can be learnt from its direction."""
    length = dimensions or DIMENSIONS
    raw = said.encode() if isinstance(said, str) else repr(said).encode()
    numbers = struct.unpack(f"<{length}i", hashlib.shake_256(raw).digest(4 * length))
    scaled = [number / _SCALE for number in numbers]
    norm = math.hypot(*scaled)
    return [number / norm for number in scaled]
