"""An audit without a database: a log as a list, and a story in which everything happens once."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
from psycopg import Connection

from adapters.ledger.event_codec import encode
from domain import manage
from domain.quota import DAY, Quota
from projections.audit.auditor import Auditor
from projections.audit.findings import Finding
from tests.projections.history import History

Stored = list[Any]
"""A position, a topic, an originator and its fields."""
NEVER = datetime.max.replace(tzinfo=UTC)


class Archive:
    """What an auditor looks up, without a database."""

    def __init__(self, log: list[Stored]) -> None:
        self._log = log

    def execute(self, _: str, asked: tuple[str, int] | None = None) -> list[tuple[Any, ...]]:
        if asked is None:
            return []
        originator_id, before = asked
        return [written(e) for e in self._log if e[2] == originator_id and e[0] < before]


def written(event: Stored) -> tuple[int, str, str, bytes]:
    position, topic, originator_id, fields = event
    return position, topic, originator_id, orjson.dumps(fields)


def log_of(history: History) -> list[Stored]:
    rows = [encode(fact) for fact in history.ledger.facts]
    return [
        [position, row.topic, cast("UUID", row.originator_id).hex, orjson.loads(row.state)]
        for position, row in enumerate(rows, 1)
    ]


def audited(log: list[Stored], now: datetime = NEVER) -> tuple[list[Finding], list[Finding]]:
    """Give violations and warnings."""
    auditor = Auditor(cast("Connection", Archive(log)))
    auditor.take(written(event) for event in log)
    warnings = auditor.finish(now - timedelta(days=2), timedelta(minutes=2))
    return auditor.findings.kept, warnings


def story() -> History:
    """One customer, to whom everything happens once."""
    told = History(customers=1)
    told.join(quota=Quota(100_000, DAY), allowed_models=["m"])
    told.grant(1_000, expires_at=told.now + timedelta(days=1), category="promotional")
    told.grant(50_000)
    told.grant(500, expires_at=told.now + timedelta(days=1), priority=9)
    corrected = told.reserve(100, 400)
    told.charge(corrected, {"input": 100, "output": 300})
    told.correct(corrected, 200)
    told.correct(corrected, -100)
    told.release(told.reserve(100, 400))
    told.charge(told.reserve(10, 10), {"input": 400, "output": 10})
    told.charge(told.reserve(10, 10), {"input": 400, "output": 10}, basis="partial")
    forgotten = told.reserve(100, 400)
    told.tick(minutes=11)
    told.sweep(forgotten)
    told.charge(forgotten, {"input": 100, "output": 5})
    told.do(manage.void_grant(told.who.wallet_id, told.grant(77), reason="no", actor="operator"))
    held = told.reserve(100, 400, hold_for=timedelta(days=9))
    told.tick(days=2)
    told.release(held)
    told.reserve(1, 1, hold_for=timedelta(days=300))
    told.freeze()
    told.freeze(frozen=False)
    return told


def log_time(log: list[Stored]) -> datetime:
    return datetime.fromisoformat(log[-1][3]["timestamp"]) + timedelta(days=2)
