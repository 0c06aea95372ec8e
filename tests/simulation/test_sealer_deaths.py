"""A sealer that is killed at any moment: what it signed stays signed, and is signed once."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.seal import store
from adapters.seal.archive import Archive, read_heads
from tests.adapters.seal.sealed import found, outside, owner, seal

ROOT = Path(__file__).parents[2]
LIFE = """
import sys
from pathlib import Path
from adapters.seal.archive import Archive
from tests.adapters.seal.sealed import fill, seal

url, folder = sys.argv[1], Path(sys.argv[2])
print("alive", flush=True)
while True:
    fill(url, 40)
    seal(url, Archive(folder), window=15)
"""
DEATHS = 6


@pytest.mark.parametrize("seed", [1])
def test_a_killed_sealer_never_signs_a_tree_twice(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311  a moment, not a secret
    for _ in range(DEATHS):
        with subprocess.Popen(
            [sys.executable, "-c", LIFE, database_url, str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(ROOT)},
        ) as living:
            assert living.stdout is not None
            assert living.stdout.readline() == b"alive\n"
            time.sleep(rng.uniform(0.02, 0.4))
            living.kill()

    seal(database_url, Archive(tmp_path))

    with owner(database_url) as conn:
        inside = store.heads_after(conn, 0, 100_000)
    assert len(inside) > DEATHS
    assert list(read_heads(tmp_path)) == inside
    assert len({head.tree_size for head in inside}) == len(inside)
    assert found(database_url, outside(tmp_path)) == []
