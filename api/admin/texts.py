"""Free text around a command: it is there before the event that holds its hash."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from adapters.ledger.group_commit import OutcomeUnknownError
from adapters.ledger.texts import ErasableTexts
from domain.errors import GatewayError


@asynccontextmanager
async def kept(
    texts: ErasableTexts, subject_id: UUID, kind: str, body: str
) -> AsyncGenerator[str, None]:
    """Keep a text and give its hash; a refused command takes it back.

    When nobody knows whether the command landed, the text stays: an event may hold its hash.
    """
    salted = await texts.put(subject_id, kind, body)
    try:
        yield salted
    except OutcomeUnknownError:
        raise
    except GatewayError:
        await texts.erase(subject_id, kind)
        raise
