"""Money that goes back: unused credit of the payment's grant goes with it, in one commit."""

from dataclasses import dataclass
from uuid import UUID

from domain.decision import Decision
from domain.find import must_find
from domain.money import Nanos
from domain.payment import Payment
from domain.ports import Books
from domain.wallet import Wallet

REFUND = "refund"
"""Why the credit was voided."""


@dataclass(frozen=True, slots=True)
class MoneyRefunded:
    """A provider's word that money went back, in nanos."""

    reference: str
    """Of the payment."""
    refund_id: str | None
    """None if the amount is the sum of all refunds so far."""
    amount: Nanos
    currency: str


@dataclass(frozen=True, slots=True)
class MoneyQuestioned:
    """A provider's word about a payment that only the operator can judge."""

    reference: str
    code: str
    item: str
    amount: Nanos
    currency: str


def refund_payment(
    payment_id: UUID, provider: str, refund: MoneyRefunded, wallet_id: UUID | None
) -> Decision[bool]:
    """Void as much of the payment's unused credit as went back; the rest is its shortfall.

    `wallet_id` is the payment's as the caller knows it; decides False, and changes nothing, if the
    payment has a wallet by now that the caller did not know of.
    """

    def decide(books: Books) -> bool:
        payment = books.find(Payment, payment_id)
        if payment is None:
            payment = Payment.open(
                books.at, payment_id, provider=provider, reference=refund.reference
            )
            books.add(payment)
        if payment.applied and wallet_id is None:
            return False
        wallet = must_find(books, Wallet, wallet_id, "wallet") if wallet_id else None
        voided = payment.refund(
            books.at,
            refund_id=refund.refund_id,
            told=refund.amount,
            currency=refund.currency,
            unused=wallet.unused(payment.grant_id) if wallet else 0,
        )
        if wallet:
            take_back(books, wallet, payment, voided)
        return True

    return Decision((payment_id, wallet_id) if wallet_id else (payment_id,), decide)


def question_payment(payment_id: UUID, provider: str, question: MoneyQuestioned) -> Decision[None]:
    """Put it before the operator, once; no credit moves."""

    def decide(books: Books) -> None:
        payment = books.find(Payment, payment_id)
        if payment is None:
            payment = Payment.open(
                books.at, payment_id, provider=provider, reference=question.reference
            )
            books.add(payment)
        payment.question(
            books.at,
            code=question.code,
            item=question.item,
            amount=question.amount,
            currency=question.currency,
        )

    return Decision((payment_id,), decide)


def take_back(books: Books, wallet: Wallet, payment: Payment, voided: Nanos) -> None:
    """Void what a refund takes of the payment's grant."""
    if voided:
        wallet.void_grant(
            books.at,
            grant_id=payment.grant_id,
            amount=voided,
            reason=REFUND,
            actor=payment.provider,
        )
