"""Price versions: what was published, and drafts for corrections and what-if reports to name."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, Field

from api.admin.auth import ACTOR, gateway_of
from api.admin.body import Fields, body_as
from api.admin.fields import LimitAmount, Name, write_time
from api.envelope import CREATED, success
from domain import ids
from domain.decision import Decision
from domain.find import must_find
from domain.manage import draft_prices
from domain.money import Nanos, format_amount
from domain.ports import Books
from domain.price_book import PriceBook
from domain.usage import COMPONENTS

router = APIRouter()


def _known(prices: dict[str, Nanos]) -> dict[str, Nanos]:
    if odd := sorted(prices.keys() - COMPONENTS):
        message = f"{odd[0][:40]!r} is no component of a price"
        raise ValueError(message)
    return prices


Prices = Annotated[
    dict[str, LimitAmount], Field(min_length=1, max_length=20), AfterValidator(_known)
]
"""Nanos per 1,000,000 units by component, written as decimal strings."""


class DraftFields(Fields):
    """Prices by model, per 1,000,000 units, as in the catalogue."""

    prices: Annotated[
        dict[Name, Prices],
        Field(min_length=1, max_length=10_000),
    ]


@router.post("/price-versions")
async def draft(
    request: Request, new: Annotated[DraftFields, Depends(body_as(DraftFields))]
) -> Response:
    """Keep prices that never come into force; the same prices are the same version."""
    gateway = gateway_of(request)
    command = draft_prices(gateway.shard, new.prices, actor=ACTOR)
    version = await gateway.ledger.execute(command)
    data = {"price_version": version, "prices": describe_cards(new.prices)}
    return success(request, data, CREATED)


@router.get("/price-versions")
async def list_versions(request: Request) -> Response:
    """List every version, the published ones in their order of effect and then the drafts."""
    book = await price_book(request)
    published = [
        {"price_version": version, "effective_at": write_time(at), "models": len(book[0][version])}
        for at, version in book[1]
    ]
    in_force = {entry["price_version"] for entry in published}
    drafts = [
        {"price_version": version, "effective_at": None, "models": len(cards)}
        for version, cards in book[0].items()
        if version not in in_force
    ]
    return success(request, {"items": [*published, *drafts]})


async def price_book(request: Request) -> tuple[dict[str, Any], list[tuple[Any, str]]]:
    """Give the cards of every version, and the schedule of those that were published."""
    gateway = gateway_of(request)
    book_id = ids.price_book_id(gateway.shard)

    def look(books: Books) -> tuple[dict[str, Any], list[tuple[Any, str]]]:
        book = must_find(books, PriceBook, book_id, "price book")
        return dict(book.versions), list(book.schedule)

    return await gateway.ledger.read(Decision((book_id,), look))


def describe_cards(cards: Mapping[str, Mapping[str, Nanos]]) -> dict[str, dict[str, str]]:
    """Write prices as decimal strings."""
    return {
        model: {component: format_amount(nanos) for component, nanos in prices.items()}
        for model, prices in cards.items()
    }
