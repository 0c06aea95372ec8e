"""GET /openapi/v1/billing/rules, and that of one model: what calls cost, from the price book."""

from datetime import UTC
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request, Response

from api.admin.auth import gateway_of
from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.prices import OneRuleAnswer, RulesAnswer
from api.openapi.caller import Caller
from api.openapi.query import Query
from api.price_text import describe_card, format_paid
from domain import ids
from domain.decision import Decision
from domain.errors import ModelNotFoundError
from domain.find import must_find
from domain.ports import Books
from domain.price_book import PriceBook
from domain.price_rules import PriceRule, rules_at
from domain.pricing import UNITS_PER_PRICE
from domain.reserve_call import Identity
from domain.usage import COMPONENTS
from domain.wallet import Wallet

TERMS: Final = {
    "price_units": UNITS_PER_PRICE,
    "rounding": "half_even",
    "rounded": "once_per_call",
}

router = APIRouter()


class Rules(NamedTuple):
    """What is in force, in the one currency of the book and of every wallet beside it."""

    currency: str
    rules: list[PriceRule]


@router.get("/billing/rules", **documented(RulesAnswer))
async def list_rules(request: Request, caller: Caller) -> Response:
    """List the prices of every model that can be called."""
    Query(request, ())
    found = await rules_of(request, caller)
    items = [_describe(rule) for rule in found.rules]
    return success(request, {"currency": found.currency, **TERMS, "items": items})


@router.get("/billing/rules/{model:path}", **documented(OneRuleAnswer))
async def get_rule(request: Request, model: str, caller: Caller) -> Response:
    """Look at the prices of one model, those of its parents included."""
    Query(request, ())
    found = await rules_of(request, caller)
    rule = next((rule for rule in found.rules if rule.model == model), None)
    if rule is None:
        raise ModelNotFoundError(model)
    components = {name: _component(rule, name) for name in sorted(COMPONENTS)}
    data = {"currency": found.currency, **TERMS, **_describe(rule), "components": components}
    return success(request, data)


async def rules_of(request: Request, caller: Identity) -> Rules:
    """Read the prices in force for this customer from the ledger's own price book."""
    book_id = ids.price_book_id(ids.shard_of(caller.wallet_id))

    def look(books: Books) -> Rules:
        book = must_find(books, PriceBook, book_id, "price book")
        wallet = must_find(books, Wallet, caller.wallet_id, "wallet")
        return Rules(book.currency, rules_at(book, books.at.now, wallet.price_list))

    return await gateway_of(request).ledger.read(Decision((book_id, caller.wallet_id), look))


def _describe(rule: PriceRule) -> dict[str, Any]:
    """Show the prices that a model has of its own, and since when they have been so."""
    return {
        "model": rule.model,
        "price_version": rule.price_version,
        "in_force_since": rule.since.astimezone(UTC),
        **describe_card(rule.card),
    }


def _component(rule: PriceRule, component: str) -> dict[str, Any]:
    return {
        "price": format_paid(rule.card.price(component), rule.card.multiplier),
        "priced_as": rule.card.priced_as(component),
    }
