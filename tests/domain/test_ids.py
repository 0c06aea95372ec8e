from uuid import UUID

import pytest

from domain import ids

RANDOM = UUID("0192f0c1-7a4e-7cc3-98c4-dc0c0c07398f")


@pytest.mark.parametrize("shard", [0, 1, 0xFFFF])
def test_an_id_names_its_shard_and_keeps_the_rest(shard: int) -> None:
    stamped = ids.in_shard(RANDOM, shard)

    assert ids.shard_of(stamped) == shard
    assert stamped.hex[:-4] == RANDOM.hex[:-4]


def test_a_derived_id_is_the_same_for_ever() -> None:
    assert ids.price_book_id(0) == UUID("48b49a77-1e6f-56fd-86cf-5878f95a0000")
    assert ids.credential_id("tb_secret", 3) == UUID("c17d9674-e321-5f99-99b8-13d895de0003")


def test_parts_cannot_be_shifted_into_each_other() -> None:
    joined = [
        ids.named(0, *parts)
        for parts in (("a", "b"), ("ab",), ("a\x1f1:b",), ("a", "b", ""), ("", "a", "b"))
    ]

    assert len(set(joined)) == len(joined)


def test_every_shard_has_its_own_price_book_and_credentials() -> None:
    assert ids.price_book_id(1) != ids.price_book_id(2)
    assert ids.shard_of(ids.price_book_id(7)) == 7
    assert ids.shard_of(ids.credential_id("tb_secret", 7)) == 7
    assert ids.credential_id("tb_secret", 0) != ids.credential_id("tb_other", 0)


def test_an_id_goes_out_and_comes_back() -> None:
    text = ids.public(ids.REQUEST, RANDOM)

    assert text == "req_0192f0c17a4e7cc398c4dc0c0c07398f"
    assert ids.parse_public(ids.REQUEST, text) == RANDOM


@pytest.mark.parametrize(
    "text",
    [
        "",
        "req_",
        "req",
        "key_0192f0c17a4e7cc398c4dc0c0c07398f",
        "req_0192F0C17A4E7CC398C4DC0C0C07398F",
        "req_0192f0c17a4e7cc398c4dc0c0c07398",
        "req_0192f0c17a4e7cc398c4dc0c0c07398f0",
        "req_0192f0c1-7a4e-7cc3-98c4-dc0c0c07398f",
        "req_0192f0c17a4e7cc398c4dc0c0c07398f\n",
    ],
)
def test_what_cannot_be_one_of_ours_is_no_id(text: str) -> None:
    assert ids.parse_public(ids.REQUEST, text) is None
