"""A line as a file has it, and the checks that all formats share."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, cast

from adapters.supplier_reports.exact_json import read_number
from domain.money import NANOS_MAX
from domain.supplier_report import InvalidReportError

TOKENS_MAX: Final = 10**15
"""More than any supplier could meter in a day."""

_NAME: Final = re.compile(r"[!-~]{1,200}", re.ASCII)
_SECRET: Final = re.compile(r"(sk|tb)[-_]", re.ASCII | re.IGNORECASE)
_DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}", re.ASCII)
_CODE: Final = re.compile(r"[^a-z0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """One line of a file, its amount still exact; `where` names it in the file."""

    where: str
    day: str
    model: str
    credential: str = ""
    component: str = ""
    usage: dict[str, int] | None = None
    requests: int | None = None
    amount: Decimal | None = None
    currency: str | None = None


class Fields:
    """One object of a file; every refusal names the field by its path."""

    def __init__(self, where: str, value: object) -> None:
        if not isinstance(value, dict):
            raise InvalidReportError(where, "must be an object")
        self.where = where
        self.all = cast("dict[str, Any]", value)

    def at(self, name: str) -> str:
        """Name a field by its path."""
        return f"{self.where}.{name}"

    def get(self, name: str) -> Any:
        """Give a field that may be absent or null."""
        return self.all.get(name)

    def objects(self, name: str) -> "list[Fields]":
        """Give a field that must be a list of objects."""
        value = self.get(name)
        if not isinstance(value, list):
            raise InvalidReportError(self.at(name), "must be a list")
        items = cast("list[object]", value)
        return [Fields(f"{self.at(name)}[{index}]", item) for index, item in enumerate(items)]

    def inner(self, name: str) -> "Fields | None":
        """Give a field that may be absent or null, and else is an object."""
        value = self.get(name)
        return None if value is None else Fields(self.at(name), value)

    def tokens(self, name: str) -> int | None:
        """Give a count that may be absent or null."""
        value = self.get(name)
        return None if value is None else count(self.at(name), value)

    def name(self, name: str) -> str:
        """Give an id that must be there."""
        return identifier(self.at(name), self.get(name))

    def text(self, name: str) -> str | None:
        """Give a text that may be absent or null."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise InvalidReportError(self.at(name), "must be a string or null")
        return value


def credential(where: str, value: object) -> str:
    """Accept a credential's id; the secret itself has no place in books."""
    named = identifier(where, value)
    if _SECRET.match(named):
        raise InvalidReportError(where, "looks like a secret; give the key's id")
    return named


def identifier(where: str, value: object) -> str:
    """Accept a model's name or an id."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InvalidReportError(where, "must be a name of 1 to 200 visible ASCII characters")
    return value


def code_of(text: str) -> str:
    """Make a short code of what a supplier calls a position of its bill."""
    return _CODE.sub("_", text.lower()).strip("_")[:64]


def count(where: str, value: object) -> int:
    """Accept a whole number of tokens or requests."""
    if type(value) is not int or not 0 <= value <= TOKENS_MAX:
        raise InvalidReportError(where, "must be a whole number that is not negative")
    return value


def day(where: str, text: object) -> str:
    """Accept a day such as 2026-11-20."""
    try:
        if isinstance(text, str) and _DAY.fullmatch(text):
            return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        pass
    raise InvalidReportError(where, "must be a day such as 2026-11-20")


def day_of(seconds: int) -> str:
    """Name the UTC day of a time."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def amount(where: str, value: object) -> Decimal:
    """Accept an amount exactly as written; credits are negative."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        try:
            value = read_number(value)
        except ValueError as error:
            raise InvalidReportError(where, str(error)) from None
    if type(value) is int:
        value = Decimal(value)
    if not isinstance(value, Decimal) or abs(value) * 1_000_000_000 > NANOS_MAX:
        raise InvalidReportError(where, "must be an amount within reason, such as 1.25")
    return value


def currency(where: str, value: object) -> str:
    """Accept a three-letter currency code in any case."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise InvalidReportError(where, "must be a three-letter currency code")
    return value.upper()
