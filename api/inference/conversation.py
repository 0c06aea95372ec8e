"""The X-Conversation-ID header: which of its customer's conversations a call joins."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from domain import ids
from domain.errors import InvalidRequestError, NotFoundError
from domain.reserve_call import Identity

HEADER: Final = b"x-conversation-id"


def conversation_of(headers: Mapping[bytes, bytes], identity: Identity) -> UUID | None:
    """Read the header, or None without one; the reserve decides whether it may be joined.

    Raises InvalidRequestError for what is no such id, NotFoundError for one of another shard.
    """
    given = headers.get(HEADER)
    if given is None:
        return None
    found = ids.parse_public(ids.CONVERSATION, given.decode("latin-1"))
    if found is None:
        message = "'X-Conversation-ID' must be an id such as conv_…."
        raise InvalidRequestError(message, "X-Conversation-ID")
    if ids.shard_of(found) != ids.shard_of(identity.wallet_id):
        what = "conversation"
        raise NotFoundError(what)
    return found
