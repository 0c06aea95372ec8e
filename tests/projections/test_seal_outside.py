"""What verify says of the seal's copy outside: heads that were published, and the log itself."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.seal.archive import segments
from tests.adapters.seal.sealed import fill, found, outside, owner, seal, tamper, three_heads


@pytest.fixture
def sealed_url(database_url: str, tmp_path: Path) -> str:
    three_heads(database_url, tmp_path / "out")
    return database_url


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text[: text.index(b"\n") + 1], "the head of 200 events is not among"),
        (lambda text: text[text.index(b"\n") + 1 :], "the head of 100 events is not among"),
        (lambda text: b"", "the head of 300 events is not among"),
        (
            lambda text: text.replace(b'"tree_size":200', b'"tree_size":201'),
            "the head of 201 events was published and is not in the database",
        ),
        (
            lambda text: text.replace(b'"position":206', b'"position":9206'),
            "the head of 200 events was published and is not in the database",
        ),
        (lambda text: text.replace(b'"tree_size":200', b'"tree_size":0'), "cannot be read"),
        (lambda text: text.replace(b'"tree_size":200', b'"tree_size":20'), "cannot be read"),
        (lambda text: text.replace(b"root", b"r00t", 1), "cannot be read"),
    ],
    ids=["cut", "begun later", "emptied", "size", "position", "zero", "order", "field"],
)
def test_published_heads_that_were_altered_are_told(
    sealed_url: str, tmp_path: Path, change: Callable[[bytes], bytes], told: str
) -> None:
    evidence = outside(tmp_path / "out", slack=timedelta())
    edit(tmp_path / "out" / "heads.ndjson", change)

    assert any(told in message for _, message in found(sealed_url, evidence))


def test_a_head_may_be_on_its_way_out(sealed_url: str, tmp_path: Path) -> None:
    fill(sealed_url, 5)
    seal(sealed_url)

    assert found(sealed_url, outside(tmp_path / "out")) == []


def test_a_head_that_was_taken_back_is_told_by_its_publication(
    sealed_url: str, tmp_path: Path
) -> None:
    evidence = outside(tmp_path / "out")
    tamper(
        sealed_url,
        "DELETE FROM seal_heads WHERE tree_size > 100",
        "DELETE FROM seal_leaves WHERE index >= 100",
        "DELETE FROM seal_nodes",
        "UPDATE ledger_events SET state = '{}' WHERE position = 150",
    )
    seal(sealed_url)

    told = found(sealed_url, evidence)

    assert (206, "the head of 200 events was published and is not in the database") in told
    assert (206, "the log from position 104 to 206 is not what the head there signed") in told
    assert (150, "is not what the copy outside has") in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace(b'"version":1', b'"version":2', 1), "what the copy outside has"),
        (lambda text: text[text.index(b"\n") + 1 :], "is not in the copy outside"),
        (lambda text: text[:-1], "cannot be read"),
        (lambda text: text.replace(b'"salt":"', b'"salt":"f', 1), "cannot be read"),
    ],
    ids=["event", "first line", "last byte", "salt"],
)
def test_a_copy_that_was_altered_is_told(
    sealed_url: str, tmp_path: Path, change: Callable[[bytes], bytes], told: str
) -> None:
    edit(segments(tmp_path / "out")[1].path, change)

    assert any(told in message for _, message in found(sealed_url, outside(tmp_path / "out")))


def test_another_salt_in_the_copy_is_told(sealed_url: str, tmp_path: Path) -> None:
    path = segments(tmp_path / "out")[0].path
    with owner(sealed_url) as conn:
        ((salt,),) = conn.execute(
            "SELECT encode(salt, 'hex') FROM seal_leaves WHERE position = 4"
        ).fetchall()
    edit(path, lambda text: text.replace(salt.encode(), b"0" * 32))

    assert found(sealed_url, outside(tmp_path / "out")) == [
        (4, "has another salt in the copy outside")
    ]


def test_a_missing_segment_is_told(sealed_url: str, tmp_path: Path) -> None:
    segments(tmp_path / "out")[1].path.unlink()

    told = found(sealed_url, outside(tmp_path / "out"))

    assert told == [
        (0, ("what is kept outside cannot be read: The log's copy has no file that begins with "
            "position 104.")),
    ]  # fmt: skip
