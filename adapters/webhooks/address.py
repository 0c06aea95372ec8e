"""Which addresses a customer may have us call: public ones, so that nothing inside is reached."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives every address of a host, or raises OSError."""

NOT_PUBLIC_IPV4: Final = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # once relays of 6to4
)
PUBLIC_IPV6: Final = IPv6Network("2000::/3")
"""What is handed out at all; beyond are loopback, NAT64, mapped, unique local, link-local …"""
NOT_PUBLIC_IPV6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo carries an IPv4 address in it
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 carries an IPv4 address in it
        "3fff::/20",  # documentation
    )
)


def is_public(address: str) -> bool:
    """Tell whether an address is one that anybody on the Internet could call."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        odd = parsed.is_multicast or any(parsed in network for network in NOT_PUBLIC_IPV4)
        return parsed.is_global and not odd
    return _is_public_ipv6(parsed)


def _is_public_ipv6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in PUBLIC_IPV6:
        return False
    return address.is_global and not any(address in network for network in NOT_PUBLIC_IPV6)


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system, which knows its hosts file and its name servers."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
