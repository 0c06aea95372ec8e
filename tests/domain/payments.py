"""A shop whose customer pays through a provider, and is told what becomes of the money."""

from typing import Any
from uuid import UUID

from domain import ids
from domain.alerts import AlertChange, change_alerts, check_alerts
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


def payment_id(reference: str = PI) -> UUID:
    return Payment.id_of(0, "stripe", reference)


class PaidShop(Shop):
    """What comes in is told as a provider does: again, late and out of order."""

    @property
    def payer(self) -> Payer:
        return Payer(self.who.customer_id, self.who.wallet_id)

    @property
    def payment_id(self) -> UUID:
        return payment_id()

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
        reference: str = PI,
    ) -> str:
        customer = ids.public(ids.CUSTOMER, self.who.customer_id) if known else None
        money = MoneyReceived(reference, amount, currency, customer, problem)
        payer = self.payer if known else None
        return self.do(take_payment(payment_id(reference), "stripe", money, payer))

    def refund(
        self,
        amount: int,
        refund_id: str | None = None,
        *,
        currency: str = "USD",
        knows: bool = True,
        reference: str = PI,
    ) -> bool:
        notice = MoneyRefunded(reference, refund_id, amount, currency)
        held = self.ledger._held.get(payment_id(reference))
        wallet_id = held.wallet_id if isinstance(held, Payment) and knows else ""
        known = UUID(wallet_id) if wallet_id else None
        return self.do(refund_payment(payment_id(reference), "stripe", notice, known))

    def question(
        self,
        code: str,
        item: str = "dp_1",
        amount: int = 100,
        *,
        currency: str = "USD",
        reference: str = PI,
    ) -> None:
        notice = MoneyQuestioned(reference, code, item, amount, currency)
        self.do(question_payment(payment_id(reference), "stripe", notice))

    def apply(self, payer: Payer | None = None, *, reference: str = PI) -> Payment:
        command = apply_payment(payment_id(reference), payer or self.payer, actor="operator")
        return self.do(command)

    def watch(self, **fields: Any) -> Any:
        """Change what is watched, or where it is told."""
        change = AlertChange(**fields)
        who = self.who
        return self.do(change_alerts(who.customer_id, who.wallet_id, change, actor="key_1"))

    def look(self) -> int:
        """Have the wallet look at its lines."""
        return self.do(check_alerts(self.who.wallet_id))

    def spend(self, amount: int) -> Reservation:
        """Charge an even number of nanos."""
        held = self.reserve(0, amount // 2)
        self.charge(held, {"output": amount // 2})
        return held
