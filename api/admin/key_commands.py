"""Changing and rotating a key for whoever may: the texts and secrets around the decisions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

from pydantic import Field

from adapters.ledger.texts import Naming
from api.admin.body import Fields
from api.admin.key_fields import KeyChangeFields
from api.admin.texts import erase_now, kept
from api.gateway import Gateway
from api.keys import display_of, new_secret
from api.lending import lent
from domain import ids
from domain.change_key import KeyChange, NewName, change_key
from domain.create_key import NewSecret
from domain.decision import Decision
from domain.manager import Manager
from domain.reserve_call import Claim
from domain.rotate_key import Opened, look_up_opened, rotate_key
from projections.api_keys import ApiKeys
from projections.freshness import catch_up
from projections.read_customers import KEY_NAME, newest_credential

GRACE_SECONDS_MAX: Final = 86_400


class RotateFields(Fields):
    """For how long the secret that is replaced goes on to work."""

    grace_seconds: Annotated[int, Field(ge=0, le=GRACE_SECONDS_MAX)] = 0


class Rotation(NamedTuple):
    """A new secret, and the command that issues it and decides when the one before ends."""

    secret: str
    command: Decision[datetime]


def named_secret(gateway: Gateway) -> tuple[str, NewSecret]:
    """Make a secret, and what the ledger may know of it."""
    secret = new_secret(gateway.shard)
    return secret, NewSecret(ids.credential_id(secret, gateway.shard), display_of(secret))


async def change_one(
    gateway: Gateway,
    key_id: UUID,
    fields: KeyChangeFields,
    terms: Mapping[str, Any],
    manager: Manager,
) -> None:
    """Change a key; a name that is replaced is erased for good."""
    if "name" not in fields.model_fields_set:
        await gateway.ledger.execute(change_key(key_id, KeyChange(terms), manager))
        return
    name_id = gateway.mint()
    naming = Naming(key_id, "name_id")
    async with kept(gateway.texts, name_id, KEY_NAME, fields.name, naming) as name_hash:
        change = KeyChange(terms, NewName(name_id, name_hash))
        before = await gateway.ledger.execute(change_key(key_id, change, manager))
    await erase_now(gateway.texts, before, KEY_NAME)


async def rotation_of(
    gateway: Gateway, key_id: UUID, fields: RotateFields, manager: Manager, claim: Claim | None
) -> Rotation:
    """Prepare to give a key another secret."""
    opened = await gateway.ledger.read(look_up_opened(key_id, manager))
    if opened is None:
        opened = Opened(await _first_credential(gateway, key_id))
    secret, named = named_secret(gateway)
    grace = timedelta(seconds=fields.grace_seconds)
    return Rotation(secret, rotate_key(key_id, opened, named, manager, grace=grace, claim=claim))


async def _first_credential(gateway: Gateway, key_id: UUID) -> UUID:
    """Find what opens a key of an earlier release, which has had one secret only."""
    async with lent(gateway.pool) as conn:
        await catch_up(conn, (ApiKeys(),))
        found = await newest_credential(conn, key_id)
    assert found is not None, "a key is created with its credential"
    return found
