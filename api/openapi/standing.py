"""What reports begin with: the ledger's own time, the wallet's month, and its currency."""

from datetime import UTC, date
from typing import NamedTuple

from fastapi import Request

from api.admin.auth import gateway_of
from domain.decision import Decision
from domain.find import must_find
from domain.ports import Books
from domain.reserve_call import Identity
from domain.wallet import Wallet


class Standing(NamedTuple):
    """Where a wallet stands in time."""

    today: date
    """By the clocks of UTC."""
    month: str
    """In which a hold made now is booked, in the wallet's own zone."""
    currency: str


async def standing(request: Request, caller: Identity) -> Standing:
    """Look at the caller's wallet, or raise BillingUnavailableError."""

    def look(books: Books) -> Standing:
        wallet = must_find(books, Wallet, caller.wallet_id, "wallet")
        now = books.at.now
        return Standing(now.astimezone(UTC).date(), wallet.calendar.period_of(now), wallet.currency)

    return await gateway_of(request).ledger.read(Decision((caller.wallet_id,), look))
