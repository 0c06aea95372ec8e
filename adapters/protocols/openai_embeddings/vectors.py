"""Vectors on the wire: lists of numbers, or base64 of little-endian 32-bit floats."""

import base64
import struct
from collections.abc import Sequence

Vector = Sequence[float]


def pack(vector: Vector) -> str:
    """Write a vector as base64."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
