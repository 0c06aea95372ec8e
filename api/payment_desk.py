"""Taking a provider's word about a payment to the ledger, whatever it is about."""

from uuid import UUID

from domain import ids
from domain.customer import Customer
from domain.decision import Decision
from domain.payment import Payment
from domain.ports import Books, Ledger
from domain.refund_payment import (
    MoneyQuestioned,
    MoneyRefunded,
    question_payment,
    refund_payment,
)
from domain.take_payment import MoneyReceived, Payer, take_payment

Notice = MoneyReceived | MoneyRefunded | MoneyQuestioned


class PaymentDesk:
    """Finds who is concerned, which never changes, and has the ledger decide."""

    def __init__(self, ledger: Ledger, shard: int, provider: str) -> None:
        self._ledger = ledger
        self._shard = shard
        self._provider = provider

    async def take(self, notice: Notice) -> tuple[UUID, str]:
        """Take a notice, once however often it comes; returns the payment and what became of it.

        Raises BillingUnavailableError: then it has to come again.
        """
        payment_id = Payment.id_of(self._shard, self._provider, notice.reference)
        if isinstance(notice, MoneyReceived):
            payer = await self._payer(notice.customer)
            command = take_payment(payment_id, self._provider, notice, payer)
            return payment_id, await self._ledger.execute(command)
        if isinstance(notice, MoneyRefunded):
            await self._refund(payment_id, notice)
            return payment_id, "refunded"
        await self._ledger.execute(question_payment(payment_id, self._provider, notice))
        return payment_id, "questioned"

    async def _payer(self, text: str | None) -> Payer | None:
        customer_id = ids.parse_public(ids.CUSTOMER, text) if text else None
        if customer_id is None or ids.shard_of(customer_id) != self._shard:
            return None

        def look(books: Books) -> Payer | None:
            customer = books.find(Customer, customer_id)
            return Payer(customer_id, UUID(customer.wallet_id)) if customer else None

        return await self._ledger.read(Decision((customer_id,), look))

    async def _refund(self, payment_id: UUID, notice: MoneyRefunded) -> None:
        def look(books: Books) -> UUID | None:
            payment = books.find(Payment, payment_id)
            return UUID(payment.wallet_id) if payment and payment.wallet_id else None

        query = Decision((payment_id,), look)
        taken = False
        while not taken:  # twice at most: a payment's wallet never changes
            wallet_id = await self._ledger.read(query)
            command = refund_payment(payment_id, self._provider, notice, wallet_id)
            taken = await self._ledger.execute(command)
