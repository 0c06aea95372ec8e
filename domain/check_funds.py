"""Looking whether a wallet could hold an amount now; nothing is held, and nothing recorded."""

from dataclasses import dataclass
from uuid import UUID

from domain import ids
from domain.decision import Decision
from domain.errors import ModelNotFoundError, WalletFrozenError
from domain.find import must_find
from domain.fit_funds import shortage
from domain.moment import Moment
from domain.money import Nanos
from domain.ports import Books
from domain.price_book import PriceBook
from domain.quote import Quote
from domain.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Funds:
    """What a hold would find, in nanos; the code is that of the refusal, None without one."""

    required: Nanos
    available: Nanos
    shortfall: Nanos
    currency: str
    refusal: str | None


def check_amount(wallet_id: UUID, required: Nanos) -> Decision[Funds]:
    """Look whether an amount could be held."""

    def look(books: Books) -> Funds:
        return _look(must_find(books, Wallet, wallet_id, "wallet"), books.at, required)

    return Decision((wallet_id,), look)


def check_call(wallet_id: UUID, model: str, quote: Quote) -> Decision[Funds]:
    """Look whether a call's worst case could be held, at the prices in force.

    Raises ModelNotFoundError for a model without a price.
    """
    book_id = ids.price_book_id(ids.shard_of(wallet_id))

    def look(books: Books) -> Funds:
        wallet = must_find(books, Wallet, wallet_id, "wallet")
        book = books.find(PriceBook, book_id)
        in_force = book.version_at(books.at.now) if book else None
        card = book.card(in_force, model, wallet.price_list) if book and in_force else None
        if card is None:
            raise ModelNotFoundError(model)
        return _look(wallet, books.at, quote.hold(card, quote.output_cap))

    return Decision((wallet_id, book_id), look)


def _look(wallet: Wallet, at: Moment, required: Nanos) -> Funds:
    room = wallet.headroom(at)
    short = max(0, required - room) if required else 0
    refusal = shortage(wallet, at, required=required, room=room).code if short else None
    if wallet.frozen:
        refusal = WalletFrozenError.code
    return Funds(required, wallet.available_at(at), short, wallet.currency, refusal)
