"""A file that appears whole or not at all, whatever is killed when.

It is written without a name, or under a hidden one where the file system knows no nameless files,
and named once it is on disk.
"""

import hashlib
import io
import os
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from projections.exports.errors import TargetTakenError

_MODE = 0o666
_CHUNK = 1 << 20


class WholeFile(io.RawIOBase):
    """A stream of bytes with their hash; leaving the context by an error leaves no file.

    `replace` says whether a file of this name may go. Raises TargetTakenError, or OSError.
    """

    def __init__(self, path: Path, *, replace: bool = False, nameless: bool = True) -> None:
        super().__init__()
        if not replace and path.exists():
            raise TargetTakenError(path)
        self.size = 0
        self._path = path
        self._replace = replace
        self._hash = hashlib.sha256()
        self._hidden = path.with_name(f".{uuid.uuid4().hex}.part")
        self._named = False
        self._file = io.BufferedWriter(io.FileIO(self._open(nameless), "wb"), _CHUNK)

    @property
    def sha256(self) -> str:
        """The hash of what has been written so far, in hex."""
        return self._hash.hexdigest()

    def writable(self) -> bool:
        """Say that this is a stream to write to."""
        return True

    def write(self, data: Any) -> int:
        """Append bytes."""
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def publish(self) -> None:
        """Put all of it on disk and give it its name; raises TargetTakenError if that is taken."""
        self._file.flush()
        os.fsync(self._file.fileno())
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            if self._replace:
                self._hide(folder)
                self._hidden.replace(self._path)
            else:
                self._link(self._path, folder)
            os.fsync(folder)
        finally:
            os.close(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.publish()
        finally:
            self._file.close()
            if self._named:
                self._hidden.unlink(missing_ok=True)

    def _open(self, nameless: bool) -> int:
        if nameless:
            # Some file systems have no nameless files; whatever else is wrong, the next try says.
            with suppress(AttributeError, OSError):
                return os.open(self._path.parent, os.O_TMPFILE | os.O_WRONLY, _MODE)
        self._named = True
        return os.open(self._hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE)

    def _hide(self, folder: int) -> None:
        """Give it its hidden name: only a name can take the place of another in one step."""
        if not self._named:
            self._link(self._hidden, folder)
            self._named = True

    def _link(self, path: Path, folder: int) -> None:
        source = self._hidden if self._named else Path(f"/proc/self/fd/{self._file.fileno()}")
        try:
            # Naming the folder by its number makes Python follow the link to the nameless file.
            os.link(source, path.name, dst_dir_fd=folder)
        except FileExistsError:
            raise TargetTakenError(path) from None
