"""genai-prices as an oracle: our rating against theirs, for every model that it knows.

A difference is exact or it is none: both sides are compared before any rounding.
"""

import random
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final

import genai_prices
from genai_prices.types import ModelInfo, Provider

from adapters.list_prices import TIERS, UnlistedError, every_model, listed
from domain.explanation import explain
from domain.inference_request import REPORTED
from domain.pricing import RateCard
from domain.usage import METERED, Usage, exclusive
from tests.adapters.list_prices.exceptions import EXCEPTIONS

AT: Final = datetime(2026, 11, 20, tzinfo=UTC)
ONE_NANO_MILLIONTH: Final = 10**15
USAGES_A_MODEL: Final = 4

Named = tuple[str, Provider, ModelInfo]


def models() -> list[Named]:
    return [(f"{provider.id}/{model.id}", provider, model) for provider, model in every_model()]


def theirs(usage: Usage) -> genai_prices.Usage:
    """The same usage in their words, where each bucket is within its parents."""
    of = usage.buckets.get
    return genai_prices.Usage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_audio_read_tokens=of("cached_audio_input", 0),
        cache_image_read_tokens=of("cached_image_input", 0),
        cache_video_read_tokens=0,
        cache_write_tokens=usage.written_tokens,
        cache_write_5m_tokens=of("cache_write_5m", 0),
        cache_write_1h_tokens=of("cache_write_1h", 0),
        input_audio_tokens=of("audio_input", 0) + of("cached_audio_input", 0),
        input_image_tokens=of("image_input", 0) + of("cached_image_input", 0),
        input_video_tokens=of("video_input", 0),
        output_tokens=usage.output_tokens,
        output_reasoning_tokens=of("reasoning", 0),
        output_citation_tokens=of("citation", 0),
        output_audio_tokens=of("audio_output", 0),
        output_image_tokens=of("image_output", 0),
        web_searches=of("web_search", 0),
        storage_searches=of("file_search", 0),
        code_executions=of("code_execution", 0),
    )


def drawn(rng: random.Random, card: RateCard) -> Usage:
    """A usage of any components; its prompt often just at a step, or just beyond."""
    some = {name: rng.randint(0, 9_999) for name in METERED if rng.random() < 0.6}
    steps = [*card.above, *(step for tier in card.tiers.values() for step in tier.above)]
    if steps and rng.random() < 0.7:
        size = rng.choice(steps).tokens + rng.choice([-1, 0, 1, 5_000])
        rest = exclusive(**{**some, "input": 0}).input_tokens
        some["input"] = max(0, size - rest)
    return exclusive(**some)


def ours(usage: Usage, card: RateCard, tier: str | None) -> Fraction:
    told = explain(usage, card, basis=REPORTED, hold=0, tier=tier)
    share, whole = told.multiplier
    return Fraction(told.exact * share, ONE_NANO_MILLIONTH * whole)


def price(model: ModelInfo, provider: Provider, usage: Usage, context: Any) -> Fraction:
    found = model.calc_price(
        theirs(usage), provider, genai_request_timestamp=AT, price_context=context
    )
    return Fraction(found.total_price)


def test_what_cannot_be_compared_is_named_with_its_reason() -> None:
    found: dict[str, set[str]] = {}
    for name, provider, model in models():
        try:
            listed(provider, model, AT)
        except UnlistedError as why:
            found.setdefault(str(why).split(" of ")[0], set()).add(name)

    assert found == EXCEPTIONS


def test_every_model_costs_what_the_oracle_says() -> None:
    rng, compared = random.Random(20_261_120), 0  # noqa: S311  no secret
    left_out = set[str]().union(*EXCEPTIONS.values())
    for name, provider, model in models():
        if name in left_out:
            continue
        card = listed(provider, model, AT).card
        for _ in range(USAGES_A_MODEL):
            usage = drawn(rng, card)
            assert ours(usage, card, None) == price(model, provider, usage, None), name
            compared += 1

    assert compared > 2_000 * USAGES_A_MODEL


def test_every_service_tier_costs_what_the_oracle_says() -> None:
    rng = random.Random(20_261_121)  # noqa: S311  no secret
    compared: set[str] = set()
    left_out = set[str]().union(*EXCEPTIONS.values())
    for name, provider, model in models():
        if name in left_out or not model.price_variants:
            continue
        card = listed(provider, model, AT).card
        for word, tiers in TIERS.items():
            asked = [v.when for v in model.price_variants]
            for tier in (t for t in tiers if {word: t} in asked and t in card.tiers):
                usage = drawn(rng, card)
                context = {word: tier}
                assert ours(usage, card, tier) == price(model, provider, usage, context), name
                compared.add(tier)

    assert compared == {"flex", "priority", "fast"}
