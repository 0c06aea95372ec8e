"""Reading JSON without ever making a float: a number keeps the digits that it was written with."""

import json
from decimal import Decimal
from typing import Any, Final, NoReturn

from domain.supplier_report import InvalidReportError

DIGITS_MAX: Final = 40
"""More than any amount has; Python's own limits are far higher, and slower."""
WHOLE: Final = "the file"


def read_json(text: str) -> Any:
    """Read any JSON value, or raise InvalidReportError."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise InvalidReportError(WHOLE, "is nested too deeply") from None
    except ValueError as error:
        raise InvalidReportError(WHOLE, f"is not valid JSON: {error}") from None


def read_number(text: str) -> Decimal:
    """Read a decimal number exactly, or raise ValueError if it is beyond all reason."""
    if len(text) > DIGITS_MAX:
        message = f"a number has more than {DIGITS_MAX} characters"
        raise ValueError(message)
    number = Decimal(text)
    if number and abs(number.adjusted()) > DIGITS_MAX:
        message = f"the number {text} is out of range"
        raise ValueError(message)
    return number


def _integer(text: str) -> int:
    return int(read_number(text))


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not a JSON number"
    raise ValueError(message)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "an object has the same key twice"
        raise ValueError(message)
    return found


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_no_constant,
    parse_int=_integer,
    parse_float=read_number,
)
