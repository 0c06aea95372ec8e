"""Amounts as Stripe writes them: integers of a currency's minor unit, turned into nanos exactly."""

import re
from typing import Final

from domain.money import NANOS_MAX, NANOS_PER_UNIT, Nanos

ZERO_DECIMALS: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
     "XOF", "XPF"}
)  # fmt: skip
"""Without ISK and UGX: they have no minor unit either, and Stripe still writes 5 as 500."""
THREE_DECIMALS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})

MINOR_PER_UNIT: Final = {0: 1, 2: 100, 3: 1_000}

_CURRENCY = re.compile(r"[a-z]{3}", re.ASCII)


def to_nanos(minor_units: int, currency: str) -> Nanos:
    """Convert an amount of a currency in capitals, or raise ValueError beyond what we can hold."""
    nanos = minor_units * NANOS_PER_UNIT // MINOR_PER_UNIT[decimals(currency)]
    if nanos > NANOS_MAX:
        message = "an amount beyond a ledger figure"
        raise ValueError(message)
    return nanos


def decimals(currency: str) -> int:
    """Tell how many decimals of this currency Stripe's integers have."""
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def read_currency(text: str) -> str:
    """Read a currency as Stripe writes it, in small letters, or raise ValueError."""
    if not _CURRENCY.fullmatch(text):
        message = "not a currency"
        raise ValueError(message)
    return text.upper()
