"""Erasing the texts that commands left without a use, by what the log says in the end."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

GRACE_SECONDS: Final = 600
"""Far longer than a command can wait for its commit, or a lost commit for its outcome."""
LOOKED_AT_ONCE: Final = 1_000


class _Due(NamedTuple):
    """A command that may have left texts without a use."""

    due_id: int
    owner_id: UUID
    since_version: int
    kind: str
    field: str | None
    subject_id: UUID | None


async def sweep_texts(pool: AsyncConnectionPool, grace_seconds: float = GRACE_SECONDS) -> int:
    """Erase what no fact names, and what another text took the place of; returns how many texts.

    Raises psycopg.Error; what was not looked at then is looked at the next time.
    """
    erased = 0
    async with pool.connection() as conn:
        rows = await (await conn.execute(_OLD, (grace_seconds, LOOKED_AT_ONCE))).fetchall()
        for row in rows:
            due = _Due(*row)
            erased += await _erase(conn, due)
            await conn.execute(_DONE, (due.due_id,))
    return erased


async def _erase(conn: AsyncConnection[Any], due: _Due) -> int:
    named = await _named(conn, due)
    erased = 0
    if due.subject_id is not None and due.subject_id not in named:
        erased += (await conn.execute(_NEVER_NAMED, (due.subject_id, due.kind))).rowcount
    if due.field is not None and named:
        places = {"owner": due.owner_id, "kind": due.kind, "last": named[-1], "due": due.due_id}
        erased += (await conn.execute(_REPLACED, places)).rowcount
    return erased


async def _named(conn: AsyncConnection[Any], due: _Due) -> list[UUID | None]:
    """List which texts the owner's facts have named since, None where they named none."""
    since = {"owner": due.owner_id, "version": due.since_version, "field": due.field}
    if due.field is None:
        return [owner for (owner,) in await (await conn.execute(_BEGUN, since)).fetchall()]
    rows = await (await conn.execute(_NAMED, since)).fetchall()
    return [text_id and UUID(text_id) for (text_id,) in rows]


_OLD: Final = """
    SELECT due_id, owner_id, since_version, kind, field, subject_id FROM texts_due
    WHERE due_at < clock_timestamp() - make_interval(secs => %s) ORDER BY due_at LIMIT %s
"""
_BEGUN: Final = """
    SELECT originator_id FROM ledger_events
    WHERE originator_id = %(owner)s AND originator_version = 1
"""
_NAMED: Final = """
    SELECT fact ->> %(field)s::text FROM (
        SELECT originator_version, convert_from(state, 'UTF8')::jsonb AS fact FROM ledger_events
        WHERE originator_id = %(owner)s AND originator_version > %(version)s
          AND position(convert_to(%(field)s, 'UTF8') IN state) > 0
    ) AS since
    WHERE fact ? %(field)s::text ORDER BY originator_version
"""
_NEVER_NAMED: Final = "DELETE FROM erasable_texts WHERE subject_id = %s AND kind = %s"
_REPLACED: Final = """
    DELETE FROM erasable_texts AS text
    WHERE kind = %(kind)s AND (owner_id = %(owner)s OR subject_id = %(owner)s)
      AND subject_id IS DISTINCT FROM %(last)s
      AND NOT EXISTS (
          SELECT FROM texts_due AS other
          WHERE (other.subject_id, other.kind) = (text.subject_id, text.kind)
            AND other.due_id <> %(due)s
      )
"""
"""What was kept for another command is left to that one's row: it may not be decided yet."""
_DONE: Final = "DELETE FROM texts_due WHERE due_id = %s"
