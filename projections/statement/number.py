"""Numbers of statements as the outside sees them: `ST-00000042`."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"ST-([0-9]{8,18})", re.ASCII)


def format_number(number: int) -> str:
    """Write a number, eight digits wide at least."""
    return f"ST-{number:08d}"


def parse_number(text: str) -> int | None:
    """Read a number that was written so, or None."""
    match = _NUMBER.fullmatch(text)
    number = int(match[1]) if match else 0
    return number if format_number(number) == text else None
