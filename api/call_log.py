"""One line a call, written in bundles: a system call for each would cost more than the line."""

import asyncio
import time
from datetime import UTC, datetime
from typing import BinaryIO

import orjson

FLUSH_SECONDS = 0.1


class CallLog:
    """Buffers lines for a moment; what it is given names ids and figures, never a text."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lines: list[bytes] = []

    def write(self, **fields: str | int | None) -> None:
        """Add a line with the time; it is out after `FLUSH_SECONDS`, or at `flush`."""
        if not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        now = datetime.fromtimestamp(time.time(), UTC)
        line = {"time": now, "level": "info", "logger": "tollbook.calls", "message": "call"}
        self._lines.append(orjson.dumps(line | fields, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """Write what is there."""
        lines, self._lines = self._lines, []
        self._out.write(b"".join(lines))
        self._out.flush()
