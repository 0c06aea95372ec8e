"""The spool: what the ledger could not take is on disk until it can."""

import os
from pathlib import Path

import orjson
import pytest

from adapters.ledger import spool as spool_module
from adapters.ledger.spool import Spool
from domain.settle_call import Attempt, Outcome, SettleCall
from tests.adapters.ledger.till import Till

TILL = Till()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "spool"


def settling() -> SettleCall:
    """A settling with everything that there is to write."""
    outcome = Outcome(
        120,
        basis="partial",
        usage={"input": 10, "output": 3},
        reported={"prompt_tokens": 10},
        flags=["looked_odd"],
        provider="p",
        first_byte_ms=7,
    )
    attempts = (
        Attempt("q", "m-1", "timeout", None, "USD", 30),
        Attempt("p", "m-1", "ok", 12, "USD", 90),
    )
    return SettleCall(TILL.call().request_id, TILL.who, outcome, attempts)


def test_a_settling_comes_back_as_it_was(folder: Path) -> None:
    released, charged = TILL.release(TILL.call()), settling()
    for written in (released, charged):
        Spool(folder).write(written)

    read = [settled for _, settled in Spool(folder).waiting()]

    assert read == [released, charged]


def test_what_was_written_first_comes_first(folder: Path) -> None:
    spool, settlings = Spool(folder), [settling() for _ in range(5)]
    for age, written in enumerate(settlings):
        spool.write(written)
        os.utime(folder / f"{written.request_id.hex}.json", (1_000 - age, 1_000 - age))

    read = [settled for _, settled in spool.waiting()]

    assert read == settlings[::-1]


def test_a_second_settling_of_a_call_takes_the_first_ones_place(folder: Path) -> None:
    spool, call = Spool(folder), TILL.call()
    spool.write(TILL.charge(call))
    spool.write(TILL.release(call))

    assert [settled for _, settled in spool.waiting()] == [TILL.release(call)]


def test_a_spool_is_empty_until_it_is_written_to_and_once_all_is_dropped(folder: Path) -> None:
    spool = Spool(folder)
    assert not spool

    spool.write(settling())
    assert spool

    for path, _ in spool.waiting():
        spool.drop(path)
    assert not spool
    assert list(folder.iterdir()) == []


def test_a_half_written_file_is_never_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_power(descriptor: int) -> None:
        message = "no power"
        raise OSError(message)

    spool = Spool(folder)
    monkeypatch.setattr(spool_module.os, "fsync", lose_power)
    with pytest.raises(OSError, match="no power"):
        spool.write(settling())

    assert not spool
    assert list(Spool(folder).waiting()) == []


def test_the_file_and_its_name_are_on_disk_before_write_returns(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = os.fsync

    def remember(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().suffix)
        sync(descriptor)

    monkeypatch.setattr(spool_module.os, "fsync", remember)
    Spool(folder).write(settling())

    assert synced == [".part", ""]


def test_a_file_that_another_worker_dropped_meanwhile_is_passed_over(folder: Path) -> None:
    ours, theirs = Spool(folder), Spool(folder)
    for _ in range(3):
        ours.write(settling())
    waiting = ours.waiting()
    next(waiting)

    for path in sorted(folder.iterdir()):
        theirs.drop(path)

    assert list(waiting) == []


def test_a_file_that_another_worker_dropped_while_we_sort_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, left = Spool(folder), settling()
    spool.write(settling())
    spool.write(left)
    look = Path.stat

    def drop_the_others(path: Path, **how: bool) -> os.stat_result:
        if path.suffix == ".json" and path.stem != left.request_id.hex:
            path.unlink(missing_ok=True)
        return look(path, **how)

    monkeypatch.setattr(Path, "stat", drop_the_others)

    assert [settled for _, settled in spool.waiting()] == [left]


def test_dropping_twice_is_no_error(folder: Path) -> None:
    spool = Spool(folder)
    spool.write(settling())
    ((path, _),) = spool.waiting()

    spool.drop(path)
    spool.drop(path)

    assert not spool


def test_what_is_set_aside_waits_no_more_but_stays_on_disk(folder: Path) -> None:
    spool, waiting, never_written = Spool(folder), settling(), settling()
    spool.write(waiting)

    for refused in (waiting, never_written):
        spool.set_aside(refused)

    assert not spool
    kept = {orjson.loads(path.read_bytes())["request_id"] for path in folder.glob("*.failed")}
    assert kept == {waiting.request_id.hex, never_written.request_id.hex}


def test_only_we_may_look_into_the_spool(folder: Path) -> None:
    Spool(folder)

    assert folder.stat().st_mode & 0o077 == 0
