"""The beginnings of pictures of a given size, in every format that models take."""

import base64
import struct

FORMATS = ("png", "jpeg", "gif", "webp", "webp lossless", "webp extended")


def header(form: str, width: int, height: int) -> bytes:
    return {
        "png": _png,
        "jpeg": _jpeg,
        "gif": lambda w, h: b"GIF89a" + struct.pack("<HHBBB", w, h, 0, 0, 0),
        "webp": lambda w, h: _webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", w, h)),
        "webp lossless": lambda w, h: _webp(
            b"VP8L", b"\x2f" + struct.pack("<I", (w - 1) | (h - 1) << 14)
        ),
        "webp extended": lambda w, h: _webp(
            b"VP8X", b"\0\0\0\0" + _three_bytes(w - 1) + _three_bytes(h - 1)
        ),
    }[form](width, height)


def png_url(width: int, height: int) -> str:
    return "data:image/png;base64," + base64.b64encode(header("png", width, height)).decode()


def _png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x06\0\0\0"


def _jpeg(width: int, height: int) -> bytes:
    exif = b"\xff\xe1" + struct.pack(">H", 2 + 4000) + b"Exif\0\0" + b"x" * 3994
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\0" * 9
    return b"\xff\xd8" + exif + frame


def _webp(kind: bytes, chunk: bytes) -> bytes:
    data = kind + struct.pack("<I", len(chunk)) + chunk + b"\0" * 16
    return b"RIFF" + struct.pack("<I", 4 + len(data)) + b"WEBP" + data


def _three_bytes(number: int) -> bytes:
    return struct.pack("<I", number)[:3]
