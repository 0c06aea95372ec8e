"""Names, titles and reasons: kept beside the log, so that they can be erased from it for good."""

import hashlib
import os
from collections.abc import Callable
from typing import Final
from uuid import UUID

from psycopg import Error
from psycopg_pool import AsyncConnectionPool

from domain.errors import BillingUnavailableError

SALT_BYTES: Final = 16

_PUT: Final = """
    INSERT INTO erasable_texts (subject_id, kind, salt, body) VALUES (%s, %s, %s, %s)
    ON CONFLICT (subject_id, kind) DO UPDATE SET salt = excluded.salt, body = excluded.body
"""
_GET: Final = "SELECT body FROM erasable_texts WHERE subject_id = %s AND kind = %s"
_ERASE: Final = "DELETE FROM erasable_texts WHERE subject_id = %s AND kind = %s"


def salted_hash(salt: bytes, body: str) -> str:
    """Commit to a text without telling it: once text and salt are gone, nobody can guess it."""
    return hashlib.sha256(salt + body.encode()).hexdigest()


class ErasableTexts:
    """One text a subject and kind; events hold its salted hash. `salt` gives random bytes.

    Every method raises BillingUnavailableError when the database cannot be reached.
    """

    def __init__(
        self, pool: AsyncConnectionPool, salt: Callable[[], bytes] = lambda: os.urandom(SALT_BYTES)
    ) -> None:
        self._pool = pool
        self._salt = salt

    async def put(self, subject_id: UUID, kind: str, body: str) -> str:
        """Keep a text in the place of an earlier one; returns its salted hash."""
        salt = self._salt()
        await self._run(_PUT, (subject_id, kind, salt, body))
        return salted_hash(salt, body)

    async def get(self, subject_id: UUID, kind: str) -> str | None:
        """Find a text, or None if there never was one or it was erased."""
        rows = await self._run(_GET, (subject_id, kind))
        return rows[0][0] if rows else None

    async def erase(self, subject_id: UUID, kind: str) -> None:
        """Forget a text and its salt for good."""
        await self._run(_ERASE, (subject_id, kind))

    async def _run(self, statement: str, parameters: tuple[object, ...]) -> list[tuple[str, ...]]:
        try:
            async with self._pool.connection() as conn:
                cursor = await conn.execute(statement.encode(), parameters)
                return await cursor.fetchall() if cursor.description else []
        except Error as error:
            raise BillingUnavailableError from error
