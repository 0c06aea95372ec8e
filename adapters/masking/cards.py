"""Numbers of payment cards: grouped as they are printed, or in one piece."""

import re
from collections.abc import Iterator
from typing import Final

from stdnum import luhn

from adapters.masking.span import Span, scan

KIND: Final = "card"
_PRINTED: Final = re.compile(
    r"(?<![0-9])(?<![0-9][.,])(?:"
    r"[0-9]{4}(?P<a>[ \u00a0-])[0-9]{4}(?P=a)[0-9]{4}(?P=a)[0-9]{1,4}(?![0-9])"
    r"(?P<more>(?P=a)[0-9]{3}(?![0-9]))?"
    r"|[0-9]{4}(?P<b>[ \u00a0-])[0-9]{6}(?P=b)[0-9]{4,5}(?![0-9])"
    r"|[0-9]{13,19}+(?![0-9])"
    r")"
)
_ISSUED: Final = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5]|2[2-7])[0-9]{14}"  # Mastercard, Mir
    r"|3[47][0-9]{13}"  # American Express
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}"  # Diners
    r"|35[0-9]{14,17}"  # JCB
    r"|(?:5[06-9]|6)[0-9]{11,18}"  # Maestro, Discover, UnionPay, RuPay and others
)


def find(text: str) -> Iterator[Span]:
    """Give what has an issuer's digits, a length of theirs, and the right check digit."""
    for match in scan(_PRINTED, text):
        start, end = match.span()
        if is_card(match[0]):
            yield Span(start, end, KIND)
        elif match["more"]:
            end = match.start("more")
            if is_card(text[start:end]):
                yield Span(start, end, KIND)


def is_card(text: str) -> bool:
    """Tell whether these digits, with or without separators, are a card's number."""
    digits = "".join(filter(str.isdigit, text))
    return _ISSUED.fullmatch(digits) is not None and luhn.is_valid(digits)
