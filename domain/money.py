"""Money: integer nanos (10⁻⁹ of the currency) inside, decimal strings outside."""

import re

Nanos = int

NANOS_PER_UNIT = 1_000_000_000
"""Nanos in one unit of the currency."""

NANOS_MAX = 2**63 - 1
"""The largest amount a ledger figure may hold."""

PLACES_MAX = 100
"""Places of a decimal that is written exactly: a price has 9, each share of it 9 more."""

_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,9}))?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def parse_amount(text: str) -> Nanos:
    """Read a plain decimal of at most nine places exactly, or raise ValueError."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        message = f"{text[:40]!r} is not a decimal amount with at most 9 places"
        raise ValueError(message)
    sign, units, fraction = match.groups()
    nanos = int(units) * NANOS_PER_UNIT + int((fraction or "").ljust(9, "0"))
    if nanos > NANOS_MAX:
        message = f"{text[:40]!r} is beyond the largest amount"
        raise ValueError(message)
    return -nanos if sign else nanos


def format_amount(nanos: Nanos) -> str:
    """Write an amount with at least two places and no more than it needs."""
    units, fraction = divmod(abs(nanos), NANOS_PER_UNIT)
    places = f"{fraction:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if nanos < 0 else ''}{units}.{places}"


def format_fraction(numerator: int, denominator: int) -> str:
    """Write a fraction that a decimal can be, with all of its places and at least two."""
    places = 2
    while numerator * 10**places % denominator:
        places += 1
        assert places <= PLACES_MAX, "a share of a price is a decimal"
    units, fraction = divmod(abs(numerator) * 10**places // denominator, 10**places)
    return f"{'-' if numerator < 0 else ''}{units}.{fraction:0{places}d}"


def parse_currency(text: str) -> str:
    """Accept a three-letter currency code in capitals, or raise ValueError."""
    if _CURRENCY.fullmatch(text) is None:
        message = f"{text[:40]!r} is not a three-letter currency code in capitals"
        raise ValueError(message)
    return text
