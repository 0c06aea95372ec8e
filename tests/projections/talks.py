"""Conversations in a history: started, called otherwise, joined and archived, by a lot of its own.

So that histories without them stay what they were.
"""

import random
from uuid import UUID

from domain.change_conversation import (
    archive_conversation,
    change_conversation,
    start_conversation,
)
from domain.conversation import Label
from tests.domain.shop import Shop

ACTOR = "key"
WHAT = ("nothing", "nothing", "start", "change", "archive", "talk", "talk")


class Talks:
    """Every customer's conversations."""

    def __init__(self, lot: random.Random) -> None:
        self._lot = lot
        self._of: dict[UUID, list[UUID]] = {}

    def join(self, shop: Shop, what: str = "") -> UUID | None:
        """Choose what a call joins: nothing, or a conversation to which something may happen."""
        what = what or self._lot.choice(WHAT)
        known = self._of.setdefault(shop.who.customer_id, [])
        if what == "nothing":
            return None
        if what == "start" or not known:
            known.append(self._start(shop))
            return known[-1]
        picked = self._lot.choice(known)
        if what == "change":
            self._change(shop, picked)
        elif what == "archive":
            known.remove(picked)
            shop.do(archive_conversation(shop.who.customer_id, picked, actor=ACTOR))
            return None
        return picked

    def _start(self, shop: Shop) -> UUID:
        conversation_id, model = shop.mint(), self._lot.choice([None, "m", "free"])
        label = Label(shop.mint().hex, "hash", None, None, model)
        shop.do(start_conversation(shop.who.customer_id, conversation_id, label, actor=ACTOR))
        return conversation_id

    def _change(self, shop: Shop, picked: UUID) -> None:
        model = self._lot.choice([None, "m", "free"])
        fields = {"model": model, "metadata_id": shop.mint().hex, "metadata_hash": "hash"}
        shop.do(change_conversation(shop.who.customer_id, picked, fields, actor=ACTOR))
