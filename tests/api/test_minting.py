"""Ids sort by time and carry their shard."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from api.minting import mint
from domain.ids import shard_of

RANDOM = ((1 << 62) - 1) ^ 0xFFFF
"""The random bits in the lower half of an id, without the shard's."""


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


def test_no_two_threads_mint_the_same_id() -> None:
    with ThreadPoolExecutor(4) as threads:
        lots = list(threads.map(_mint_many, [5_000] * 8))

    assert len({one for lot in lots for one in lot}) == 8 * 5_000


def test_a_forked_process_mints_ids_of_its_own() -> None:
    mint(0)  # something is left of what was drawn
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, _random_part().encode())
        os._exit(0)
    ours = {_random_part() for _ in range(1_000)}
    theirs = os.read(reading, 100).decode()
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert theirs
    assert theirs not in ours


def _mint_many(count: int) -> list[UUID]:
    return [mint(0) for _ in range(count)]


def _random_part() -> str:
    return f"{mint(0).int & RANDOM:x}"
