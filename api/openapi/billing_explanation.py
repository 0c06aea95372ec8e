"""GET /openapi/v1/billing/detail/{request_id}: one charge, computed again in front of its payer."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from api.admin.auth import gateway_of
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.calls import ExplainedCallAnswer
from api.openapi.billing_detail import describe
from api.openapi.caller import Caller, read_models
from api.openapi.query import Query
from api.openapi.standing import standing
from api.price_text import format_paid, format_share
from domain import ids
from domain.decision import Decision
from domain.errors import NotFoundError
from domain.explanation import Line, explain, format_exact
from domain.find import must_find
from domain.inference_request import CHARGED, Corrected, Reserved
from domain.money import format_amount
from domain.ports import Books
from domain.price_book import PriceBook
from domain.pricing import UNITS_PER_PRICE, RateCard
from domain.quote import Quote
from domain.usage import exclusive
from projections.calls import Calls
from projections.events import Event, Fields
from projections.freshness import catch_up
from projections.read_calls import CallRow, call, facts

PREFIX: Final = "/openapi/v1"

router = APIRouter()


class Told(NamedTuple):
    """A call as the read model has it, and as the log tells it."""

    row: CallRow
    events: list[Event]

    def all(self, topic: str) -> list[Fields]:
        """Give the facts of a topic, in order."""
        return [event.fields for event in self.events if event.topic == topic]


@router.get("/billing/detail/{request_id}", **documented(ExplainedCallAnswer))
async def explain_call(request: Request, request_id: str, caller: Caller) -> Response:
    """Explain what a call was held and charged for, line by line, and every correction since."""
    Query(request, ())
    told = await _told(request, request_id, caller)
    held = told.all(Reserved.TOPIC)[0]
    cards = await _cards(request, held)
    currency = (await standing(request, caller)).currency
    shown = {
        **describe(told.row, currency),
        "held_for": _held_for(held, cards),
        "explanation": _explained(told.row, cards),
        "corrections": [_correction(fact) for fact in told.all(Corrected.TOPIC)],
        "links": _links(told.row),
    }
    return success(request, shown)


async def _told(request: Request, request_id: str, caller: Caller) -> Told:
    parsed = ids.parse_public(ids.REQUEST, request_id)
    async with read_models(request) as conn:
        await catch_up(conn, (Calls(),))
        row = await call(conn, caller.wallet_id, parsed) if parsed else None
        if row is None:
            what = "request"
            raise NotFoundError(what)
        # The log may be further than the read model was a moment ago.
        events = [e for e in await facts(conn, row.request_id) if e.position <= row.position]
    return Told(row, events)


async def _cards(request: Request, held: Fields) -> dict[str, RateCard]:
    """Look up the prices of each model held for; they are kept whatever was published since."""
    book_id = ids.price_book_id(gateway_of(request).shard)

    def look(books: Books) -> dict[str, RateCard]:
        book = must_find(books, PriceBook, book_id, "price book")
        version, price_list = held["price_version"], held["price_list"]
        cards = {model: book.card(version, model, price_list) for model in _caps(held)}
        return {model: card for model, card in cards.items() if card is not None}

    return await gateway_of(request).ledger.read(Decision((book_id,), look))


def _caps(held: Fields) -> dict[str, int]:
    return {held["model"]: held["output_cap"], **held["alternatives"]}


def _held_for(held: Fields, cards: Mapping[str, RateCard]) -> dict[str, Any]:
    """Show the worst case that the hold was for, of all models that could answer; rounded up."""
    quotes = {model: _quote(held, cap) for model, cap in _caps(held).items()}
    holds = {m: quote.hold(cards[m], quote.output_cap) for m, quote in quotes.items()}
    model = max(holds, key=lambda name: holds[name])
    assert holds[model] == held["amount"], "a hold is what its quote says"
    quote = quotes[model]
    plain = quote.dearest(cards[model], quote.output_cap)
    return {
        "model": model,
        "input_tokens": quote.input_tokens,
        "output_cap": quote.output_cap,
        "choices": quote.choices,
        "service_tier": quote.service_tier,
        "tool_requests": quote.extras,
        "input_price": format_paid(plain.dearest_input, plain.multiplier),
        "output_price": format_paid(plain.dearest_output, plain.multiplier),
        "recomputed": format_amount(holds[model]),
    }


def _quote(held: Fields, cap: int) -> Quote:
    return Quote(
        held["input_tokens"],
        cap,
        clamps=False,
        choices=held["choices"],
        service_tier=held["service_tier"],
        extras=held["extras"],
    )


def _explained(row: CallRow, cards: Mapping[str, RateCard]) -> dict[str, Any] | None:
    if row.status != CHARGED:
        return None
    assert row.basis is not None, "a charge has a basis"
    card, usage = cards[row.model], exclusive(**row.usage)
    explained = explain(usage, card, basis=row.basis, hold=row.hold, tier=row.service_tier)
    recomputed = explained.rated - row.absorbed
    assert recomputed == row.amount, "a charge is what its usage comes to, less what was absorbed"
    return {
        "price_units": UNITS_PER_PRICE,
        "service_tier": row.service_tier,
        "prices_above_input_tokens": explained.above,
        "lines": [_line(line) for line in explained.lines],
        "sum": format_exact(explained.exact),
        "multiplier": format_share(explained.multiplier),
        "multiplied": format_exact(explained.exact, explained.multiplier),
        "rounding": "half_even",
        "rounded": format_amount(explained.rounded),
        "limited_to_hold": explained.rated != explained.rounded,
        "absorbed": format_amount(row.absorbed),
        "recomputed": format_amount(recomputed),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "component": line.component,
        "quantity": line.quantity,
        "price": format_amount(line.price),
        "priced_as": line.priced_as,
        "amount": format_exact(line.exact),
    }


def _correction(fact: Fields) -> dict[str, Any]:
    """Show a correction; a positive amount was given back."""
    return {
        "correction_id": f"{ids.CORRECTION}_{fact['correction_id']}",
        "amount": format_amount(fact["amount"]),
        "total": format_amount(fact["total"]),
        "period": fact["period"],
        "price_version": fact["price_version"],
        "created_at": fact["timestamp"],
    }


def _links(row: CallRow) -> dict[str, str]:
    request_id = ids.public(ids.REQUEST, row.request_id)
    return {
        "transactions": f"{PREFIX}/balance-transactions?request_id={request_id}",
        "rule": f"{PREFIX}/billing/rules/{quote(row.model, safe='/')}",
        "statement": f"{PREFIX}/billing/monthly-statement?month={row.period}",
    }
