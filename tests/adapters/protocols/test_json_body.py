"""Whatever two parsers could read differently is refused."""

import orjson
import pytest

from adapters.protocols.json_body import parse_object
from domain.errors import InvalidRequestError


def test_an_object_is_read_with_its_numbers_exact() -> None:
    assert parse_object(b'{"a": 9007199254740993, "b": [1.5, null]}') == {
        "a": 9007199254740993,
        "b": [1.5, None],
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 400 + b"}",
        b'{"a": 9223372036854775808}',
        b'{"a": 1e400}',
        b'{"a": -1e400}',
        b"[]",
        b"null",
        b'"text"',
        b"{} {}",
        b'{"a": ["\\ud800"]}',
        b'{"\\udfff": 1}',
        b'{"a": ' + b"[" * 210 + b"]" * 210 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_plain_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parse_object(body)


def test_what_was_read_can_be_written_again_whatever_a_conversion_wraps_around_it() -> None:
    read: object = parse_object(b'{"a": "\\ud83d\\ude00", "b": ' + b"[" * 150 + b"]" * 150 + b"}")
    for _ in range(50):
        read = {"wrapped": read}

    assert "😀".encode() in orjson.dumps(read)
