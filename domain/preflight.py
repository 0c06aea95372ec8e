"""Looking whether a call would be refused, and by everything that would; nothing is held."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from domain import ids
from domain.admission import Asked, admit, may_answer, price
from domain.api_key import INFERENCE, ApiKey
from domain.candidates import Candidate
from domain.catalog import Model
from domain.check_limits import check_limits
from domain.customer import Customer
from domain.errors import InvalidApiKeyError, OutOfFundsError, RefusalError
from domain.find import must_find
from domain.fit_funds import Funds, Priced
from domain.metering import Estimate
from domain.moment import Moment
from domain.money import Nanos
from domain.ports import Books
from domain.price_book import PriceBook
from domain.pricing import rate
from domain.quote import Quote
from domain.reserve_call import Identity
from domain.usage import exclusive
from domain.wallet import Wallet

T = TypeVar("T")

_NOTHING: Final = Quote(0, 0, clamps=False), Estimate(0, 0, 0)
"""The size of a call that asks for nothing, so that only the model can stand in its way."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Everyone who has a say in a call, as they are now."""

    at: Moment
    key: ApiKey
    customer: Customer
    wallet: Wallet
    book: PriceBook | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would become of a call; amounts in nanos, None for a model without a price."""

    refusals: tuple[RefusalError, ...]
    """In the order in which they would be met: the call would be refused with the first."""
    required: Nanos | None
    """What would be held, or would have to be available to be held."""
    cost: Nanos | None
    """What it would be charged if each choice came to one token, with the cheapest candidate."""

    @property
    def callable(self) -> bool:
        """Whether the call would be made."""
        return not self.refusals


def parties_ids(who: Identity) -> tuple[UUID, ...]:
    """Name what `parties_of` finds, for a query."""
    return who.key_id, who.customer_id, who.wallet_id, _book_id(who)


def parties_of(books: Books, who: Identity) -> Parties:
    """Find everyone who has a say in a key's calls, or raise InvalidApiKeyError."""
    key = books.find(ApiKey, who.key_id)
    if key is None:
        raise InvalidApiKeyError
    return Parties(
        books.at,
        key,
        must_find(books, Customer, who.customer_id, "customer"),
        must_find(books, Wallet, who.wallet_id, "wallet"),
        books.find(PriceBook, _book_id(who)),
    )


def look_ahead(asked: Asked, parties: Parties) -> Outlook:
    """Tell what would refuse a call; what hides behind the first refusal is told as well.

    Without a candidate only key, wallet and limits are looked at.
    """
    at, key, wallet, customer = parties.at, parties.key, parties.wallet, parties.customer
    found: list[RefusalError] = []
    _collect(found, lambda: key.check_usable(at, INFERENCE))
    _collect(found, wallet.check_not_frozen)
    _collect(found, lambda: check_limits(at, key, customer, wallet))
    if not asked.candidates:
        return Outlook(tuple(found), None, None)
    admitted = _collect(found, lambda: admit(asked, key, customer))
    looked_at: Sequence[Candidate] = admitted or asked.candidates
    priced = _collect(found, lambda: price(asked, looked_at, parties.book, wallet, at.now))
    if priced is None:
        return Outlook(tuple(found), None, None)
    fitting = _collect(found, lambda: may_answer(priced[1], Funds(wallet, key, at), customer))
    if not fitting:
        return Outlook(tuple(found), _required(found), min(map(_least, priced[1])))
    kept = {one.candidate.model.id for one in fitting}
    cost = min(_least(one) for one in priced[1] if one.candidate.model.id in kept)
    return Outlook(tuple(found), max(one.amount for one in fitting), cost)


def callable_models(
    models: Iterable[Model], parties: Parties, *, open_choice: bool = False
) -> list[Model]:
    """Keep the models that a key's scope, the policies and the prices let it call.

    With `open_choice`, by a name that leaves the model to us. Funds and limits are not asked.
    """
    return [model for model in models if _lets_call(model, parties, open_choice=open_choice)]


def _lets_call(model: Model, parties: Parties, *, open_choice: bool) -> bool:
    asked = Asked(model.id, (Candidate(model, model.routes, *_NOTHING),), open_choice)
    try:
        admitted = admit(asked, parties.key, parties.customer)
        price(asked, admitted, parties.book, parties.wallet, parties.at.now)
    except RefusalError:
        return False
    return True


def _collect(found: list[RefusalError], check: Callable[[], T]) -> T | None:
    try:
        return check()
    except RefusalError as refused:
        found.append(refused)
        return None


def _required(found: Sequence[RefusalError]) -> Nanos | None:
    return next((short.required for short in found if isinstance(short, OutOfFundsError)), None)


def _least(priced: Priced) -> Nanos:
    candidate = priced.candidate
    out = candidate.quote.choices if candidate.quote.output_cap else 0
    return rate(exclusive(input=candidate.estimate.count, output=out), priced.card)


def _book_id(who: Identity) -> UUID:
    return ids.price_book_id(ids.shard_of(who.wallet_id))
