"""How figures of usage are shown: counts as numbers, money as decimal strings."""

from typing import Any
from uuid import UUID

from domain import ids
from domain.money import Nanos, format_amount
from projections.read_usage import API_KEY, TAG
from projections.usage_figures import Figures


def money(figures: Figures) -> dict[str, Any]:
    """Show what calls came to; `total` is the amount less what corrections gave back."""
    return {
        "calls": figures.calls,
        "charges": figures.charges,
        "releases": figures.releases,
        "input_tokens": figures.input_tokens,
        "output_tokens": figures.output_tokens,
        "amount": format_amount(figures.amount),
        "corrected": format_amount(figures.corrected),
        "total": format_amount(figures.total),
    }


def used(figures: Figures) -> dict[str, Any]:
    """Show tokens by component, and requests to providers' tools."""
    return {"tokens": figures.tokens, "tool_requests": figures.tool_requests}


def average(amount: Nanos | None) -> str | None:
    """Show an average, which may be none."""
    return None if amount is None else format_amount(amount)


def named(dimension: str, value: Any) -> tuple[str, Any]:
    """Show what a group has in common: a tag under its own name, a key by its id."""
    if dimension.startswith(TAG):
        return dimension, value
    if dimension == API_KEY:
        assert isinstance(value, UUID), "every call has a key"
        return "api_key_id", ids.public(ids.KEY, value)
    return dimension, value
