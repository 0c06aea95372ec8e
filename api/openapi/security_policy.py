"""GET and PATCH /openapi/v1/security/policy: what is refused, masked and kept of calls."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from adapters.ledger.texts import Naming
from api.admin.auth import gateway_of
from api.admin.texts import erase_now, kept
from api.content_rules import CONTENT_RULES, read_rules, write_rules
from api.document.operation import documented
from api.envelope import success
from api.gateway import Gateway
from api.openapi.answers.security import SecurityPolicyAnswer
from api.openapi.body import body_as
from api.openapi.caller import Caller
from api.openapi.key_views import manager_of
from api.openapi.model_scope import describe_scope
from api.openapi.query import Query
from api.openapi.security_fields import RULES, SecurityFields
from domain import ids
from domain.call_policy import PolicyChangedError, look_up_call_policy
from domain.change_call_policy import change_security
from domain.content_rules import ContentRule
from domain.reserve_call import Identity
from domain.security_policy import SecurityPolicy

router = APIRouter()


@router.get("/security/policy", **documented(SecurityPolicyAnswer))
async def get_policy(request: Request, caller: Caller) -> Response:
    """Tell what of the customer's calls is refused, masked and kept."""
    Query(request, ())
    return await _answer(request, caller)


@router.patch("/security/policy", **documented(SecurityPolicyAnswer))
async def change_policy(
    request: Request,
    caller: Caller,
    fields: Annotated[SecurityFields, Depends(body_as(SecurityFields))],
) -> Response:
    """Change what is given; the very next call obeys it."""
    gateway, manager = gateway_of(request), manager_of(caller)
    changes = fields.changes(gateway.catalog)
    async with _kept_rules(gateway, caller.customer_id, fields.rules()) as rules:
        changes |= rules
        command = change_security(caller.customer_id, changes, actor=manager.actor)
        before = await gateway.ledger.execute(manager.guarded(command))
    if rules and before.rules_id is not None:
        await erase_now(gateway.texts, UUID(before.rules_id), CONTENT_RULES)
    return await _answer(request, caller)


@asynccontextmanager
async def _kept_rules(
    gateway: Gateway, customer_id: UUID, rules: tuple[ContentRule, ...] | None
) -> AsyncGenerator[dict[str, Any]]:
    """Keep rules as an erasable text of its own; gives the fields that name it."""
    naming = Naming(customer_id, "rules_id")
    if rules is None:
        yield {}
    elif not rules:
        await gateway.texts.due(CONTENT_RULES, naming)
        yield {"rules_id": None, "rules_hash": None}
    else:
        rules_id, body = gateway.mint(), write_rules(rules)
        async with kept(gateway.texts, rules_id, CONTENT_RULES, body, naming) as rules_hash:
            yield {"rules_id": rules_id.hex, "rules_hash": rules_hash}


async def _answer(request: Request, caller: Identity) -> Response:
    gateway = gateway_of(request)
    policy = (await gateway.ledger.read(look_up_call_policy(caller.customer_id))).security
    shown = {
        "customer_id": ids.public(ids.CUSTOMER, caller.customer_id),
        "content_rules": [asdict(rule) for rule in await _rules_of(gateway, policy)],
        "masks": list(policy.masks),
        "logging": {"enabled": policy.logs_content},
        "retention_days": policy.retention_days,
        "model_scope": describe_scope(policy.models),
        "rules": RULES,
    }
    return success(request, shown)


async def _rules_of(gateway: Gateway, policy: SecurityPolicy) -> tuple[ContentRule, ...]:
    if policy.rules_id is None:
        return ()
    text = await gateway.texts.get(UUID(policy.rules_id), CONTENT_RULES)
    if text is None:  # others are in force by now
        raise PolicyChangedError
    return read_rules(text)
