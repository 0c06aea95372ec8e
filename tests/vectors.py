"""Reading the vectors that the gateway packs, as its clients' SDKs do."""

import base64
import struct


def unpacked(text: str) -> list[float]:
    """Read base64 of little-endian 32-bit floats."""
    return [number for (number,) in struct.iter_unpack("<f", base64.b64decode(text))]
