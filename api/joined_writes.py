"""One write where uvicorn makes several: each is a system call, and wakes its reader up."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

FLUSH_BYTES: Final = 64 * 1024
"""So much is not held back until the loop's next turn."""


class JoinedWrites(asyncio.Transport):
    """Holds what is written until the loop's turn ends; everything else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send this with what else is written in this turn of the loop."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(bytes(data))
        self._size += len(data)
        if self._size >= FLUSH_BYTES:
            self._flush()

    def is_closing(self) -> bool:
        """Tell whether it was closed, by whichever side."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell what the transport knows of its connection."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Take nothing from the peer for a while."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take more from the peer."""
        self._transport.resume_reading()

    def close(self) -> None:
        """Send what is held, then close."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._parts, self._size = [], 0
        self._transport.abort()

    def _flush(self) -> None:
        if self._parts:
            parts, self._parts, self._size = self._parts, [], 0
            # Whoever hung up in this turn of the loop is told nothing; a closed transport raises.
            if not self._transport.is_closing():
                self._transport.write(b"".join(parts))


class JoiningProtocol(HttpToolsProtocol):
    """uvicorn's HTTP, whose head and body leave together."""

    def connection_made(  # type: ignore[override]  # uvicorn narrows it, too
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to speak on a connection."""
        super().connection_made(JoinedWrites(transport, self.loop))
