"""The spool: settlings that the ledger could not take, kept on disk until it can."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import orjson

from domain.settle_call import SettleCall


class Spool:
    """A folder with one file a settling; each is on disk before `write` returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder

    def write(self, settling: SettleCall) -> None:
        """Keep a settling; a second one of the same call takes the first one's place."""
        path = self._folder / f"{settling.request_id.hex}.json"
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            file.write(orjson.dumps(settling.to_json()))
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        self._sync_folder()

    def waiting(self) -> Iterator[tuple[Path, SettleCall]]:
        """Walk what is kept, oldest first."""
        for path in sorted(self._folder.glob("*.json"), key=_written_at):
            with suppress(FileNotFoundError):
                yield path, SettleCall.from_json(orjson.loads(path.read_bytes()))

    def drop(self, path: Path) -> None:
        """Forget a settling that the ledger has taken; another worker may have been quicker."""
        path.unlink(missing_ok=True)

    def set_aside(self, settling: SettleCall) -> None:
        """Keep a settling that the ledger cannot take at all, for an operator to look at."""
        path = self._folder / f"{settling.request_id.hex}.json"
        if not path.exists():
            self.write(settling)
        path.rename(path.with_suffix(".failed"))
        self._sync_folder()

    def __bool__(self) -> bool:
        return next(self._folder.glob("*.json"), None) is not None

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0
