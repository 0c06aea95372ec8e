"""Free text around a command: it is there before the event that holds its hash."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from adapters.ledger.group_commit import OutcomeUnknownError
from adapters.ledger.texts import ErasableTexts, Naming
from domain.errors import BillingUnavailableError, GatewayError

_log: Final = logging.getLogger("tollbook.texts")


@asynccontextmanager
async def kept(
    texts: ErasableTexts, subject_id: UUID, kind: str, body: str, naming: Naming | None = None
) -> AsyncGenerator[str, None]:
    """Keep a text and give its hash; a refused command takes it back.

    When nobody knows whether the command landed, the text stays until the sweeper asks the log
    for it, as `naming` says.
    """
    salted = await texts.put(subject_id, kind, body, naming)
    try:
        yield salted
    except OutcomeUnknownError:
        raise
    except GatewayError:
        await erase_now(texts, subject_id, kind)
        raise


async def erase_now(texts: ErasableTexts, subject_id: UUID, kind: str) -> None:
    """Erase what a command left without a use; where that fails, the sweeper does it later.

    The command was decided: its caller is told of that, whatever becomes of the text.
    """
    try:
        await texts.erase(subject_id, kind)
    except BillingUnavailableError as error:
        _log.warning("a text is left to the sweeper", extra={"kind": kind, "error": repr(error)})
