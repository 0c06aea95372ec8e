"""Addresses in a catalogue file."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def _plain_url(url: str) -> str:
    """Accept an absolute http address without secrets, query or fragment."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isascii():
        message = "must be an http:// or https:// address"
        raise ValueError(message)
    if parts.username or parts.password or parts.query or parts.fragment or parts.port == 0:
        message = "must be an address without user, query or fragment"
        raise ValueError(message)
    return url.rstrip("/")


PlainUrl = Annotated[str, AfterValidator(_plain_url)]
