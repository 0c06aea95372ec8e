"""Correcting a call's charge: by an amount, or by rating its usage at another price version."""

from dataclasses import dataclass
from uuid import UUID

from domain.api_key import ApiKey
from domain.claims import claimed, with_claim
from domain.decision import Decision
from domain.find import must_find
from domain.idempotency import Idempotency
from domain.inference_request import InferenceRequest
from domain.money import Nanos
from domain.ports import Books
from domain.reserve_call import Claim
from domain.wallet import Wallet


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """A signed correction of one call, in nanos: positive gives credit back."""

    correction_id: UUID
    amount: Nanos
    reason_hash: str
    actor: str
    batch_id: str | None = None
    price_version: str | None = None
    """What the call is rated at from now on, if this re-rates it."""


def correct_call(
    request: InferenceRequest, new: NewCorrection, claim: Claim | None = None
) -> Decision[str]:
    """Correct a call's charge once per idempotency key; decides the correction's id.

    `request` only says which wallet and key are concerned; it is looked at again under the lock.
    """
    request_id, wallet_id, key_id = request.id, UUID(request.wallet_id), UUID(request.key_id)

    def decide(books: Books) -> str:
        if claim and (used := books.find(Idempotency, claim.claim_id)):
            used.check_same(claim.body_hash)
            return used.result_id
        current = must_find(books, InferenceRequest, request_id, "request")
        current.check_correctable(new.amount)
        must_find(books, Wallet, wallet_id, "wallet").check_bounds(new.amount)
        correct(books, current, new)
        return claimed(books, claim, new.correction_id.hex)

    return Decision(with_claim((request_id, wallet_id, key_id), claim), decide)


def correct(books: Books, request: InferenceRequest, new: NewCorrection) -> None:
    """Correct a call that was checked to be correctable, on wallet, key and request alike."""
    wallet = must_find(books, Wallet, UUID(request.wallet_id), "wallet")
    key = must_find(books, ApiKey, UUID(request.key_id), "key")
    corrected = wallet.correct(
        books.at,
        correction_id=new.correction_id.hex,
        request_id=request.id.hex,
        amount=new.amount,
        drawn=request.drawn,
        corrects=request.period,
        batch_id=new.batch_id,
        actor=new.actor,
    )
    key.correct(books.at, request_id=request.id.hex, amount=new.amount, window=request.window)
    request.correct(
        books.at,
        correction_id=new.correction_id.hex,
        amount=new.amount,
        allocations=corrected.allocations + corrected.expired,
        period=corrected.period,
        batch_id=new.batch_id,
        price_version=new.price_version,
        reason_hash=new.reason_hash,
        actor=new.actor,
    )
