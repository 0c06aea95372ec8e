"""Telephone numbers: of any country in the international form, of some in their own."""

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers

from adapters.masking.span import START, Span, scan

KIND: Final = "phone"
CHECKS_MAX: Final = 500
"""So many numbers of one prompt are looked up; beyond them whatever looks like one is masked."""
_ABROAD: Final = re.compile(START + r"(?:\+|00)(?=[1-9(])[0-9()\u00a0 ./-]{5,24}(?<=[0-9])")
_GROUP: Final = re.compile(r"[0-9]+")
_AT_HOME: Final = {
    "US": re.compile(
        START + r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])"
        r"[2-9][0-9]{2}[ .-][0-9]{4}(?![\w-])"
    ),
    "CN": re.compile(START + r"1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?![\w-])"),
}
"""Where numbers are told from others by their form alone: North America, and mobiles in China."""


class Phones:
    """Finds the numbers in the texts of one prompt."""

    def __init__(self) -> None:
        self._checks = CHECKS_MAX

    def find(self, text: str) -> Iterator[Span]:
        """Give what the world's numbering plans know."""
        for match in scan(_ABROAD, text):
            if (end := self._end(match[0])) is not None:
                yield Span(match.start(), match.start() + end, KIND)
        for region, form in _AT_HOME.items():
            for match in scan(form, text):
                if self._knows(match[0], region):
                    yield Span(*match.span(), KIND)

    def _end(self, text: str) -> int | None:
        """Find the longest beginning that is a number, for another figure may follow it."""
        ends = [group.end() for group in _GROUP.finditer(text)]
        return next((end for end in reversed(ends) if self._knows(text[:end], None)), None)

    def _knows(self, text: str, region: str | None) -> bool:
        if self._checks == 0:
            return True
        self._checks -= 1
        written = f"+{text[2:]}" if region is None and text.startswith("00") else text
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            return False
        return phonenumbers.is_valid_number(number)
