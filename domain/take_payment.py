"""Taking money in: a payment becomes a paid grant in one commit, or waits for the operator."""

from dataclasses import dataclass
from uuid import UUID

from domain.decision import Decision
from domain.errors import ConflictError
from domain.find import must_find
from domain.grants import PAID
from domain.money import Nanos
from domain.payment import Payment
from domain.ports import Books
from domain.refund_payment import take_back
from domain.wallet import Wallet

CUSTOMER_MISSING, CUSTOMER_UNKNOWN = "customer_missing", "customer_unknown"
AMOUNT_ZERO, CURRENCY_MISMATCH, OUT_OF_BOUNDS = (
    "amount_zero", "currency_mismatch", "amount_out_of_bounds",
)  # fmt: skip
"""Why money that came in is nobody's credit yet."""

APPLIED, UNAPPLIED, KNOWN = "applied", "unapplied", "known"
"""What became of a notice."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Whom the money is from, and the wallet that it goes to."""

    customer_id: UUID
    wallet_id: UUID


@dataclass(frozen=True, slots=True)
class MoneyReceived:
    """A provider's word that money came in, in nanos."""

    reference: str
    """The provider's own id of the payment: the same in every word about it."""
    amount: Nanos
    currency: str
    customer: str | None
    """The customer's public id as it was given with the payment."""
    problem: str | None = None
    """Why it cannot be credited, whoever it is from."""


def take_payment(
    payment_id: UUID, provider: str, money: MoneyReceived, payer: Payer | None
) -> Decision[str]:
    """Credit the money, once; without a payer, or with any problem, it waits for the operator.

    Decides APPLIED, UNAPPLIED or KNOWN. A later word that names the payer applies what waited.
    """

    def decide(books: Books) -> str:
        payment = books.find(Payment, payment_id)
        if payment is not None and not _concerns(payment, money):
            return KNOWN
        wallet = books.find(Wallet, payer.wallet_id) if payer else None
        problem = _problem(money, wallet)
        if payment is None:
            payment = Payment.open(
                books.at, payment_id, provider=provider, reference=money.reference
            )
            books.add(payment)
        if not payment.received:
            payment.receive(books.at, amount=money.amount, currency=money.currency, problem=problem)
        elif problem is not None:
            return KNOWN
        if problem is not None or payer is None or wallet is None:
            return UNAPPLIED
        _apply(books, payment, payer, wallet, provider)
        return APPLIED

    touched = (payment_id, payer.wallet_id) if payer else (payment_id,)
    return Decision(touched, decide)


def apply_payment(payment_id: UUID, payer: Payer, *, actor: str) -> Decision[Payment]:
    """Credit money that waited to the customer whom the operator names; decides the payment.

    Applying it to the same customer again changes nothing.
    """

    def decide(books: Books) -> Payment:
        payment = must_find(books, Payment, payment_id, "payment")
        wallet = must_find(books, Wallet, payer.wallet_id, "customer")
        if payment.customer_id == payer.customer_id.hex:
            return payment
        if payment.applied:
            message = "The payment is another customer's credit already."
            raise ConflictError(message)
        payment.check_appliable(wallet.currency)
        wallet.check_bounds(payment.amount)
        _apply(books, payment, payer, wallet, actor)
        return payment

    return Decision((payment_id, payer.wallet_id), decide)


def _concerns(payment: Payment, money: MoneyReceived) -> bool:
    """Tell whether this word can still change anything."""
    if not payment.received:
        return True
    same = (payment.amount, payment.currency) == (money.amount, money.currency)
    return same and not payment.applied


def _problem(money: MoneyReceived, wallet: Wallet | None) -> str | None:
    if money.problem is not None:
        return money.problem
    if not money.amount:
        return AMOUNT_ZERO
    if wallet is None:
        return CUSTOMER_UNKNOWN if money.customer else CUSTOMER_MISSING
    if wallet.currency != money.currency:
        return CURRENCY_MISMATCH
    return None if wallet.bears(money.amount) else OUT_OF_BOUNDS


def _apply(books: Books, payment: Payment, payer: Payer, wallet: Wallet, actor: str) -> None:
    grant_id = payment.id.hex
    payment.apply_to(
        books.at,
        customer_id=payer.customer_id.hex,
        wallet_id=payer.wallet_id.hex,
        grant_id=grant_id,
        actor=actor,
    )
    wallet.grant(
        books.at,
        grant_id=grant_id,
        amount=payment.amount,
        category=PAID,
        actor=actor,
        reference=f"{payment.provider}:{payment.reference}",
    )
    take_back(books, wallet, payment, payment.settle(books.at, unused=wallet.unused(grant_id)))
