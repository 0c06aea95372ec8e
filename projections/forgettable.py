"""Which conversations are to be forgotten: unused for longer than their customer remembers.

Call `freshness.catch_up` for NEEDED before, on the same connection: what a lagging read model has
not seen used would be forgotten.
"""

from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from projections import read_conversations
from projections.memories import Memories
from projections.projection import Projection
from projections.read_conversations import METADATA, TITLE

NEEDED: Final[tuple[Projection, ...]] = (Memories(), *read_conversations.NEEDED)


class Forgettable(NamedTuple):
    """A conversation that was not used for so many days, and what erasable texts it may have."""

    customer_id: UUID
    conversation_id: UUID
    memory_days: int
    title_id: UUID | None
    metadata_id: UUID | None

    @property
    def texts(self) -> list[tuple[UUID, str]]:
        """Name its texts and their kinds."""
        named = ((self.title_id, TITLE), (self.metadata_id, METADATA))
        return [(text_id, kind) for text_id, kind in named if text_id is not None]


async def forgettable(
    conn: AsyncConnection[Any], *, only: UUID | None = None, limit: int = 1_000
) -> list[Forgettable]:
    """Name conversations that are active or have a text, the longest unused first.

    Or only one, if it is such a conversation.
    """
    asked = (TITLE, METADATA, only, only, limit)
    rows = await (await conn.execute(_FORGETTABLE, asked)).fetchall()
    return [Forgettable(*row) for row in rows]


_FORGETTABLE: Final = """
    SELECT customer_id, conversation_id, memory_days, title_id, metadata_id
    FROM read.conversations JOIN read.memories USING (customer_id)
    LEFT JOIN read.conversation_usage USING (conversation_id)
    WHERE greatest(updated_at, last_used_at)
          < clock_timestamp() - make_interval(days => memory_days)
      AND (status = 'active' OR EXISTS (
          SELECT FROM public.erasable_texts
          WHERE (subject_id, kind) IN ((title_id, %s), (metadata_id, %s))
      ))
      AND (%s::uuid IS NULL OR conversation_id = %s)
    ORDER BY greatest(updated_at, last_used_at) LIMIT %s
"""
