"""POST /openapi/v1/balance/check: whether the wallet could hold an amount or a call now."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, model_validator

from api.admin.auth import gateway_of
from api.admin.body import Fields
from api.admin.fields import LimitAmount
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.balance import CheckAnswer
from api.openapi.body import body_as
from api.openapi.caller import Caller
from domain.check_funds import check_amount, check_call
from domain.errors import ModelNotFoundError
from domain.money import format_amount
from domain.quote import Quote

TOKENS_MAX = 2**31 - 1

Tokens = Annotated[int, Field(ge=0, le=TOKENS_MAX)]
Model = Annotated[str, Field(min_length=1, max_length=200)]

router = APIRouter()


class CheckFields(Fields):
    """An amount, or a call by its size; without an output cap that of a call that names none."""

    amount: LimitAmount | None = None
    model: Model | None = None
    input_tokens: Tokens | None = None
    max_output_tokens: Tokens | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        call = (self.model, self.input_tokens)
        size = (*call, self.max_output_tokens)
        whole = all(part is not None for part in call) and self.amount is None
        if not whole and (self.amount is None or any(part is not None for part in size)):
            message = "Give either amount, or model and input_tokens"
            raise ValueError(message)
        return self


@router.post("/balance/check", **documented(CheckAnswer))
async def check(
    request: Request,
    caller: Caller,
    fields: Annotated[CheckFields, Depends(body_as(CheckFields))],
) -> Response:
    """Look at the wallet as it is now; nothing is held."""
    gateway = gateway_of(request)
    if fields.model is None:
        query = check_amount(caller.wallet_id, fields.amount or 0)
    else:
        model = gateway.catalog.models.get(fields.model)
        if model is None:
            raise ModelNotFoundError(fields.model)
        default = gateway.settings.default_output_tokens
        asked = default if fields.max_output_tokens is None else fields.max_output_tokens
        cap = min(asked, model.max_output_tokens)
        query = check_call(
            caller.wallet_id, model.id, Quote(fields.input_tokens or 0, cap, clamps=False)
        )
    funds = await gateway.ledger.read(query)
    data = {
        "sufficient": funds.refusal is None,
        "required": format_amount(funds.required),
        "available": format_amount(funds.available),
        "shortfall": format_amount(funds.shortfall),
        "currency": funds.currency,
        "reason": funds.refusal,
    }
    return success(request, data)
