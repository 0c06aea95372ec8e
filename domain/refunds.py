"""What is known to have gone back of a payment, however and in whatever order it is told of.

total = max(Σ refunds told one by one, the largest sum told - Σ refunds that failed)
"""

from dataclasses import dataclass, field, replace

from domain.money import Nanos


@dataclass(slots=True)
class Refunds:
    """Keeps both accounts of it, which are lower bounds, in nanos of the refunds' currency."""

    single: dict[str, Nanos] = field(default_factory=dict[str, Nanos])
    """By the provider's id; one that failed is there with nothing."""
    told: Nanos = 0
    """The largest sum; it counts refunds that failed afterwards."""
    failed: dict[str, Nanos] = field(default_factory=dict[str, Nanos])
    """By currency: a refund in another one was never counted here."""
    currency: str = ""

    @property
    def total(self) -> Nanos:
        """Tell how much is known to have gone back for good."""
        return max(sum(self.single.values()), self.told - self.failed.get(self.currency, 0))

    def is_news(self, refund_id: str | None, told: Nanos) -> bool:
        """Tell whether a refund, or without its id a sum, was not told of before."""
        return told > self.told if refund_id is None else refund_id not in self.single

    def adds(self, refund_id: str | None, told: Nanos, currency: str) -> Nanos:
        """Tell how much the total would grow by it."""
        after = replace(self, single=dict(self.single))
        after.take(refund_id, told, currency)
        return after.total - self.total

    def take(self, refund_id: str | None, told: Nanos, currency: str) -> None:
        """Count a refund, or without its id a sum of all so far."""
        self.currency = currency
        if refund_id is None:
            self.told = max(self.told, told)
        else:
            self.single[refund_id] = told

    def fail(self, refund_id: str, amount: Nanos, currency: str) -> None:
        """Count a refund no more, in neither account, told before or after; said once of each."""
        self.single[refund_id] = 0
        self.failed[currency] = self.failed.get(currency, 0) + amount
