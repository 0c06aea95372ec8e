"""Bytes of HTTP answers, as the matrix's upstreams send them."""

import json
from collections.abc import Sequence

from tests.matrix.features import Json

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n%s\r\n\r\n"


def whole_answer(body: Json) -> list[bytes]:
    """One JSON body."""
    written = json.dumps(body).encode()
    return [HEAD % (b"application/json", b"content-length: %d" % len(written)) + written]


def chunked(parts: Sequence[bytes], content_type: bytes) -> list[bytes]:
    """A body in parts, each a chunk of its own."""
    framed = [b"%x\r\n%s\r\n" % (len(part), part) for part in parts]
    return [HEAD % (content_type, b"transfer-encoding: chunked"), *framed, b"0\r\n\r\n"]


def sse_answer(events: Sequence[tuple[str, Json | str]], end: str = "\n\n") -> list[bytes]:
    """A stream of events: their names, where they have one, and their data."""
    parts: list[bytes] = []
    for name, data in events:
        text = data if isinstance(data, str) else json.dumps(data)
        parts.append((f"event: {name}\n" if name else "").encode() + f"data: {text}{end}".encode())
    return chunked(parts, b"text/event-stream")
