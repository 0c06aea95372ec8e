"""Which models may answer a call: allowed by the key and the policies, and with a price now.

The reserve decides by this, and whoever asks beforehand is told by the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from domain.api_key import ApiKey
from domain.candidates import Candidate
from domain.catalog import Model, Route
from domain.customer import Customer
from domain.errors import ModelNotAllowedError, ModelNotFoundError, RefusalError
from domain.fit_funds import Fitting, Funds, Priced, fit, fully_priced
from domain.price_book import PriceBook
from domain.routing_policy import RoutingPolicyError
from domain.wallet import Wallet

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for."""

    requested: str
    """The model as the caller named it."""
    candidates: tuple[Candidate, ...]
    """The models that can take it, best first."""
    open_choice: bool = False
    """Whether the caller left the model to us."""
    request_id: UUID | None = None
    """By which a rollout draws; None if the call is not there yet, so may draw anything."""


def admit(asked: Asked, key: ApiKey, customer: Customer) -> list[Candidate]:
    """Keep what the key's scope and the policies allow, or raise the first refusal."""
    return _each(asked.candidates, lambda candidate: _admit(candidate, asked, key, customer))


def price(
    asked: Asked,
    admitted: Sequence[Candidate],
    book: PriceBook | None,
    wallet: Wallet,
    now: datetime,
) -> tuple[str, list[Priced]]:
    """Keep the candidates with a price now for all that the call may use, or raise.

    Gives the version of the prices besides.
    """
    if book is None or book.currency != wallet.currency:
        raise ModelNotFoundError(asked.requested)
    price_version = book.version_at(now)
    if price_version is None:
        raise ModelNotFoundError(asked.requested)
    priced = [
        Priced(candidate, card)
        for candidate in admitted
        if (card := book.card(price_version, candidate.model.id, wallet.price_list)) is not None
    ]
    if not priced:
        raise ModelNotFoundError(asked.requested)
    return price_version, fully_priced(priced)


def may_answer(priced: Sequence[Priced], funds: Funds, customer: Customer) -> list[Fitting]:
    """Keep what the funds cover, of which only the first may answer where no fallback is allowed.

    Raises the refusal of the first, which names what is short.
    """
    return fit(priced, funds)[: None if customer.routing.fallback else 1]


def allowed_routes(
    asked: Asked, model: Model, routes: tuple[Route, ...], key: ApiKey, customer: Customer
) -> tuple[Route, ...]:
    """Keep the routes along which a prompt may go to a model, or raise why there are none."""
    policy = customer.routing
    if not customer.security.allows(model.id):
        raise ModelNotAllowedError(model.id)
    providers = key.check_allows(model.id, list(dict.fromkeys(r.provider for r in routes)))
    if not policy.allows(model, asked.request_id, chosen=not asked.open_choice):
        raise RoutingPolicyError(asked.requested)
    narrowed = tuple(r for r in policy.routes(routes) if r.provider in providers)
    if not narrowed:
        raise RoutingPolicyError(asked.requested)
    return narrowed


def _admit(candidate: Candidate, asked: Asked, key: ApiKey, customer: Customer) -> Candidate:
    """Narrow a candidate to the routes that it may take."""
    routes = allowed_routes(asked, candidate.model, candidate.routes, key, customer)
    return candidate if routes == candidate.routes else replace(candidate, routes=routes)


def _each(candidates: Sequence[T], narrow: Callable[[T], T]) -> list[T]:
    """Keep what is not refused; the first refusal is raised if nothing is kept."""
    kept: list[T] = []
    refusal: RefusalError | None = None
    for candidate in candidates:
        try:
            kept.append(narrow(candidate))
        except RefusalError as refused:
            refusal = refusal or refused
    if refusal and not kept:
        raise refusal
    return kept
