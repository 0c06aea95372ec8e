"""A file appears whole or not at all: through errors, races and kills."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from projections.exports.errors import TargetTakenError
from projections.exports.whole_file import WholeFile

NAMELESS = pytest.mark.parametrize("nameless", [True, False], ids=["nameless", "named"])
REPLACE = pytest.mark.parametrize("replace", [True, False], ids=["replacing", "new"])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@NAMELESS
@REPLACE
def test_what_was_written_is_there_in_the_end(
    tmp_path: Path, nameless: bool, replace: bool
) -> None:
    with WholeFile(tmp_path / "a.csv", replace=replace, nameless=nameless) as file:
        file.write(b"one,")
        file.write(b"two\n")
        assert "a.csv" not in names(tmp_path)

    assert names(tmp_path) == ["a.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"one,two\n"
    assert (file.size, file.sha256) == (8, hashlib.sha256(b"one,two\n").hexdigest())


@NAMELESS
@REPLACE
def test_an_error_on_the_way_leaves_nothing(tmp_path: Path, nameless: bool, replace: bool) -> None:
    message = "the disk is full"

    def fail() -> None:
        with WholeFile(tmp_path / "a.csv", replace=replace, nameless=nameless) as file:
            file.write(b"x" * (3 << 20))
            raise OSError(message)

    with pytest.raises(OSError, match=message):
        fail()

    assert names(tmp_path) == []


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")

    with pytest.raises(TargetTakenError, match="--force"):
        WholeFile(path)

    assert path.read_text() == "mine"


@NAMELESS
def test_a_file_that_came_in_between_stays_as_it_is(tmp_path: Path, nameless: bool) -> None:
    path = tmp_path / "a.csv"

    def write() -> None:
        with WholeFile(path, nameless=nameless) as file:
            file.write(b"ours")
            path.write_text("mine")

    with pytest.raises(TargetTakenError):
        write()

    assert path.read_text() == "mine"
    assert names(tmp_path) == ["a.csv"]


@NAMELESS
def test_a_replaced_file_is_the_old_one_until_the_end(tmp_path: Path, nameless: bool) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")

    with WholeFile(path, replace=True, nameless=nameless) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.csv"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        WholeFile(tmp_path / "nowhere" / "a.csv")


KILLED = """
import os, signal, sys
from pathlib import Path
from projections.exports.whole_file import WholeFile

with WholeFile(Path(sys.argv[1]), replace=True) as file:
    file.write(b"x" * (5 << 20))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_on_the_way_leaves_nothing_at_all(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.csv")], check=False)

    assert done.returncode == -signal.SIGKILL
    assert names(tmp_path) == []
