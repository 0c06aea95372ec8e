"""/openapi/v1/api-keys: the customer's keys, each of which is changed for its very next call."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.admin.auth import gateway_of
from api.admin.find import parse_id
from api.admin.idempotency import claim_of
from api.admin.key_commands import change_one, named_secret
from api.admin.key_fields import KeyChangeFields, OwnKeyFields, check_ahead, check_models
from api.admin.texts import kept
from api.document.operation import documented
from api.document.parameters import choice
from api.envelope import CREATED, success
from api.openapi.answers.api_keys import KeyAnswer, KeysAnswer, ShownKeyAnswer
from api.openapi.body import body_as, no_body
from api.openapi.caller import Caller, read_models
from api.openapi.key_views import NewlyShown, describe_all, describe_one, describing, manager_of
from api.openapi.query import Query, own_cursors
from domain import ids
from domain.change_key import disable_own_key
from domain.create_key import create_own_key
from domain.limits import UNLIMITED
from domain.manage import NewKey
from domain.manager import KEY
from domain.reserve_call import Identity
from projections.api_keys import ApiKeys
from projections.freshness import catch_up
from projections.read_customers import KEY_NAME, STATUSES, api_keys

PATH: Final = "/api-keys/{api_key_id}"
_STATUS: Final = choice("status", STATUSES, "Only keys in this state.")

router = APIRouter()


@router.get("/api-keys", **documented(KeysAnswer, query=("limit", "cursor", _STATUS)))
async def list_keys(request: Request, caller: Caller) -> Response:
    """List the customer's keys, the newest first, by pages; secrets are never shown."""
    query = Query(request, ("limit", "cursor", "status"))
    status, limit = query.choice("status", STATUSES), query.limit()
    async with read_models(request) as conn:
        await catch_up(conn, (ApiKeys(),))
        with own_cursors():
            page = await api_keys(
                conn, caller.customer_id, status=status, cursor=query.cursor, limit=limit
            )
    items = await describe_all(request, caller, page.items)
    return success(request, {"items": items, "next_cursor": page.next_cursor})


@router.post("/api-keys", **documented(ShownKeyAnswer, status=CREATED, idempotent=True))
async def create(
    request: Request,
    caller: Caller,
    new: Annotated[OwnKeyFields, Depends(body_as(OwnKeyFields))],
) -> Response:
    """Create a key with no more than this one has; its secret is in this answer and nowhere else.

    A used Idempotency-Key creates nothing and is answered with 409: secrets are never repeated.
    """
    gateway = gateway_of(request)
    check_models(gateway.catalog, new.allowed_model_ids)
    check_ahead(new.expires_at)
    secret, named = named_secret(gateway)
    key_id, manager = gateway.mint(), manager_of(caller)
    claim = claim_of(request, new, gateway.shard, scope=caller.customer_id.hex)
    async with kept(gateway.texts, key_id, KEY_NAME, new.name) as name_hash:
        key = NewKey(
            key_id=key_id,
            credential_id=named.credential_id,
            display=named.display,
            name_hash=name_hash,
            actor=manager.actor,
            allowed_models=new.allowed_model_ids,
            allowed_providers=[],
            permissions=[*new.permissions],
            tags=new.tags,
            quota=new.quota.quota() if new.quota else None,
            expires_at=new.expires_at,
            limits=new.limits.limits() if new.limits else UNLIMITED,
        )
        command, shown = create_own_key(key, manager, claim), NewlyShown(key_id, new.name, secret)
        _, described = await gateway.ledger.execute(describing(command, caller, shown))
    return success(request, described, CREATED)


@router.get(PATH, **documented(KeyAnswer))
async def get_key(request: Request, api_key_id: str, caller: Caller) -> Response:
    """Look at one of the customer's keys."""
    Query(request, ())
    return await answer(request, caller, parse_key(request, api_key_id))


@router.patch(PATH, **documented(KeyAnswer))
async def change(
    request: Request,
    api_key_id: str,
    caller: Caller,
    fields: Annotated[KeyChangeFields, Depends(body_as(KeyChangeFields))],
) -> Response:
    """Change what is given, to no more than the key that asks has; the very next call obeys it.

    Another quota counts what was spent in its window: all that smaller windows within it have
    counted, and nothing of larger ones. One below what is spent allows nothing more.
    """
    gateway, key_id = gateway_of(request), parse_key(request, api_key_id)
    terms = fields.terms(gateway.catalog)
    await change_one(gateway, key_id, fields, terms, manager_of(caller))
    return await answer(request, caller, key_id)


@router.delete(PATH, dependencies=[Depends(no_body)], **documented(KeyAnswer))
async def delete(request: Request, api_key_id: str, caller: Caller) -> Response:
    """Disable a key for good; what it did stays in the books. Safe to repeat."""
    return await _disable(request, caller, api_key_id)


@router.post(f"{PATH}/disable", dependencies=[Depends(no_body)], **documented(KeyAnswer))
async def disable(request: Request, api_key_id: str, caller: Caller) -> Response:
    """Disable a key for good: the next call of any worker is refused. Safe to repeat."""
    return await _disable(request, caller, api_key_id)


def parse_key(request: Request, api_key_id: str) -> UUID:
    """Read a key's id, or raise NotFoundError."""
    return parse_id(ids.KEY, api_key_id, gateway_of(request).shard, KEY)


async def answer(request: Request, caller: Identity, key_id: UUID) -> Response:
    """Answer with a key of the caller's, or raise NotFoundError."""
    return success(request, await describe_one(request, caller, key_id))


async def _disable(request: Request, caller: Identity, api_key_id: str) -> Response:
    key_id = parse_key(request, api_key_id)
    await gateway_of(request).ledger.execute(disable_own_key(key_id, manager_of(caller)))
    return await answer(request, caller, key_id)
