"""Reading correction batches, with the reasons that have not been erased."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from domain.money import Nanos

BATCH_REASON: Final = "correction_batch_reason"
"""The kind of erasable text; its subject is the batch."""
SHOWN_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class BatchRow:
    """What was announced and what is done, in nanos."""

    batch_id: UUID
    price_version: str
    selector: dict[str, str]
    count: int
    amount: Nanos
    done_count: int
    done_amount: Nanos
    completed: bool
    actor: str
    opened_at: datetime
    reason: str | None


async def batch(conn: AsyncConnection[Any], batch_id: UUID) -> BatchRow | None:
    """Find a batch."""
    async with conn.cursor(row_factory=class_row(BatchRow)) as cursor:
        await cursor.execute(_BATCHES + " WHERE batch_id = %s", (BATCH_REASON, batch_id))
        return await cursor.fetchone()


async def batches(conn: AsyncConnection[Any]) -> list[BatchRow]:
    """List the batches, the newest first."""
    async with conn.cursor(row_factory=class_row(BatchRow)) as cursor:
        await cursor.execute(
            _BATCHES + " ORDER BY position DESC LIMIT %s", (BATCH_REASON, SHOWN_MAX)
        )
        return await cursor.fetchall()


_BATCHES: LiteralString = """
    SELECT batch_id, price_version, selector, count, amount, done_count, done_amount, completed,
           actor, opened_at, text.body AS reason
    FROM read.correction_batches
    LEFT JOIN public.erasable_texts AS text ON text.subject_id = batch_id AND text.kind = %s
"""
