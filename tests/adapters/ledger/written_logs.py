"""Logs that are written down and taken in again, in tests."""

import hashlib
import io
import json
from typing import Any

from adapters.ledger.connection import connect
from adapters.ledger.log_export import export_log
from adapters.ledger.log_import import LogFile, import_log
from projections.upkeep import snapshot
from tests.projections.history import rows


def exported(url: str, **options: int) -> bytes:
    out = io.BytesIO()
    with connect(url, role=None) as conn, snapshot(conn):
        export_log(conn, out.write, lambda done, total: None, **options)
    return out.getvalue()


def taken_in(url: str, text: bytes) -> LogFile:
    log = LogFile(io.BytesIO(text), lambda done: None)
    with connect(url, role=None) as conn:
        import_log(conn, log)
    return log


def count(url: str) -> int:
    return int(rows(url, "SELECT count(*) FROM ledger_events")[0][0])


def sealed(lines: list[bytes], **changes: Any) -> bytes:
    """Put a trailer under lines that fits them, but for the changes."""
    body = b"".join(lines)
    last = json.loads(lines[-1]).get("position", 0)
    trailer = {
        "events": len(lines) - 1,
        "position": last,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return body + json.dumps({**trailer, **changes}).encode() + b"\n"


def changed(line: bytes, **changes: Any) -> bytes:
    return json.dumps({**json.loads(line), **changes}).encode() + b"\n"
