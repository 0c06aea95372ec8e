"""A head is signed over bytes that anyone can write again, and is read back strictly."""

import json
from typing import Any

import pytest

from domain.tree_head import TreeHead

HEAD = TreeHead(
    tree_size=3,
    position=5,
    root_hash="ab" * 32,
    timestamp="2026-11-21T10:00:00.000000+00:00",
    key_id="cd" * 32,
    signature="ef" * 64,
)


def test_what_is_signed_is_a_line_for_each_field_but_the_signature() -> None:
    assert HEAD.message == (
        b"tollbook.head.1\n3\n5\n" + b"ab" * 32 + b"\n2026-11-21T10:00:00.000000+00:00\n"
        + b"cd" * 32 + b"\n"
    )  # fmt: skip


def test_a_signature_is_put_on_in_hex() -> None:
    assert HEAD.signed(b"\x01" * 64).signature == "01" * 64
    assert HEAD.signed(b"\x01" * 64).message == HEAD.message


def test_a_line_is_read_back() -> None:
    assert TreeHead.read(HEAD.line) == HEAD
    assert HEAD.line.endswith(b'"signature":"' + b"ef" * 64 + b'"}\n')


@pytest.mark.parametrize(
    "change",
    [
        {"tree_size": 0},
        {"tree_size": True},
        {"tree_size": "3"},
        {"position": -1},
        {"root_hash": "AB" * 32},
        {"root_hash": "ab" * 31},
        {"root_hash": None},
        {"key_id": "cd" * 33},
        {"signature": ""},
        {"signature": "ef" * 64 + "\n"},
        {"timestamp": "2026-11-21T10:00:00+00:00"},
        {"timestamp": 5},
        {"more": 1},
    ],
    ids=str,
)
def test_what_is_no_head_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="tree head"):
        TreeHead.parse({**HEAD.fields, **change})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]\n",
        b"3\n",
        b"\xff\n",
        HEAD.line[:-1],
        HEAD.line + b"\n",
        json.dumps(HEAD.fields).encode() + b"\n",
    ],
    ids=str,
)
def test_only_the_very_line_is_read(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        TreeHead.read(line)
