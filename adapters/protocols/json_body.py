"""Reading a JSON body strictly: what two parsers could read differently is refused."""

import json
from math import isinf
from typing import Any, Final, NoReturn, cast

import orjson

from domain.errors import InvalidRequestError

INTEGER_BITS_MAX = 64
INTEGER_DIGITS_MAX = 20
SPARE_LEVELS: Final = 50
"""How much deeper a conversion may wrap what was read, before the writer gives up."""


def parse_object(raw: bytes) -> dict[str, Any]:
    """Read one JSON object, or raise InvalidRequestError.

    Refused besides bad syntax: invalid UTF-8, NaN and Infinity, a key given twice, integers beyond
    64 bits, half a surrogate pair, and nesting too deep to be written again.
    """
    try:
        parsed = _DECODER.decode(raw.decode())
    except UnicodeDecodeError:
        message = "The request body is not valid UTF-8."
        raise InvalidRequestError(message) from None
    except RecursionError:
        message = "The request body is nested too deeply."
        raise InvalidRequestError(message) from None
    except ValueError as error:
        message = f"The request body is not valid JSON: {error}"
        raise InvalidRequestError(message) from None
    if not isinstance(parsed, dict):
        message = "The request body must be a JSON object."
        raise InvalidRequestError(message)
    _check_writable(cast("object", parsed))
    return cast("dict[str, Any]", parsed)


def _check_writable(parsed: object) -> None:
    """Refuse what could be read and not be written: every later place may then just write it."""
    for _ in range(SPARE_LEVELS):
        parsed = [parsed]
    try:
        orjson.dumps(parsed)
    except TypeError:
        message = "The request body is nested too deeply or has text that is not Unicode."
        raise InvalidRequestError(message) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "an object has the same key twice"
        raise ValueError(message)
    return found


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not a JSON number"
    raise ValueError(message)


def _integer(text: str) -> int:
    # Past these digits int() is not even tried: its cost grows with the square of the length.
    if len(text) > INTEGER_DIGITS_MAX or (value := int(text)).bit_length() >= INTEGER_BITS_MAX:
        message = "an integer is beyond 64 bits"
        raise ValueError(message)
    return value


def _finite(text: str) -> float:
    """Refuse what would overflow to infinity, and so be written upstream as something else."""
    value = float(text)
    if isinf(value):
        message = "a number is too large"
        raise ValueError(message)
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_no_constant,
    parse_int=_integer,
    parse_float=_finite,
)
