"""What becomes of a wallet's credit, booked against what it is for."""

from collections.abc import Callable, Iterable

from domain.grants import PROMOTIONAL
from domain.money import Nanos
from projections.exports.categories import Categories
from projections.exports.journal import accounts
from projections.lot_moves import ABSORBED, DEBT, EXPIRY, GRANT, REPAYMENT, VOID, Move


class Lots(Categories):
    """Books moves of lots; `provider` tells whose payment a grant is, if it is one."""

    def __init__(self, provider: Callable[[str], str | None]) -> None:
        super().__init__()
        self._provider = provider

    def postings(
        self, wallet_id: str, moves: Iterable[Move], model: str
    ) -> list[tuple[str, Nanos]]:
        """Book moves of a wallet's credit and debt; what nobody owes is no revenue."""
        both: list[tuple[str, Nanos]] = []
        for kind, lot, change in moves:
            if lot == ABSORBED:
                continue
            both.append((self._own(wallet_id, lot), -change))
            if kind != REPAYMENT:
                both.append((self._other(kind, lot, model), change))
        return both

    def _own(self, wallet_id: str, lot: str) -> str:
        if lot == DEBT:
            return accounts.overdraft(wallet_id)
        return accounts.credit(wallet_id, promotional=self.of(lot) == PROMOTIONAL)

    def _other(self, kind: str, lot: str, model: str) -> str:
        if kind not in {GRANT, VOID, EXPIRY}:
            return accounts.usage(model)
        if self.of(lot) == PROMOTIONAL:
            return accounts.PROMO_CREDIT
        return accounts.BREAKAGE if kind == EXPIRY else self._source(lot)

    def _source(self, lot: str) -> str:
        """Where paid credit comes from; a payment's money is on its clearing account by then."""
        provider = self._provider(lot)
        return accounts.payments(provider) if provider else accounts.cash(accounts.OPERATOR)
