"""Corrections: give back what a call was charged, or charge more, by a linked event."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from adapters.ledger.texts import Naming
from api.admin.answers.money import CorrectionMadeAnswer
from api.admin.auth import gateway_of
from api.admin.body import Fields, body_as
from api.admin.fields import Reason, SignedAmount
from api.admin.find import find, parse_id
from api.admin.idempotency import HIT, claim_of
from api.admin.texts import erase_now, kept
from api.document.operation import documented
from api.envelope import CREATED, success
from api.operator import ACTOR
from domain import ids
from domain.correct_call import NewCorrection, correct_call
from domain.inference_request import InferenceRequest
from domain.money import format_amount

REASON = "correction_reason"
"""The kind of erasable text; its subject is the correction."""

router = APIRouter()


class NewCorrectionFields(Fields):
    """How much to give back, or with a minus to charge more, and why."""

    amount: SignedAmount
    reason: Reason


@router.post(
    "/requests/{request_id}/corrections",
    **documented(CorrectionMadeAnswer, status=CREATED, idempotent=True),
)
async def correct(
    request: Request,
    request_id: str,
    new: Annotated[NewCorrectionFields, Depends(body_as(NewCorrectionFields))],
) -> Response:
    """Correct what a call was charged, once per Idempotency-Key."""
    gateway = gateway_of(request)
    parsed = parse_id(ids.REQUEST, request_id, gateway.shard, "request")
    call = await find(request, InferenceRequest, parsed, "request")
    claim = claim_of(request, new, gateway.shard)
    minted = gateway.mint()
    naming = Naming(parsed, "correction_id", one=False)
    async with kept(gateway.texts, minted, REASON, new.reason, naming) as reason_hash:
        command = NewCorrection(minted, new.amount, reason_hash, ACTOR)
        correction_id = await gateway.ledger.execute(correct_call(call, command, claim))
    repeated = correction_id != minted.hex
    if repeated:
        await erase_now(gateway.texts, minted, REASON)
    data = {
        "correction_id": f"{ids.CORRECTION}_{correction_id}",
        "request_id": request_id,
        "amount": format_amount(new.amount),
        "reason": new.reason,
    }
    return success(request, data, CREATED, HIT if repeated else {})
