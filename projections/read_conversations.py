"""Reading conversations with what their calls came to, and the texts that have not been erased.

Call `freshness.catch_up` before, on the same connection, to see one's own writes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from domain.money import Nanos
from domain.usage import METERED
from projections.calls import Calls
from projections.conversations import Conversations
from projections.pages import Page, clamp, page_of, read_cursor
from projections.projection import Projection

TITLE: Final = "conversation_title"
METADATA: Final = "conversation_metadata"
"""Kinds of erasable texts; each has an id of its own as its subject."""
NEEDED: Final[tuple[Projection, ...]] = (Conversations(), Calls())
"""The read models that have to be caught up with."""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation; amounts in nanos, `usage` in units by component.

    The texts are None where there never were any, or once they were erased.
    """

    conversation_id: UUID
    status: str
    model: str | None
    title: str | None
    metadata: str | None
    """JSON, as it was given."""
    created_at: datetime
    updated_at: datetime
    created_position: int
    last_used_at: datetime | None
    calls: int
    charges: int
    releases: int
    amount: Nanos
    corrected: Nanos
    usage: dict[str, int]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which conversations of a customer's."""

    status: str | None = None
    model: str | None = None


NO_FILTERS: Final = Filters()


async def conversation(
    conn: AsyncConnection[Any], customer_id: UUID, conversation_id: UUID
) -> ConversationRow | None:
    """Find a conversation of a customer's."""
    rows = await _select(conn, " AND conversation_id = %s", (customer_id, conversation_id))
    return rows[0] if rows else None


async def conversations(
    conn: AsyncConnection[Any],
    customer_id: UUID,
    filters: Filters = NO_FILTERS,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ConversationRow]:
    """List a customer's conversations, the newest first; CursorError for a foreign cursor."""
    scope, limit = f"conversations {customer_id} {filters}", clamp(limit)
    before = read_cursor(scope, cursor)[0] if cursor is not None else None
    asked = (filters.status, filters.model, before)
    given = [value for value in asked if value is not None]
    wanted = [text for text, value in zip(_ASKED, asked, strict=True) if value is not None]
    rows = await _select(conn, "".join(wanted) + _NEWEST, (customer_id, *given, limit + 1))
    return page_of(rows, scope, limit, lambda row: (row.created_position, 0))


async def _select(
    conn: AsyncConnection[Any], which: str, values: tuple[object, ...]
) -> list[ConversationRow]:
    async with conn.cursor(row_factory=class_row(ConversationRow)) as cursor:
        await cursor.execute((_CONVERSATIONS + which).encode(), (TITLE, METADATA, *values))
        return await cursor.fetchall()


_ASKED: Final[tuple[LiteralString, ...]] = (
    " AND status = %s",
    " AND model = %s",
    " AND created_position < %s",
)
_NEWEST: Final[LiteralString] = " ORDER BY created_position DESC LIMIT %s"
_USED: Final = ", ".join([f"'{name}', nullif({name}, 0)" for name in METERED])
_CONVERSATIONS: Final = f"""
    SELECT conversation_id, status, model, title.body AS title, metadata.body AS metadata,
           created_at, updated_at, created_position, nullif(last_used_at, '-infinity') last_used_at,
           coalesce(calls, 0) AS calls, coalesce(charges, 0) AS charges,
           coalesce(releases, 0) AS releases, coalesce(amount, 0) AS amount,
           coalesce(corrected, 0) AS corrected,
           jsonb_strip_nulls(jsonb_build_object({_USED})) AS usage
    FROM read.conversations LEFT JOIN read.conversation_usage USING (conversation_id)
    LEFT JOIN public.erasable_texts AS title ON title.subject_id = title_id AND title.kind = %s
    LEFT JOIN public.erasable_texts AS metadata
        ON metadata.subject_id = metadata_id AND metadata.kind = %s
    WHERE customer_id = %s
"""  # noqa: S608  # our own names
