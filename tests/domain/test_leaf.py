"""A leaf says everything about a stored event, and no two events share one."""

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from domain.leaf import Stored, hash_of, leaf_of

SALT = b"s" * 16
EVENT: Stored = (258, UUID(int=7).bytes, 3, "a.b.1", b"{}")
PARTS = st.tuples(
    st.binary(max_size=20),
    st.tuples(
        st.integers(-2, 2**40),
        st.binary(min_size=16, max_size=16),
        st.integers(0, 300),
        st.text(max_size=6),
        st.binary(max_size=8),
    ),
)


def test_a_leaf_is_each_part_after_its_length() -> None:
    """The bytes are a contract with everyone who holds a proof."""
    assert leaf_of(SALT, EVENT).hex(" ", -4) == (
        "0000000f 746f6c6c 626f6f6b 2e6c6561 662e3100 00001073 73737373 73737373 73737373 73737300"
        " 00000800 00000000 00010200 00001000 00000000 00000000 00000000 00000700 00000800 00000000"
        " 00000300 00000561 2e622e31 00000002 7b7d"
    )


def test_a_hash_is_a_contract_too() -> None:
    assert hash_of(SALT, EVENT).hex() == (
        "0279d3dc85e996dab7b7ea440d7e4718bd0bfa74396bff21fb4538f540ea1d06"
    )


@given(PARTS, PARTS)
def test_different_events_have_different_leaves(
    one: tuple[bytes, Stored], other: tuple[bytes, Stored]
) -> None:
    assert (leaf_of(*one) == leaf_of(*other)) == (one == other)


def test_what_would_be_padded_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        leaf_of(SALT, (1, b"short", 1, "a.b.1", b"{}"))
