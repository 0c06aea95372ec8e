"""GET and PATCH /openapi/v1/client/profile: whom bills are for, the time zone, and the webhook."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, Self
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, model_validator

from adapters.ledger.texts import Naming
from api.admin.auth import gateway_of
from api.admin.body import Fields
from api.admin.fields import Name, Reason
from api.admin.texts import erase_now, kept
from api.document.operation import documented
from api.envelope import success
from api.gateway import Gateway
from api.openapi.answers.client import ProfileAnswer
from api.openapi.body import body_as
from api.openapi.caller import Caller
from api.openapi.key_views import manager_of
from api.openapi.query import Query
from api.openapi.webhook_address import WebhookUrl, forget_address, keeping_address
from api.webhook_endpoints import WebhookEndpoints
from domain import ids
from domain.change_profile import Contact, ProfileChange, change_profile, look_up_profile
from domain.change_webhook import look_up_webhook
from domain.reserve_call import Identity
from projections.read_customers import CUSTOMER_NAME

BILLING_CONTACT: Final = "billing_contact"
"""The kind of erasable text; its subject is the contact's id, another one for each."""

router = APIRouter()


class ContactFields(Fields):
    """Whom bills are for; kept where it can be erased."""

    name: Name | None = None
    email: (
        Annotated[str, Field(pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}$")] | None
    ) = None
    address: Reason | None = None
    vat_id: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9 ./-]{1,30}$")] | None = None

    @model_validator(mode="after")
    def _not_nobody(self) -> Self:
        if not any(self.model_dump().values()):
            message = "Give at least one field of the contact, or null to take it away"
            raise ValueError(message)
        return self


class ProfileFields(Fields):
    """What to change; what is left out stays, null takes away."""

    time_zone: Annotated[str, Field(min_length=1, max_length=60)] = ""
    billing_contact: ContactFields | None = None
    webhook_url: WebhookUrl | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            message = f"Give at least one of {', '.join(type(self).model_fields)}"
            raise ValueError(message)
        return self


@router.get("/client/profile", **documented(ProfileAnswer))
async def get_profile(request: Request, caller: Caller) -> Response:
    """Look at the customer's profile."""
    Query(request, ())
    return success(request, await _describe(gateway_of(request), caller))


@router.patch("/client/profile", **documented(ProfileAnswer))
async def change(
    request: Request,
    caller: Caller,
    fields: Annotated[ProfileFields, Depends(body_as(ProfileFields))],
) -> Response:
    """Change what is given; a contact is replaced as a whole, and the one before is deleted.

    Months are cut by another time zone from the next one on.
    """
    gateway, given = gateway_of(request), fields.model_fields_set
    async with (
        keeping_address(gateway, caller.customer_id, fields, "webhook_url") as webhook,
        _keeping(gateway, caller.customer_id, fields) as contact,
    ):
        wanted = ProfileChange(
            zone=fields.time_zone if "time_zone" in given else None,
            changes_contact="billing_contact" in given,
            contact=contact,
            changes_webhook="webhook_url" in given,
            webhook=webhook,
        )
        command = change_profile(caller, wanted, manager_of(caller))
        replaced = await gateway.ledger.execute(command)
    await forget_address(gateway, replaced.webhook_id)
    if replaced.contact_id is not None:
        await erase_now(gateway.texts, replaced.contact_id, BILLING_CONTACT)
    return success(request, await _describe(gateway, caller))


@asynccontextmanager
async def _keeping(
    gateway: Gateway, customer_id: UUID, fields: ProfileFields
) -> AsyncGenerator[Contact | None]:
    """Keep a contact as an erasable text of its own, so that a refusal leaves the old one."""
    contact, naming = fields.billing_contact, Naming(customer_id, "contact_id")
    if contact is None:
        if "billing_contact" in fields.model_fields_set:
            await gateway.texts.due(BILLING_CONTACT, naming)
        yield None
        return
    contact_id, body = gateway.mint(), orjson.dumps(contact.model_dump()).decode()
    async with kept(gateway.texts, contact_id, BILLING_CONTACT, body, naming) as contact_hash:
        yield Contact(contact_id, contact_hash)


async def _describe(gateway: Gateway, caller: Identity) -> dict[str, Any]:
    found = await gateway.ledger.read(look_up_profile(caller))
    contact = found.contact_id and await gateway.texts.get(found.contact_id, BILLING_CONTACT)
    terms = await gateway.ledger.read(look_up_webhook(caller.customer_id))
    later = found.next_zone
    return {
        "customer_id": ids.public(ids.CUSTOMER, caller.customer_id),
        "name": await gateway.texts.get(caller.customer_id, CUSTOMER_NAME),
        "currency": found.currency,
        "time_zone": found.zone,
        "next_time_zone": later and {"time_zone": later[0], "from_month": later[1]},
        "billing_contact": orjson.loads(contact) if contact else None,
        "webhook_url": await WebhookEndpoints(gateway.ledger, gateway.texts).url(terms),
    }
