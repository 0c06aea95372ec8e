"""Pieces of a long answer: joined, never lost, and never larger than need be."""

import pytest

from api.pieces import chunked


@pytest.mark.parametrize(
    ("pieces", "chunks"),
    [
        ([], []),
        ([b"", b""], []),
        ([b"a", b"b"], [b"ab"]),
        ([b"abc", b"d"], [b"abc", b"d"]),
        ([b"ab", b"cd", b"e"], [b"abcd", b"e"]),
        ([b"abcdefgh"], [b"abcdefgh"]),
    ],
)
def test_small_pieces_are_joined_to_chunks(pieces: list[bytes], chunks: list[bytes]) -> None:
    assert list(chunked(pieces, 3)) == chunks
