"""How large an image is, from its header alone; its pixels are never decoded."""

from io import BytesIO

import imagesize  # pyright: ignore[reportMissingTypeStubs]  # it has types, but no py.typed

HEADER_BYTES = 64 * 1024
"""The dimensions are within these, unless a photograph carries a very large profile."""


def dimensions(header: bytes) -> tuple[int, int] | None:
    """Read width and height of a PNG, JPEG, GIF or WebP; None when the header does not tell.

    Never raises: a broken header is sized like an image that nobody could look at.
    """
    if not _known(header):
        return None
    data = BytesIO(header[:HEADER_BYTES])
    width, height = imagesize.get(data, exif_rotation=False)  # pyright: ignore[reportUnknownMemberType]
    return (width, height) if width > 0 and height > 0 else None


def _known(header: bytes) -> bool:
    """Let only the formats that models take reach the reader: it knows others, some of them XML."""
    webp = header[:4] == b"RIFF" and header[8:12] == b"WEBP"
    return webp or header.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"GIF87a", b"GIF89a"))
