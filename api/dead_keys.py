"""Whose secret opens nothing: anybody may have it, and no customer answers for what he sends."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple
from uuid import UUID

from domain.access import SHUT, check_access
from domain.api_key import INFERENCE
from domain.decision import Decision
from domain.errors import BillingUnavailableError, PermissionDeniedError
from domain.ports import Books, Ledger
from domain.reserve_call import Identity

LOOK_SECONDS: Final = 1.0
"""How often, at most, a refused secret is looked at; and one of its calls is noted."""
KNOWN_MAX: Final = 10_000
_CODES: Final = frozenset(error.code for error in SHUT)


class _Look(NamedTuple):
    """When a secret was looked at, and what comes of it."""

    at: float
    is_dead: "asyncio.Future[bool]"


class DeadKeys:
    """What a worker knows of refused secrets; belongs to the loop that asks."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._looks: OrderedDict[UUID, _Look] = OrderedDict()

    async def hides(self, who: Identity, code: str) -> bool:
        """Tell whether a call that was refused before its hold is to be noted nowhere.

        That is so for a secret that opens nothing, but for one call a second which was refused for
        that very reason: so its customer learns that somebody has it.
        """
        look, now = self._looks.get(who.credential_id), self._clock()
        first = look is None or now - look.at >= LOOK_SECONDS
        if look is None or first:
            look = _Look(now, asyncio.ensure_future(self._is_dead(who)))
            self._looks[who.credential_id] = look
            self._looks.move_to_end(who.credential_id)
            if len(self._looks) > KNOWN_MAX:
                self._looks.popitem(last=False)
        dead = await asyncio.shield(look.is_dead)
        return dead and not (first and code in _CODES)

    async def _is_dead(self, who: Identity) -> bool:
        def look(books: Books) -> bool:
            try:
                check_access(books, who.credential_id, who.key_id, INFERENCE)
            except SHUT:
                return True
            except PermissionDeniedError:
                pass  # it opens something else
            return False

        try:
            return await self._ledger.read(Decision((who.credential_id, who.key_id), look))
        except BillingUnavailableError:
            return False  # nobody knows: all of its calls are noted
