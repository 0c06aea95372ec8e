"""A shop whose customer pays through a provider."""

from uuid import UUID

from domain import ids
from domain.payment import Payment
from domain.refund_payment import (
    MoneyQuestioned,
    MoneyRefunded,
    question_payment,
    refund_payment,
)
from domain.reserve_call import Reservation
from domain.take_payment import MoneyReceived, Payer, apply_payment, take_payment
from tests.domain.shop import Shop

PI = "pi_1"


class PaidShop(Shop):
    """What comes in is told as a provider does: again, late and out of order."""

    @property
    def payer(self) -> Payer:
        return Payer(self.who.customer_id, self.who.wallet_id)

    @property
    def payment_id(self) -> UUID:
        return Payment.id_of(0, "stripe", PI)

    @property
    def payment(self) -> Payment:
        return self.ledger.look(Payment, self.payment_id)

    @property
    def unused(self) -> int:
        return self.wallet.unused(self.payment_id.hex)

    def pay(
        self,
        amount: int = 100,
        *,
        known: bool = True,
        currency: str = "USD",
        problem: str | None = None,
    ) -> str:
        customer = ids.public(ids.CUSTOMER, self.who.customer_id) if known else None
        money = MoneyReceived(PI, amount, currency, customer, problem)
        return self.do(
            take_payment(self.payment_id, "stripe", money, self.payer if known else None)
        )

    def refund(
        self,
        amount: int,
        refund_id: str | None = None,
        *,
        currency: str = "USD",
        knows: bool = True,
    ) -> bool:
        notice = MoneyRefunded(PI, refund_id, amount, currency)
        applied = self.payment_id in self.ledger._held and self.payment.applied
        wallet_id = self.who.wallet_id if knows and applied else None
        return self.do(refund_payment(self.payment_id, "stripe", notice, wallet_id))

    def question(self, code: str, item: str = "dp_1", amount: int = 100) -> None:
        notice = MoneyQuestioned(PI, code, item, amount, "USD")
        self.do(question_payment(self.payment_id, "stripe", notice))

    def apply(self, payer: Payer | None = None) -> Payment:
        return self.do(apply_payment(self.payment_id, payer or self.payer, actor="operator"))

    def spend(self, amount: int) -> Reservation:
        """Charge an even number of nanos."""
        held = self.reserve(0, amount // 2)
        self.charge(held, {"output": amount // 2})
        return held
