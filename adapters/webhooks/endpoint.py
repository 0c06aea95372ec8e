"""Where a customer wants to be told: a plain https address that every reader takes for the same."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from adapters.webhooks.address import is_public

URL_MAX: Final = 2_000
HTTPS_PORT: Final = 443
PORT_MAX: Final = 65_535
HOST_MAX: Final = 253

# No user, no fragment, no backslash, nothing but ASCII: what two parsers could read differently.
_URL = re.compile(
    r"https://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<rest>[/?][A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*)?",
    re.ASCII,
)
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that can be called; `host` is without the brackets of IPv6."""

    url: str
    host: str
    port: int


def parse_endpoint(text: str) -> Endpoint:
    """Read an address, or raise ValueError; a name's addresses are looked at when it is called."""
    match = _URL.fullmatch(text) if len(text) <= URL_MAX else None
    if match is None:
        message = "must be a plain https:// URL without user, password or fragment"
        raise ValueError(message)
    host = match["host"].strip("[]").lower()
    port = int(match["port"] or HTTPS_PORT)
    if port > PORT_MAX:
        message = "has a port that does not exist"
        raise ValueError(message)
    if not (_is_public_literal(host) if _is_literal(host) else _is_name(host)):
        message = "must name a host on the public Internet"
        raise ValueError(message)
    return Endpoint(text, host, port)


def _is_literal(host: str) -> bool:
    """Tell whether some system would take the host for an address, as `127.1` or `0x7f.1`."""
    last = host.rstrip(".").rpartition(".")[2]
    return ":" in host or last[:1].isdigit()


def _is_public_literal(host: str) -> bool:
    try:
        return is_public(str(ip_address(host)))
    except ValueError:
        return False


def _is_name(host: str) -> bool:
    labels = host.split(".")
    return len(host) <= HOST_MAX and len(labels) > 1 and all(map(_LABEL.fullmatch, labels))
