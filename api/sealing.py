"""The seal wired up: who signs, what it signs with, and what a verify holds against the books."""

import logging
import stat
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from itertools import takewhile
from typing import Final

from prometheus_client import Counter
from psycopg import Connection

from adapters.ledger.connection import connect
from adapters.seal.archive import Archive, read_heads, read_log
from adapters.seal.errors import SealBrokenError
from adapters.seal.keys import SealKeyError, read_key, read_trusted
from adapters.seal.sealer import Sealer
from api.settings import Settings
from projections.audit.findings import Findings
from projections.audit.outside import Evidence
from projections.audit.seal import SealAudit
from projections.events import WINDOW, WholeLog

RECHECK_SECONDS: Final = 12
"""For so much time between signatures one window of sealed events is hashed again, in 20 ms."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

_log = logging.getLogger("tollbook.seal")


def check_key(settings: Settings) -> None:
    """Raise SealKeyError for a key that cannot sign, before anything starts."""
    if settings.seal_key_file is not None:
        read_key(settings.seal_key_file)
        if settings.seal_key_file.stat().st_mode & _OTHERS:
            _log.warning("the seal's key can be read by others than its owner")


def sealer_of(settings: Settings, database_url: str) -> Sealer | None:
    """Build the sealer, or nothing without a key; raises SealKeyError."""
    if settings.seal_key_file is None:
        return None
    key = read_key(settings.seal_key_file)
    failures = Counter(
        "tollbook_seal_failures", "Passes that could not sign the log", registry=None
    )
    return Sealer(
        partial(connect, database_url, role=None),
        key,
        archive_of(settings),
        every_seconds=settings.seal_seconds,
        recheck=Recheck(max(1, round(settings.seal_seconds / RECHECK_SECONDS))),
        failed=failures.inc,
    )


def archive_of(settings: Settings) -> Archive | None:
    """Give the folder outside, if there is one."""
    return Archive(settings.seal_dir) if settings.seal_dir is not None else None


@contextmanager
def sealing(settings: Settings, database_url: str) -> Generator[None]:
    """Seal meanwhile, in a thread; nothing happens without a key."""
    try:
        sealer = sealer_of(settings, database_url)
    except SealKeyError:
        # The key was there when `serve` began: the rest of the books must not wait for it.
        _log.critical("THE SEAL'S KEY IS GONE, nothing is signed until a restart", exc_info=True)
        sealer = None
    if sealer is None:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=sealer.run, args=(stop,), name="sealer")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def evidence_of(settings: Settings) -> Evidence:
    """Gather what is known besides the database; raises SealKeyError, OSError or ValueError.

    What gets out after this call is left alone: a snapshot that is taken next may not have it.
    """
    signed = read_trusted(settings.seal_key_file).signed if settings.seal_key_file else None
    archive = archive_of(settings)
    if archive is None:
        return Evidence(signed)
    newest = archive.newest()
    size, position = (newest.tree_size, newest.position) if newest else (0, 0)
    return Evidence(
        signed,
        takewhile(lambda head: head.tree_size <= size, read_heads(archive.folder)),
        takewhile(lambda pair: pair[1][0] <= position, read_log(archive.folder)),
        position,
    )


class Recheck:
    """Goes over the sealed log again, a part each time and from the start when it is through.

    Called with the owner's connection; once it has found something it lets nothing more be signed.
    """

    def __init__(self, windows: int) -> None:
        self._windows = windows
        self._log = WholeLog()
        self._findings = Findings()
        self._audit: SealAudit | None = None
        self._position = 0

    def __call__(self, conn: Connection) -> None:
        """Look at the next part; raises SealBrokenError naming what no longer matches."""
        for _ in range(self._windows):
            self._look(conn)
            if self._findings.kept:
                first = self._findings.kept[0]
                message = f"position {first.position}: {first.message}"
                raise SealBrokenError(message)
            if self._audit is None:
                return

    def _look(self, conn: Connection) -> None:
        if self._audit is None:
            self._audit, self._position = SealAudit(self._findings), 0
            self._audit.begin(conn)
        end = self._audit.sealed.position
        upto = min(end, self._position + WINDOW)
        rows = self._log.window(conn, self._position, upto)
        self._audit.take(conn, rows, self._position, upto)
        self._position = upto
        if upto == end:
            self._audit.finish(conn, end)
            self._audit = None
