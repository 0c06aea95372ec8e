"""API keys: create one, shown once, and disable it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from api.admin.answers.customers import KeyDisabledAnswer, NewKeyAnswer
from api.admin.auth import gateway_of
from api.admin.body import body_as, no_body
from api.admin.fields import Names, write_time
from api.admin.find import find, find_customer, parse_id
from api.admin.key_fields import OwnKeyFields, check_ahead, check_models, check_providers
from api.admin.texts import kept
from api.document.operation import documented
from api.envelope import CREATED, success
from api.keys import display_of, new_secret
from api.operator import ACTOR
from domain import ids
from domain.api_key import ApiKey
from domain.limits import UNLIMITED
from domain.manage import NewKey, create_key, disable_key
from domain.money import format_amount
from projections.read_customers import KEY_NAME

router = APIRouter()


class NewKeyFields(OwnKeyFields):
    """A key that an operator creates may also be held to some providers."""

    allowed_providers: Names = Field(default_factory=list[str])


@router.post("/customers/{customer_id}/api-keys", **documented(NewKeyAnswer, status=CREATED))
async def create(
    request: Request,
    customer_id: str,
    new: Annotated[NewKeyFields, Depends(body_as(NewKeyFields))],
) -> Response:
    """Create a key of a customer; its secret is in this answer and nowhere else."""
    gateway = gateway_of(request)
    customer = await find_customer(request, customer_id)
    check_models(gateway.catalog, new.allowed_model_ids)
    check_providers(gateway.catalog, new.allowed_providers)
    check_ahead(new.expires_at)
    secret, key_id = new_secret(gateway.shard), gateway.mint()
    async with kept(gateway.texts, key_id, KEY_NAME, new.name) as name_hash:
        key = NewKey(
            key_id=key_id,
            credential_id=ids.credential_id(secret, gateway.shard),
            display=display_of(secret),
            name_hash=name_hash,
            actor=ACTOR,
            allowed_models=new.allowed_model_ids,
            allowed_providers=new.allowed_providers,
            permissions=[*new.permissions],
            tags=new.tags,
            quota=new.quota.quota() if new.quota else None,
            expires_at=new.expires_at,
            limits=new.limits.limits() if new.limits else UNLIMITED,
        )
        await gateway.ledger.execute(create_key(customer.customer_id, customer.wallet_id, key))
    data = {
        "api_key": secret,
        "api_key_id": ids.public(ids.KEY, key_id),
        "customer_id": customer_id,
        "display": key.display,
        **_describe(new),
    }
    return success(request, data, CREATED)


@router.post(
    "/api-keys/{api_key_id}/disable",
    dependencies=[Depends(no_body)],
    **documented(KeyDisabledAnswer),
)
async def disable(request: Request, api_key_id: str) -> Response:
    """Disable a key for good; the next call of any worker sees it."""
    gateway = gateway_of(request)
    key_id = parse_id(ids.KEY, api_key_id, gateway.shard, "key")
    await find(request, ApiKey, key_id, "key")
    await gateway.ledger.execute(disable_key(key_id, actor=ACTOR))
    return success(request, {"api_key_id": api_key_id, "disabled": True})


def _describe(new: NewKeyFields) -> dict[str, Any]:
    quota = new.quota
    return {
        "name": new.name,
        "allowed_model_ids": new.allowed_model_ids,
        "allowed_providers": new.allowed_providers,
        "quota": quota and {"amount": format_amount(quota.amount), "window": quota.window},
        "permissions": new.permissions,
        "tags": new.tags,
        "expires_at": write_time(new.expires_at),
        "limits": (new.limits.limits() if new.limits else UNLIMITED).facts(),
    }
