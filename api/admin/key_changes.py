"""An operator changes a key's terms, or gives it another secret."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from api.admin.answers.customers import KeyTermsAnswer, NewSecretAnswer
from api.admin.auth import gateway_of
from api.admin.body import body_as
from api.admin.fields import Names, write_time
from api.admin.find import parse_id
from api.admin.idempotency import claim_of
from api.admin.key_commands import RotateFields, change_one, rotation_of
from api.admin.key_fields import KeyChangeFields, check_providers
from api.document.operation import documented
from api.envelope import success
from api.keys import display_of
from api.operator import ACTOR
from domain import ids
from domain.change_key import look_up_terms
from domain.key_terms import KeyTerms
from domain.manager import KEY, Manager
from domain.money import format_amount

_OPERATOR = Manager(ACTOR)

router = APIRouter()


class TermFields(KeyChangeFields):
    """An operator may also hold a key to some providers; none are all of them."""

    allowed_providers: Names = Field(default_factory=list[str])


@router.patch("/api-keys/{api_key_id}", **documented(KeyTermsAnswer))
async def change(
    request: Request,
    api_key_id: str,
    fields: Annotated[TermFields, Depends(body_as(TermFields))],
) -> Response:
    """Change what is given; what is left out stays, and the very next call obeys it."""
    gateway = gateway_of(request)
    key_id = parse_id(ids.KEY, api_key_id, gateway.shard, KEY)
    terms = fields.terms(gateway.catalog)
    if "allowed_providers" in fields.model_fields_set:
        check_providers(gateway.catalog, fields.allowed_providers)
        terms["allowed_providers"] = tuple(fields.allowed_providers)
    await change_one(gateway, key_id, fields, terms, _OPERATOR)
    after = await gateway.ledger.read(look_up_terms(key_id, _OPERATOR))
    return success(request, {"api_key_id": api_key_id, **_describe(after)})


@router.post("/api-keys/{api_key_id}/rotate", **documented(NewSecretAnswer, idempotent=True))
async def rotate(
    request: Request,
    api_key_id: str,
    fields: Annotated[RotateFields, Depends(body_as(RotateFields, optional=True))],
) -> Response:
    """Give a key another secret, shown once; the one before ends at once or after its grace."""
    gateway = gateway_of(request)
    key_id = parse_id(ids.KEY, api_key_id, gateway.shard, KEY)
    claim = claim_of(request, fields, gateway.shard)
    secret, command = await rotation_of(gateway, key_id, fields, _OPERATOR, claim)
    previous_ends_at = await gateway.ledger.execute(command)
    data = {
        "api_key_id": api_key_id,
        "api_key": secret,
        "display": display_of(secret),
        "previous_secret_ends_at": write_time(previous_ends_at),
    }
    return success(request, data)


def _describe(terms: KeyTerms) -> dict[str, Any]:
    quota = terms.quota
    return {
        "allowed_model_ids": list(terms.allowed_models),
        "allowed_providers": list(terms.allowed_providers),
        "quota": quota and {"amount": format_amount(quota.amount), "window": quota.window},
        "permissions": list(terms.permissions),
        "tags": dict(terms.tags),
        "expires_at": write_time(terms.expires_at),
        "limits": terms.limits.facts(),
    }
