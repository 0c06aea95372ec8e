"""/openapi/v1/webhooks: where the customer is told, of what, signed by which secret, and a test."""

from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, field_validator, model_validator

from adapters.webhooks.messages import CHOICES, TEST
from api.admin.auth import gateway_of
from api.admin.body import Fields
from api.document.answer import Answer
from api.document.operation import documented
from api.envelope import success
from api.gateway import Gateway
from api.openapi.body import body_as, no_body
from api.openapi.caller import Caller
from api.openapi.key_views import manager_of
from api.openapi.query import Query
from api.openapi.webhook_address import WebhookUrl, forget_address, keeping_address
from api.webhook_endpoints import WebhookEndpoints, signer_of
from domain import ids
from domain.change_webhook import (
    WebhookChange,
    change_webhook,
    look_up_webhook,
    rotate_secret,
    try_webhook,
)
from domain.reserve_call import Identity

ACCEPTED: Final = 202
TOO_MANY: Final = 429

router = APIRouter()


class WebhookFields(Fields):
    """What to change; what is left out stays. No types mean all, and no URL that none is told."""

    url: WebhookUrl | None = None
    event_types: Annotated[list[str], Field(max_length=len(CHOICES))] = Field(
        default_factory=list[str]
    )

    @field_validator("event_types")
    @classmethod
    def _known(cls, types: list[str]) -> list[str]:
        if unknown := [name for name in types if name not in CHOICES]:
            message = f"must be among {', '.join(CHOICES)}, and not {unknown[0][:100]!r}"
            raise ValueError(message)
        return types

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            message = f"Give at least one of {', '.join(type(self).model_fields)}"
            raise ValueError(message)
        return self


class WebhookAnswer(Answer):
    """Where the customer is told, of what, and how to know that a message is ours."""

    customer_id: str
    url: str | None
    event_types: Annotated[list[str], Field(description="What is told; none means all.")]
    known_event_types: Annotated[list[str], Field(description="What there is to choose from.")]
    secret: Annotated[
        str | None,
        Field(
            description="What messages are signed with, as standardwebhooks.com says; null where"
            " no webhooks are sent.",
            examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        ),
    ]
    old_secret_signs: Annotated[
        bool,
        Field(
            description="Whether the secret before still signs too, within a day of a rotation; "
            "only that one does, and none before it."
        ),
    ]


class WebhookTestAnswer(Answer):
    """A test message is on its way; it will be among the deliveries."""

    type: str
    url: str | None


@router.get("/webhooks", **documented(WebhookAnswer))
async def get_webhook(request: Request, caller: Caller) -> Response:
    """Tell where the customer is told of what, and the secret that signs it."""
    Query(request, ())
    return success(request, await _describe(gateway_of(request), caller))


@router.patch("/webhooks", **documented(WebhookAnswer))
async def change(
    request: Request,
    caller: Caller,
    fields: Annotated[WebhookFields, Depends(body_as(WebhookFields))],
) -> Response:
    """Change the address or what is told; another address gets what was not sent yet."""
    gateway, given, manager = gateway_of(request), fields.model_fields_set, manager_of(caller)
    async with keeping_address(gateway, caller.customer_id, fields, "url") as webhook:
        change = WebhookChange(
            changes_address="url" in given,
            webhook=webhook,
            types=fields.event_types if "event_types" in given else None,
        )
        command = change_webhook(caller.customer_id, change, actor=manager.actor)
        before = await gateway.ledger.execute(manager.guarded(command))
    if change.changes_address:
        await forget_address(gateway, before)
    return success(request, await _describe(gateway, caller))


@router.post(
    "/webhooks/rotate-secret", dependencies=[Depends(no_body)], **documented(WebhookAnswer)
)
async def rotate_webhook_secret(request: Request, caller: Caller) -> Response:
    """Sign with a new secret; for a day, messages are signed with the one before as well.

    With that one only: rotated again within the day, the secret before it signs no more.
    """
    gateway, manager = gateway_of(request), manager_of(caller)
    command = rotate_secret(caller.customer_id, actor=manager.actor)
    await gateway.ledger.execute(manager.guarded(command))
    return success(request, await _describe(gateway, caller))


@router.post(
    "/webhooks/test",
    dependencies=[Depends(no_body)],
    **documented(WebhookTestAnswer, status=ACCEPTED, refuses=(TOO_MANY,)),
)
async def send_test(request: Request, caller: Caller) -> Response:
    """Send a message that says nothing, whatever types are chosen; every ten seconds at most."""
    gateway, manager = gateway_of(request), manager_of(caller)
    command = try_webhook(caller.customer_id, actor=manager.actor)
    await gateway.ledger.execute(manager.guarded(command))
    described = await _describe(gateway, caller)
    return success(request, {"type": TEST, "url": described["url"]}, ACCEPTED)


async def _describe(gateway: Gateway, caller: Identity) -> dict[str, Any]:
    terms = await gateway.ledger.read(look_up_webhook(caller.customer_id))
    signer = signer_of(gateway.settings)
    return {
        "customer_id": ids.public(ids.CUSTOMER, caller.customer_id),
        "url": await WebhookEndpoints(gateway.ledger, gateway.texts).url(terms),
        "event_types": list(terms.types),
        "known_event_types": list(CHOICES),
        "secret": signer.secret_of(caller.customer_id, terms.secrets[0]) if signer else None,
        "old_secret_signs": len(terms.secrets) > 1,
    }
