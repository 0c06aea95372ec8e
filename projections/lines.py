"""Lines of a document: few stay in memory, many go to a file, and a sum is kept of all."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Any, Final

import orjson

from domain.money import Nanos

IN_MEMORY_BYTES: Final = 1024 * 1024
_CANONICAL: Final = orjson.OPT_SORT_KEYS

Line = dict[str, Any]


class Lines:
    """Lines that are written once and then read in order, one reader at a time."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # closed by `close`
        self.count = 0
        self.amount: Nanos = 0

    def add(self, line: Line, amount: Nanos) -> None:
        """Add a line and its amount in nanos."""
        self._file.write(
            orjson.dumps(line, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
        )
        self.count += 1
        self.amount += amount

    def written(self) -> Iterator[bytes]:
        """Give each line as canonical JSON."""
        self._file.seek(0)
        for line in self._file:
            yield line[:-1]

    def array(self) -> Iterator[bytes]:
        """Write all of them as one JSON array, piece by piece."""
        start = b"["
        for line in self.written():
            yield start + line
            start = b","
        yield b"[]" if start == b"[" else b"]"

    def __iter__(self) -> Iterator[Line]:
        """Give each line."""
        return map(orjson.loads, self.written())

    def close(self) -> None:
        """Throw the lines away."""
        self._file.close()
