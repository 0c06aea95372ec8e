"""POST /openapi/v1/api-keys/{id}/copy and …/rotate: both answer with a secret, once."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.admin.auth import gateway_of
from api.admin.body import Fields
from api.admin.fields import Name, write_time
from api.admin.idempotency import claim_of
from api.admin.key_commands import RotateFields, named_secret, rotation_of
from api.admin.texts import kept
from api.document.operation import documented
from api.envelope import CREATED, success
from api.openapi.answers.api_keys import RotatedKeyAnswer, ShownKeyAnswer
from api.openapi.api_keys import PATH, parse_key
from api.openapi.body import body_as
from api.openapi.caller import Caller
from api.openapi.key_views import NewlyShown, describing, manager_of, row_of
from domain.create_key import NewCopy, copy_key
from projections.read_customers import KEY_NAME

router = APIRouter()


class CopyFields(Fields):
    """What to call the copy; like the key itself if nothing is said."""

    name: Name | None = None


@router.post(f"{PATH}/copy", **documented(ShownKeyAnswer, status=CREATED, idempotent=True))
async def copy(
    request: Request,
    api_key_id: str,
    caller: Caller,
    fields: Annotated[CopyFields, Depends(body_as(CopyFields, optional=True))],
) -> Response:
    """Make a key with the same quota, scope, permissions, tags, limits and expiry.

    What the key has spent is not copied. Its secret is in this answer and nowhere else.
    """
    gateway, key_id = gateway_of(request), parse_key(request, api_key_id)
    name = fields.name or (await row_of(request, caller, key_id)).name or "copy"
    (secret, named), copy_id = named_secret(gateway), gateway.mint()
    claim = claim_of(request, fields, gateway.shard, scope=caller.customer_id.hex)
    async with kept(gateway.texts, copy_id, KEY_NAME, name) as name_hash:
        new = NewCopy(copy_id, named, name_hash)
        command = copy_key(key_id, new, manager_of(caller), claim)
        shown = NewlyShown(copy_id, name, secret)
        _, described = await gateway.ledger.execute(describing(command, caller, shown))
    return success(request, described, CREATED)


@router.post(f"{PATH}/rotate", **documented(RotatedKeyAnswer, idempotent=True))
async def rotate(
    request: Request,
    api_key_id: str,
    caller: Caller,
    fields: Annotated[RotateFields, Depends(body_as(RotateFields, optional=True))],
) -> Response:
    """Give the key another secret; quota and history stay, the old secret ends in the same commit.

    With a grace it lives on for so long, unless the key is rotated again: never more than two live.
    """
    gateway, key_id = gateway_of(request), parse_key(request, api_key_id)
    name = (await row_of(request, caller, key_id)).name
    claim = claim_of(request, fields, gateway.shard, scope=caller.customer_id.hex)
    secret, command = await rotation_of(gateway, key_id, fields, manager_of(caller), claim)
    shown = NewlyShown(key_id, name, secret)
    ends_at, described = await gateway.ledger.execute(describing(command, caller, shown))
    return success(request, {**described, "previous_secret_ends_at": write_time(ends_at)})
