"""Where a customer may have us call: never anything that is not on the public Internet."""

import asyncio
import socket

import pytest

from adapters.webhooks.address import is_public, resolve
from adapters.webhooks.endpoint import parse_endpoint

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::200e"]
INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.1", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.0.170",
    "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::8.8.8.8",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:10::1",
    "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1",
    "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "fec0::1",
    "ff02::1", "ff0e::1",
    "localhost", "", "8.8.8", "08.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE)
def test_no_other_address_may_be_called(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com", "example.com", 443),
        ("https://Hooks.Example.com/a/b?c=d&e=%20f", "hooks.example.com", 443),
        ("https://a-b.example.co.uk:8443/", "a-b.example.co.uk", 8443),
        ("https://xn--bcher-kva.example/x", "xn--bcher-kva.example", 443),
        ("https://8.8.8.8/hook", "8.8.8.8", 443),
        ("https://[2606:4700:4700::1111]:444/hook", "2606:4700:4700::1111", 444),
        ("https://example.com?x", "example.com", 443),
    ],
)
def test_a_plain_address_is_read(url: str, host: str, port: int) -> None:
    endpoint = parse_endpoint(url)

    assert (endpoint.url, endpoint.host, endpoint.port) == (url, host, port)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "http://example.com", "ftp://example.com", "HTTPS://example.com",
        "https://", "https:///x", "https://user@example.com", "https://user:pw@example.com",
        "https://example.com#x", "https://example.com\\@evil.com", "https://example.com/a b",
        "https://example.com/\n", "https://example.com\n", "https://exämple.com",
        "https://example.com/ä", "https://example.com:0", "https://example.com:65536",
        "https://example.com:", "https://example.com:443443", "https://example.com:44x",
        "https://localhost", "https://metadata", "https://example.com.", "https://.example.com",
        "https://a..b", "https://-a.com", "https://a-.com", "https://" + "a" * 64 + ".com",
        "https://" + "a.bc." * 60 + "de", "https://example.com/" + "a" * 2_000,
        "https://127.0.0.1", "https://127.1", "https://0x7f.0x0.0x0.0x1", "https://2130706433",
        "https://0x7f000001", "https://017700000001", "https://1.2.3.0x4", "https://10.0.0.1:443",
        "https://169.254.169.254/latest", "https://[::1]", "https://[::ffff:8.8.8.8]",
        "https://[fe80::1%25eth0]", "https://[2606:4700", "https://8.8.8.8.",
        "https://[64:ff9b::808:808]", "https://[example.com]", "https://[8.8.8.8]",
    ],
)  # fmt: skip
def test_what_is_not_plain_or_not_outside_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must|has"):
        parse_endpoint(url)


def test_names_are_found_as_the_system_finds_them() -> None:
    assert "127.0.0.1" in asyncio.run(resolve("localhost", 443))


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(socket.gaierror):
        asyncio.run(resolve("nowhere.invalid", 443))
