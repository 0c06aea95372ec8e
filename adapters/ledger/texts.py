"""Names, titles and reasons: kept beside the log, so that they can be erased from it for good."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg import Error
from psycopg_pool import AsyncConnectionPool

from domain.errors import BillingUnavailableError

SALT_BYTES: Final = 16

_DUE: Final = """
    INSERT INTO texts_due (owner_id, since_version, kind, field, subject_id)
    SELECT %(owner)s, coalesce(max(originator_version), 0), %(kind)s,
           %(field)s::text, %(subject)s::uuid
    FROM ledger_events WHERE originator_id = %(owner)s
"""
_PUT: Final = """
    INSERT INTO erasable_texts (subject_id, kind, salt, body, owner_id)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (subject_id, kind) DO UPDATE SET salt = excluded.salt, body = excluded.body
"""
_GET: Final = "SELECT body FROM erasable_texts WHERE subject_id = %s AND kind = %s"
_ERASE: Final = "DELETE FROM erasable_texts WHERE subject_id = %s AND kind = %s"


def salted_hash(salt: bytes, body: str) -> str:
    """Commit to a text without telling it: once text and salt are gone, nobody can guess it."""
    return hashlib.sha256(salt + body.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Naming:
    """Where the log names a text: the facts of `owner_id` hold its id in `field`.

    Without a field the text has its owner's id, and the owner's first fact is enough.
    """

    owner_id: UUID
    field: str | None = None
    one: bool = True
    """Whether the text that was named last is the only one in force."""


class ErasableTexts:
    """One text a subject and kind; events hold its salted hash. `salt` gives random bytes.

    Every method raises BillingUnavailableError when the database cannot be reached.
    """

    def __init__(
        self, pool: AsyncConnectionPool, salt: Callable[[], bytes] = lambda: os.urandom(SALT_BYTES)
    ) -> None:
        self._pool = pool
        self._salt = salt

    async def put(
        self, subject_id: UUID, kind: str, body: str, naming: Naming | None = None
    ) -> str:
        """Keep a text in the place of an earlier one; returns its salted hash.

        Unless the log names it soon, where `naming` says, the sweeper erases it; else what it
        takes the place of there. Without `naming`, the subject is the owner.
        """
        salt, naming = self._salt(), naming or Naming(subject_id)
        owner_id = naming.owner_id if naming.field is not None and naming.one else None
        # The row of what is due comes first: without its text it does no harm.
        await self._run(_DUE, _due(kind, naming, subject_id))
        await self._run(_PUT, (subject_id, kind, salt, body, owner_id))
        return salted_hash(salt, body)

    async def due(self, kind: str, naming: Naming) -> None:
        """Have the sweeper erase the text in force, should the log soon name none any more."""
        await self._run(_DUE, _due(kind, naming, None))

    async def get(self, subject_id: UUID, kind: str) -> str | None:
        """Find a text, or None if there never was one or it was erased."""
        rows = await self._run(_GET, (subject_id, kind))
        return rows[0][0] if rows else None

    async def erase(self, subject_id: UUID, kind: str) -> None:
        """Forget a text and its salt for good."""
        await self._run(_ERASE, (subject_id, kind))

    async def _run(
        self, statement: str, parameters: tuple[object, ...] | dict[str, object]
    ) -> list[tuple[str, ...]]:
        try:
            async with self._pool.connection() as conn:
                cursor = await conn.execute(statement.encode(), parameters)
                return await cursor.fetchall() if cursor.description else []
        except Error as error:
            raise BillingUnavailableError from error


def _due(kind: str, naming: Naming, subject_id: UUID | None) -> dict[str, object]:
    return {
        "owner": naming.owner_id,
        "kind": kind,
        "field": naming.field,
        "subject": subject_id,
    }
