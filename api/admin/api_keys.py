"""API keys: create one, shown once, and disable it."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, Field

from api.admin.auth import ACTOR, gateway_of
from api.admin.body import Fields, body_as, no_body
from api.admin.fields import LimitAmount, Name, Names, TagFields, Time, unique, write_time
from api.admin.find import find, find_customer, parse_id
from api.admin.limits import LimitFields
from api.admin.texts import kept
from api.envelope import CREATED, success
from api.errors import InvalidFieldError
from api.gateway import Gateway
from api.keys import display_of, new_secret
from domain import ids
from domain.api_key import ApiKey
from domain.limits import UNLIMITED
from domain.manage import NewKey, create_key, disable_key
from domain.money import format_amount
from domain.quota import Quota
from projections.read_customers import KEY_NAME

Permission = Literal["inference", "manage"]
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)

router = APIRouter()


class QuotaFields(Fields):
    """How much the key may spend, and in which window of time."""

    amount: LimitAmount
    window: Literal["none", "day", "month"] = "none"


class NewKeyFields(Fields):
    """A key to create; without a scope it may call every model."""

    name: Name
    allowed_model_ids: Names = Field(default_factory=list[str])
    allowed_providers: Names = Field(default_factory=list[str])
    quota: QuotaFields | None = None
    permissions: Annotated[
        list[Permission], Field(min_length=1, max_length=10), AfterValidator(unique)
    ] = Field(default_factory=lambda: [*PERMISSIONS])
    tags: TagFields = Field(default_factory=dict[str, str])
    """Carried by each of the key's calls; a call's own metadata goes before them."""
    expires_at: Time | None = None
    limits: LimitFields | None = None


@router.post("/customers/{customer_id}/api-keys")
async def create(
    request: Request,
    customer_id: str,
    new: Annotated[NewKeyFields, Depends(body_as(NewKeyFields))],
) -> Response:
    """Create a key of a customer; its secret is in this answer and nowhere else."""
    gateway = gateway_of(request)
    customer = await find_customer(request, customer_id)
    _check_known("allowed_model_ids", new.allowed_model_ids, gateway.catalog.models)
    _check_known("allowed_providers", new.allowed_providers, _providers(gateway))
    _check_ahead("expires_at", new.expires_at)
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
            quota=Quota(new.quota.amount, new.quota.window) if new.quota else None,
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


@router.post("/api-keys/{api_key_id}/disable", dependencies=[Depends(no_body)])
async def disable(request: Request, api_key_id: str) -> Response:
    """Disable a key for good; the next call of any worker sees it."""
    gateway = gateway_of(request)
    key_id = parse_id(ids.KEY, api_key_id, gateway.shard, "key")
    await find(request, ApiKey, key_id, "key")
    await gateway.ledger.execute(disable_key(key_id, actor=ACTOR))
    return success(request, {"api_key_id": api_key_id, "disabled": True})


def _check_known(param: str, names: Iterable[str], known: Collection[str]) -> None:
    """Refuse a scope that names nothing: a misspelt one would lock the key out."""
    for name in names:
        if name not in known:
            raise InvalidFieldError(f"'{param}': there is no {name[:100]!r}.", param)


def _check_ahead(param: str, time: datetime | None) -> None:
    """Refuse a key that would be born expired; by our own clock, for no money hangs on it."""
    if time is not None and time <= datetime.now(UTC):
        raise InvalidFieldError(f"'{param}': must be in the future.", param)


def _providers(gateway: Gateway) -> set[str]:
    return {name for model in gateway.catalog.models.values() for name in model.providers}


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
