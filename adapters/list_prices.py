"""Vendors' list prices, as the package genai-prices knows them: a start for a catalogue.

It is only ever asked by operators and tests: what a call costs is in our own price book.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

from domain.money import NANOS_PER_UNIT, Nanos
from domain.pricing import UNITS_PER_PRICE, RateCard, ServiceTier, Step

_THOUSAND: Final = 1000
_BY_TOKEN: Final = {
    "input_mtok": "input",
    "cache_read_mtok": "cached_input",
    "cache_audio_read_mtok": "cached_audio_input",
    "cache_image_read_mtok": "cached_image_input",
    "cache_write_mtok": "cache_write",
    "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "audio_input",
    "input_image_mtok": "image_input",
    "input_video_mtok": "video_input",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "output_citation_mtok": "citation",
    "output_audio_mtok": "audio_output",
    "output_image_mtok": "image_output",
}
_BY_THOUSAND: Final = {
    "web_searches_kcount": "web_search",
    "storage_searches_kcount": "file_search",
    "code_executions_kcount": "code_execution",
    "requests_kcount": "request",
}
TIERS: Final = {"service_tier": ("flex", "priority", "fast"), "speed": ("fast",)}
"""What of a vendor's words for a call is a service tier of ours."""


class UnlistedError(Exception):
    """A model is not known, or its price is in something that we do not meter; says what."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A vendor's model, and its list prices in USD."""

    vendor: str
    model: str
    name: str
    context_tokens: int | None
    card: RateCard


def find_listed(name: str, at: datetime) -> Listed:
    """Find `vendor/model` by exactly that name, or raise UnlistedError.

    Not by resemblance: a name that begins alike may be that of a newer, dearer model.
    """
    vendor, _, model_id = name.partition("/")
    for provider, model in every_model():
        if (provider.id, model.id) == (vendor, model_id):
            return listed(provider, model, at)
    message = f"no list price of {name!r} is known; names are like 'openai/gpt-4o-mini'"
    raise UnlistedError(message)


def every_model() -> Iterable[tuple[Provider, ModelInfo]]:
    """Walk every vendor's models."""
    for provider in get_snapshot().providers:
        for model in provider.models:
            yield provider, model


def listed(provider: Provider, model: ModelInfo, at: datetime) -> Listed:
    """Read a model's prices as of a moment, or raise UnlistedError."""
    prices, above = _read(model.get_prices(at))
    card = RateCard(prices, above=above, tiers=_tiers(model, at))
    return Listed(provider.id, model.id, model.name or model.id, model.context_window, card)


def _tiers(model: ModelInfo, at: datetime) -> dict[str, ServiceTier]:
    """Read the service tiers; where several tell of one price, the first that holds counts."""
    merged: dict[str, dict[str, Any]] = {}
    for variant in model.price_variants or ():
        tier = _tier_name(variant.when)
        if tier is None or (variant.constraint and not variant.constraint.active(at)):
            continue
        told = {key: price for key, price in _prices_of(variant.prices) if price is not None}
        merged[tier] = {**told, **merged.get(tier, {})}
    return {
        tier: ServiceTier(prices=prices, above=above)
        for tier, told in merged.items()
        for prices, above in [_read(ModelPrice(**told))]
        if prices
    }


def _tier_name(when: Mapping[str, str]) -> str | None:
    if len(when) != 1:
        return None
    ((word, value),) = when.items()
    return value if value in TIERS.get(word, ()) else None


def _read(price: ModelPrice) -> tuple[dict[str, Nanos], tuple[Step, ...]]:
    """Split prices into those of small prompts and the steps beyond."""
    prices: dict[str, Nanos] = {}
    steps: dict[int, dict[str, Nanos]] = {}
    for key, told in _prices_of(price):
        component, factor = _component(key)
        if isinstance(told, TieredPrices):
            prices[component] = _nanos(key, told.base, factor)
            for tier in told.tiers:
                steps.setdefault(tier.start, {})[component] = _nanos(key, tier.price, factor)
        else:
            prices[component] = _nanos(key, told, factor)
    return prices, tuple(Step(start, steps[start]) for start in sorted(steps))


def _prices_of(price: ModelPrice) -> list[tuple[str, Any]]:
    return [(key, told) for key, told in vars(price).items() if told is not None]


def _component(key: str) -> tuple[str, int]:
    """Name the component, and how many of the vendor's units our price is for."""
    if key in _BY_TOKEN:
        return _BY_TOKEN[key], 1
    if key in _BY_THOUSAND:
        return _BY_THOUSAND[key], UNITS_PER_PRICE // _THOUSAND
    message = f"priced by {key}, which is not metered"
    raise UnlistedError(message)


def _nanos(key: str, price: Decimal, factor: int) -> Nanos:
    nanos = price * factor * NANOS_PER_UNIT
    if nanos != int(nanos):
        message = f"the price {key} of {price} has more than 9 decimals"
        raise UnlistedError(message)
    return int(nanos)
