"""International bank account numbers, in groups or in one piece, as the registry has them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from stdnum import iban, numdb

from adapters.masking.span import START, Span, scan

KIND: Final = "iban"
_REGISTRY: Final = numdb.get("iban")
_HEAD: Final = re.compile(START + r"[A-Za-z]{2}(?=[0-9]{2})")
_LENGTH: Final = re.compile(r"[0-9]+(?=!)")
"""The length of a part, in the registry's notation, such as 8!n10!n."""


def find(text: str) -> Iterator[Span]:
    """Give what has a country's structure and the right check digits."""
    end = 0
    for head in scan(_HEAD, text):
        pattern = _pattern(head[0].upper())
        if pattern is None or head.start() < end:
            continue
        body = pattern.match(text, head.end())
        if body is not None and _is_iban(head[0] + body[0]):
            end = body.end()
            yield Span(head.start(), end, KIND)


def _is_iban(text: str) -> bool:
    """Check all but what countries' banks check by rules of their own."""
    return iban.is_valid("".join(filter(str.isalnum, text)), check_country=False)


@cache
def _pattern(country: str) -> re.Pattern[str] | None:
    """Give the form of what follows a country's letters; None if they are no country's."""
    ((_, known),) = _REGISTRY.info(country)
    if "bban" not in known:
        return None
    length = sum(map(int, _LENGTH.findall(known["bban"])))
    return re.compile(rf"[0-9]{{2}}(?:[ \u00a0-]?[A-Za-z0-9]){{{length}}}(?![A-Za-z0-9])")
