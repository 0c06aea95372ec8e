"""What a call may cost and what it costs, in fractions; nothing here is shared with the domain."""

from fractions import Fraction
from math import ceil
from typing import Any

INPUTS, OUTPUTS = ("input", "cached_input", "cache_write"), ("output", "reasoning")


def price(card: dict[str, int], component: str) -> Fraction:
    parent = "input" if component in INPUTS else "output" if component in OUTPUTS else component
    return Fraction(card.get(component, card.get(parent, 0)), 10**6)


def worst(card: dict[str, int], quote: Any, cap: int) -> int:
    dearest_in = max(price(card, c) for c in INPUTS)
    dearest_out = max(price(card, c) for c in OUTPUTS)
    tokens_out = cap * quote.choices
    return ceil(quote.input_tokens * dearest_in + tokens_out * dearest_out + price(card, "request"))


def rated(call: dict[str, Any], usage: dict[str, int], basis: str) -> int:
    usage, beyond = dict(usage), sum(usage.get(c, 0) for c in OUTPUTS) - call["cap"]
    for component in OUTPUTS:
        cut = max(0, min(beyond, usage.get(component, 0)))
        usage[component] = usage.get(component, 0) - cut
        beyond -= cut
    exact = sum(n * price(call["card"], c) for c, n in usage.items())
    charge = round(exact + price(call["card"], "request"))
    return charge if basis == "reported" else min(charge, call["hold"])
