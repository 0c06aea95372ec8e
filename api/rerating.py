"""Rating charges again: a preview, a slice of a batch, and what a month would have come to."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from api.gateway import Gateway
from domain import ids
from domain.correction_batch import Concerned, rerate_call, rerated_by
from domain.decision import Decision
from domain.errors import NotFoundError
from domain.find import must_find
from domain.inference_request import InferenceRequest
from domain.money import Nanos
from domain.ports import Books
from domain.price_book import PriceBook
from domain.price_page import Page, card_on, has_list
from domain.pricing import RateCard
from domain.rerating import due
from projections.read_charges import Charge, Selector, every_charge

AT_ONCE: Final = 64
"""Corrections that may share a commit."""


@dataclass(slots=True)
class Change:
    """How many charges would change, and by how much in all; positive gives credit back."""

    looked_at: int = 0
    count: int = 0
    amount: Nanos = 0

    def add(self, amount: Nanos) -> None:
        """Count one charge."""
        self.looked_at += 1
        self.count += amount != 0
        self.amount += amount


@dataclass(slots=True)
class Comparison:
    """What charges came to and what they would have come to, in nanos; corrections left out."""

    calls: int = 0
    charged: Nanos = 0
    would_be: Nanos = 0
    unpriced: int = 0
    """Calls whose model or price list the other prices do not know; they count as they were."""


@dataclass(slots=True)
class WhatIf:
    """A month under other prices: report only."""

    in_all: Comparison = field(default_factory=Comparison)
    by_model: dict[str, Comparison] = field(default_factory=dict[str, Comparison])
    by_customer: dict[UUID, Comparison] = field(default_factory=dict[UUID, Comparison])


class Prices:
    """Every version's rate cards, found once."""

    def __init__(self, versions: Mapping[str, Page]) -> None:
        self._versions = versions
        self._cards: dict[tuple[str, str, str | None], RateCard | None] = {}

    def card(self, version: str, charge: Charge) -> RateCard | None:
        """Find the rate card of a charge's model in a version, on its price list."""
        key = (version, charge.model, charge.price_list)
        if key not in self._cards:
            page = self._versions.get(version)
            card = card_on(page, charge.model, charge.price_list) if page else None
            self._cards[key] = card
        return self._cards[key]

    def card_again(self, version: str, charge: Charge) -> RateCard | None:
        """Find what to rate a charge by in another version, or None where it changes nothing."""
        found = has_list(self._versions[version], charge.price_list)
        return self.card(version, charge) if found else None


async def prices_of(gateway: Gateway) -> dict[str, Page]:
    """Give every version there is."""
    book_id = ids.price_book_id(gateway.shard)

    def look(books: Books) -> dict[str, Page]:
        return must_find(books, PriceBook, book_id, "price book").pages()

    return await gateway.ledger.read(Decision((book_id,), look))


async def preview(
    gateway: Gateway, conn: AsyncConnection[Any], selector: Selector, version: str
) -> Change:
    """Tell what re-rating would change; raises NotFoundError for an unknown version."""
    versions = await prices_of(gateway)
    if version not in versions:
        what = "price version"
        raise NotFoundError(what)
    prices, change = Prices(versions), Change()
    async for charge in every_charge(conn, selector):
        change.add(await _rerated(gateway, prices, charge, version))
    return change


async def run_slice(
    gateway: Gateway,
    found: Iterable[Charge],
    batch_id: UUID,
) -> Change:
    """Re-rate some calls of an open batch, many to a commit; those done before change nothing."""
    change, waiting = Change(), list(found)
    while waiting:
        now, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        commands = [
            rerate_call(
                Concerned(call.request_id, call.wallet_id, call.key_id), batch_id, gateway.mint()
            )
            for call in now
        ]
        for amount in await asyncio.gather(*map(gateway.ledger.execute, commands)):
            change.add(amount)
    return change


async def what_if(
    conn: AsyncConnection[Any], selector: Selector, page: Page, book: Mapping[str, Page]
) -> WhatIf:
    """Rate a selection under other prices."""
    prices = Prices({**book, _OTHER: page})
    report = WhatIf()
    async for charge in every_charge(conn, selector):
        original = prices.card(charge.price_version, charge)
        other = prices.card_again(_OTHER, charge)
        assert original is not None, "a charge has the price of its hold"
        would_be = charge.charged if other is None else due(charge, original, other)
        for comparison in (
            report.in_all,
            report.by_model.setdefault(charge.model, Comparison()),
            report.by_customer.setdefault(charge.customer_id, Comparison()),
        ):
            comparison.calls += 1
            comparison.charged += charge.charged
            comparison.would_be += would_be
            comparison.unpriced += other is None
    return report


async def _rerated(gateway: Gateway, prices: Prices, charge: Charge, version: str) -> Nanos:
    """Tell what re-rating one charge gives back; one that was corrected is asked itself."""
    if charge.corrected:
        return await _asked(gateway, charge.request_id, version)
    original = prices.card(charge.price_version, charge)
    other = prices.card_again(version, charge)
    if original is None or other is None:
        return 0
    return charge.charged - due(charge, original, other)


async def _asked(gateway: Gateway, request_id: UUID, version: str) -> Nanos:
    book_id = ids.price_book_id(gateway.shard)

    def look(books: Books) -> Nanos:
        request = must_find(books, InferenceRequest, request_id, "request")
        return rerated_by(request, must_find(books, PriceBook, book_id, "price book"), version)

    return await gateway.ledger.read(Decision((request_id, book_id), look))


_OTHER: Final = "other"
