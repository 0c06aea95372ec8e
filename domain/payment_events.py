"""The facts of a payment. Amounts in nanos; references are the provider's own ids, never names."""

from domain.aggregate import Fact, FirstFact
from domain.money import Nanos


class Opened(FirstFact):
    """The provider has spoken of this payment for the first time."""

    TOPIC = "payment.opened.1"
    provider: str
    reference: str


class Received(Fact):
    """Money came in; with a problem it is nobody's credit yet."""

    TOPIC = "payment.received.1"
    amount: Nanos
    currency: str
    problem: str | None


class Applied(Fact):
    """The money became a grant, in the commit of that grant."""

    TOPIC = "payment.applied.1"
    customer_id: str
    wallet_id: str
    grant_id: str
    actor: str


class Refunded(Fact):
    """Money went back; `amount` is what this fact adds to all that is known to be refunded.

    `voided` is the unused credit taken back for it now, `shortfall` what was no longer there to
    take. `refund_id` is None where the provider told only the sum. An amount of 0 settles what
    was refunded before there was a grant.
    """

    TOPIC = "payment.refunded.1"
    refund_id: str | None
    told: Nanos
    currency: str
    amount: Nanos
    voided: Nanos
    shortfall: Nanos


class Questioned(Fact):
    """Something that only the operator can judge: a dispute, a refund that failed."""

    TOPIC = "payment.questioned.1"
    code: str
    item: str
    amount: Nanos
    currency: str
