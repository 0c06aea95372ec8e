"""Kinds of fields in request bodies, and how the same values are written in answers."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from domain.money import Nanos, parse_amount, parse_currency
from domain.tags import TAGS_MAX, parse_tag, parse_tag_name

N = TypeVar("N", bound=str)

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's controls, lone surrogates, and separators of lines and paragraphs."""


def _amount(value: object) -> Nanos:
    if not isinstance(value, str):
        message = 'must be a decimal string, such as "10.00"'
        raise ValueError(message)  # noqa: TRY004  # pydantic collects ValueError only
    return parse_amount(value)


def _positive(amount: Nanos) -> Nanos:
    if amount <= 0:
        message = "must be above zero"
        raise ValueError(message)
    return amount


def _not_negative(amount: Nanos) -> Nanos:
    if amount < 0:
        message = "must not be negative"
        raise ValueError(message)
    return amount


def _not_zero(amount: Nanos) -> Nanos:
    if not amount:
        message = "must not be zero"
        raise ValueError(message)
    return amount


def _time(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        message = "must be a time with its zone, such as 2027-01-31T00:00:00Z"
        raise ValueError(message)
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except OverflowError:
        message = "is beyond the calendar"
        raise ValueError(message) from None


def _plain(text: str) -> str:
    if not text.strip() or any(unicodedata.category(letter) in _CONTROLS for letter in text):
        message = "must be text without control characters"
        raise ValueError(message)
    return text


def unique(names: list[N]) -> list[N]:
    """Drop what is named again."""
    return list(dict.fromkeys(names))


Amount = Annotated[
    int,
    BeforeValidator(_amount),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?$",
            "examples": ["10.00"],
        }
    ),
]
PositiveAmount = Annotated[Amount, AfterValidator(_positive)]
LimitAmount = Annotated[Amount, AfterValidator(_not_negative)]
SignedAmount = Annotated[Amount, AfterValidator(_not_zero)]
"""Amounts in nanos, written as decimal strings."""

Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Reason = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_plain)]
"""Free text, which is kept where it can be erased."""

Reference = Annotated[str, Field(pattern=r"^[!-~]([ -~]{0,126}[!-~])?$")]
ReasonCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Short codes, which stay in the log for ever."""

TagValue = Annotated[str, AfterValidator(parse_tag)]
TagFields = Annotated[
    dict[Annotated[str, AfterValidator(parse_tag_name)], TagValue], Field(max_length=TAGS_MAX)
]
"""Cost-centre tags: short codes by name."""

Currency = Annotated[
    str,
    AfterValidator(parse_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["USD"]}),
]
Time = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2027-01-31T00:00:00Z"]}),
]
Priority = Annotated[int, Field(ge=0, le=100)]
Names = Annotated[list[str], Field(max_length=1000), AfterValidator(unique)]


def write_time(time: datetime | None) -> str | None:
    """Write a time of the ledger's, which is in UTC."""
    return None if time is None else time.isoformat().replace("+00:00", "Z")
