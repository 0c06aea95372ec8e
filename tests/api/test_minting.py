"""Ids sort by time and carry their shard."""

import time

from api.minting import mint
from domain.ids import shard_of


def test_an_id_is_a_uuid_of_version_7_and_names_its_shard() -> None:
    minted = mint(0x1234)

    assert minted.version == 7
    assert minted.variant == "specified in RFC 4122"
    assert shard_of(minted) == 0x1234


def test_ids_sort_by_the_millisecond_they_were_minted_in() -> None:
    first = mint(0)
    time.sleep(0.002)
    second = mint(0)

    assert first < second
    assert abs((first.int >> 80) - time.time_ns() // 1_000_000) < 1_000


def test_no_two_ids_are_the_same() -> None:
    assert len({mint(0) for _ in range(10_000)}) == 10_000
