"""International bank account numbers, in groups or in one piece."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from adapters.masking.span import START, Span, scan

KIND: Final = "iban"
_LENGTHS: Final[Mapping[int, str]] = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTH: Final = {
    country: length for length, countries in _LENGTHS.items() for country in countries.split()
}
_HEAD: Final = re.compile(START + r"[A-Za-z]{2}(?=[0-9]{2})")
_BODY: Final = {
    length: re.compile(rf"[0-9]{{2}}(?:[ \u00a0-]?[A-Za-z0-9]){{{length - 4}}}(?![A-Za-z0-9])")
    for length in _LENGTHS
}
_MODULUS: Final = 97


def find(text: str) -> Iterator[Span]:
    """Give what has a country's length and the right check digits."""
    end = 0
    for head in scan(_HEAD, text):
        length = _LENGTH.get(head[0].upper())
        if length is None or head.start() < end:
            continue
        body = _BODY[length].match(text, head.end())
        if body is not None and _checks(head[0] + body[0]):
            end = body.end()
            yield Span(head.start(), end, KIND)


def _checks(text: str) -> bool:
    compact = "".join(filter(str.isalnum, text))
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % _MODULUS == 1
