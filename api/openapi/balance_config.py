"""GET and PATCH /openapi/v1/balance/config: what the customer wants to be told, and where."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, model_validator

from api.admin.auth import gateway_of
from api.admin.body import Fields
from api.admin.fields import LimitAmount, PositiveAmount
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.balance import BalanceConfigAnswer
from api.openapi.body import body_as
from api.openapi.caller import Caller
from api.openapi.key_views import manager_of
from api.openapi.query import Query
from api.openapi.webhook_address import WebhookUrl, forget_address, keeping_address
from api.webhook_endpoints import WebhookEndpoints, signer_of
from domain import ids
from domain.alerts import AlertChange, Recharge, change_alerts
from domain.change_webhook import look_up_webhook
from domain.decision import Decision
from domain.find import must_find
from domain.money import format_amount
from domain.ports import Books
from domain.reserve_call import Identity
from domain.wallet import Wallet

THRESHOLDS_MAX = 10

Percent = Annotated[int, Field(ge=1, le=100)]

router = APIRouter()


class RechargeFields(Fields):
    """How much to ask for once available credit is at or below a line."""

    below: LimitAmount
    amount: PositiveAmount


class ConfigFields(Fields):
    """What to change; what is left out stays, null takes away."""

    alert_thresholds: Annotated[list[LimitAmount], Field(max_length=THRESHOLDS_MAX)] = Field(
        default_factory=list[int]
    )
    quota_alert_percents: Annotated[list[Percent], Field(max_length=THRESHOLDS_MAX)] = Field(
        default_factory=list[int]
    )
    auto_recharge: RechargeFields | None = None
    webhook_url: WebhookUrl | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            message = f"Give at least one of {', '.join(type(self).model_fields)}"
            raise ValueError(message)
        return self


@router.get("/balance/config", **documented(BalanceConfigAnswer))
async def get_config(request: Request, caller: Caller) -> Response:
    """Tell what is watched, which lines are crossed, and how to know that a webhook is ours."""
    Query(request, ())
    return success(request, await _describe(request, caller))


@router.patch("/balance/config", **documented(BalanceConfigAnswer))
async def change_config(
    request: Request,
    caller: Caller,
    fields: Annotated[ConfigFields, Depends(body_as(ConfigFields))],
) -> Response:
    """Change what is given; a wallet beyond a new line is told of it soon after."""
    gateway = gateway_of(request)
    given, manager = fields.model_fields_set, manager_of(caller)
    async with keeping_address(gateway, caller.customer_id, fields, "webhook_url") as webhook:
        recharge = fields.auto_recharge
        change = AlertChange(
            thresholds=fields.alert_thresholds if "alert_thresholds" in given else None,
            quota_percents=fields.quota_alert_percents if "quota_alert_percents" in given else None,
            changes_recharge="auto_recharge" in given,
            recharge=Recharge(recharge.below, recharge.amount) if recharge else None,
            changes_webhook="webhook_url" in given,
            webhook=webhook,
        )
        command = change_alerts(caller.customer_id, caller.wallet_id, change, actor=manager.actor)
        before = await gateway.ledger.execute(manager.guarded(command))
    if change.changes_webhook:
        await forget_address(gateway, before)
    return success(request, await _describe(request, caller))


async def _describe(request: Request, caller: Identity) -> dict[str, Any]:
    gateway = gateway_of(request)

    def look(books: Books) -> dict[str, Any]:
        return _describe_wallet(must_find(books, Wallet, caller.wallet_id, "wallet"))

    found = await gateway.ledger.read(Decision((caller.wallet_id,), look))
    signer = signer_of(gateway.settings)
    terms = await gateway.ledger.read(look_up_webhook(caller.customer_id))
    return {
        "customer_id": ids.public(ids.CUSTOMER, caller.customer_id),
        **found,
        "webhook_url": await WebhookEndpoints(gateway.ledger, gateway.texts).url(terms),
        "webhook_secret": signer.secret_of(caller.customer_id, terms.secrets[0])
        if signer
        else None,
    }


def _describe_wallet(wallet: Wallet) -> dict[str, Any]:
    below, amount = wallet.recharge_below, wallet.recharge_amount
    recharge = None
    if below is not None and amount is not None:
        recharge = {
            "below": format_amount(below),
            "amount": format_amount(amount),
            "requested": wallet.recharge_requested,
        }
    return {
        "currency": wallet.currency,
        "alert_thresholds": [format_amount(line) for line in wallet.alert_thresholds],
        "alerts_raised": [
            format_amount(line) for line in sorted(wallet.alerts_raised, reverse=True)
        ],
        "quota_alert_percents": wallet.quota_percents,
        "low_balance": bool(wallet.alerts_raised),
        "auto_recharge": recharge,
    }
