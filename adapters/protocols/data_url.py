"""Data as the address of itself, such as data:image/png;base64,iVBOR."""

import re
from typing import NamedTuple

_HEAD = re.compile(r"data:([\w.+/-]*)((?:;[\w=.+-]+)*?)(;base64)?,", re.ASCII | re.IGNORECASE)


class Data(NamedTuple):
    """What a data address holds."""

    media_type: str
    data: str
    """Base64."""


def is_data(address: str) -> bool:
    """Tell whether an address is its own content."""
    return address[:5].lower() == "data:"


def read_data(address: str) -> Data | None:
    """Take a data address apart; None unless it is base64 of a named media type."""
    head = _HEAD.match(address)
    if head is None or not head[1] or not head[3]:
        return None
    return Data(head[1].lower(), address[head.end() :])


def write_data(media_type: str, data: str) -> str:
    """Write base64 as an address."""
    return f"data:{media_type};base64,{data}"
