"""`tollbook list-prices`: vendors' list prices as tables of a catalogue, to begin one with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Annotated, Any

import typer

from api.cli.options import complain
from api.cli.progress import out
from api.price_text import amounts
from domain.money import Nanos
from domain.pricing import RateCard, Step


def list_prices(
    models: Annotated[list[str], typer.Argument(help="Such as openai/gpt-4o-mini.")],
) -> None:
    """Print what vendors ask, as tables for tollbook.toml; what is left out there is a comment.

    The prices are those of the installed genai-prices, which no call is ever priced by.
    """
    source = _source()
    try:
        found = [source.find_listed(name, datetime.now(UTC)) for name in models]
    except source.UnlistedError as error:
        complain(str(error))
    out.print("\n".join(map(_table, found)), markup=False, highlight=False, soft_wrap=True)


def _source() -> Any:
    """Load the price lists; they are an extra, for no running gateway needs them."""
    try:
        return import_module("adapters.list_prices")
    except ImportError:
        complain("this takes the extra 'list-prices': uv sync --extra list-prices")


def _table(listed: Any) -> str:
    card: RateCard = listed.card
    context = listed.context_tokens
    lines = [
        "[[models]]",
        f'id = "{listed.model}"',
        f'owned_by = "{listed.vendor}"',
        f"context_tokens = {context}" if context else "# context_tokens = …",
        "# max_output_tokens = …",
        f"list_price = {_prices(card.prices)}",
        *([f"above = [{_steps(card.above)}]"] if card.above else []),
        *(
            f"service_tiers.{name} = {{ price = {_prices(tier.prices)}"
            + (f", above = [{_steps(tier.above)}]" if tier.above else "")
            + " }"
            for name, tier in sorted(card.tiers.items())
        ),
        "[[models.routes]]",
        f'provider = "{listed.vendor}"',
        f'model = "{listed.model}"',
        "",
    ]
    return "\n".join(lines)


def _prices(prices: Mapping[str, Nanos]) -> str:
    told = ", ".join(f'{name} = "{price}"' for name, price in amounts(prices).items())
    return f"{{ {told} }}"


def _steps(steps: tuple[Step, ...]) -> str:
    return ", ".join(
        f"{{ tokens = {step.tokens}, price = {_prices(step.prices)} }}" for step in steps
    )
