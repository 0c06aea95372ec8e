"""Forgetting conversations that nobody has used for as long as their customer remembers."""

from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters.ledger.texts import ErasableTexts
from domain.change_conversation import Due, forget_conversation
from domain.ports import Ledger
from projections.errors import ProjectionLagError
from projections.forgettable import NEEDED, Forgettable, forgettable
from projections.freshness import catch_up

ACTOR = "memory"


async def forget_conversations(ledger: Ledger, pool: AsyncConnectionPool) -> int:
    """Archive what is due and erase what it is called; returns how many conversations that were.

    None while the read models are behind. Raises BillingUnavailableError or psycopg.Error.
    """
    found = await _look(pool)
    texts = ErasableTexts(pool)
    return sum([await _forget(ledger, pool, texts, due) for due in found])


async def _look(pool: AsyncConnectionPool, only: UUID | None = None) -> list[Forgettable]:
    """Find what is due by all that was committed until now."""
    async with pool.connection() as conn:
        if not await forgettable(conn, only=only, limit=1):
            return []
        try:
            await catch_up(conn, NEEDED)
        except ProjectionLagError:
            return []  # the lag itself is told by /readyz, and the next round looks again
        return await forgettable(conn, only=only)


async def _forget(
    ledger: Ledger, pool: AsyncConnectionPool, texts: ErasableTexts, found: Forgettable
) -> bool:
    """Look again, for the list is as old as the round; archive, and only then erase.

    A call that joins in the milliseconds between is counted with it, and holds nothing up.
    Should it end between the two, the text is found again as many days later.
    """
    if found not in await _look(pool, found.conversation_id):
        return False
    due = Due(found.memory_days, frozenset(text_id.hex for text_id, _ in found.texts))
    command = forget_conversation(found.customer_id, found.conversation_id, due, actor=ACTOR)
    if not await ledger.execute(command):
        return False
    for text_id, kind in found.texts:
        await texts.erase(text_id, kind)
    return True
