"""The copy outside: always a prefix of what was sealed, whatever is killed when."""

import threading
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from adapters.seal import archive as module, store
from adapters.seal.archive import Archive, ArchiveError, read_heads, read_log, segments
from adapters.seal.errors import SealBrokenError
from domain.tree_head import TreeHead
from tests.adapters.seal.sealed import fill, found, outside, owner, seal, state, tamper


def heads(url: str) -> list[TreeHead]:
    with owner(url) as conn:
        return store.heads_after(conn, 0, 10_000)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments, reads and writes so small that a short log has many of each."""
    monkeypatch.setattr(module, "SEGMENT_EVENTS", 20)
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(module, "_HEADS_AT_ONCE", 2)


def test_every_head_and_every_event_is_copied(database_url: str, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    fill(database_url, 3)
    seal(database_url, archive)
    fill(database_url, 2, gap=5)
    seal(database_url, archive)

    assert names(tmp_path) == [
        "heads.ndjson",
        "log-0000000000000001-0000000000000003.ndjson",
        "log-0000000000000004-0000000000000010.ndjson",
    ]
    assert list(read_heads(tmp_path)) == heads(database_url)
    with owner(database_url) as conn:
        events = store.events_between(conn, 0, 100, 100)
    assert [event for _, event in read_log(tmp_path)] == events
    assert found(database_url, outside(tmp_path)) == []


def test_a_line_holds_the_very_bytes(database_url: str, tmp_path: Path) -> None:
    """The format is a contract with whoever restores from it."""
    fill(database_url, 1)
    seal(database_url, Archive(tmp_path))
    with owner(database_url) as conn:
        ((salt, event_id),) = conn.execute(
            "SELECT encode(salt, 'hex'), encode(uuid_send(originator_id), 'hex')"
            " FROM seal_leaves, ledger_events"
        ).fetchall()

    line = segments(tmp_path)[0].path.read_bytes()

    assert orjson.loads(line) == {
        "position": 1,
        "originator_id": event_id,
        "version": 1,
        "topic": "thing.happened.1",
        "state": b64encode(state(0)).decode(),
        "salt": salt,
    }
    assert line.endswith(b"\n")


@pytest.mark.usefixtures("short")
def test_a_folder_that_comes_late_gets_all_of_it(database_url: str, tmp_path: Path) -> None:
    for _ in range(5):
        fill(database_url, 11, gap=1)
        seal(database_url)

    seal(database_url, Archive(tmp_path))

    assert [segment.last for segment in segments(tmp_path)] == [22, 44, 60]
    assert list(read_heads(tmp_path)) == heads(database_url)
    assert found(database_url, outside(tmp_path)) == []


@pytest.mark.parametrize("torn", range(3))
@pytest.mark.usefixtures("short")
def test_what_a_kill_has_torn_is_completed(database_url: str, tmp_path: Path, torn: int) -> None:
    for _ in range(4):
        fill(database_url, 11)
        seal(database_url, Archive(tmp_path))
    whole = (tmp_path / "heads.ndjson").read_bytes()
    lines = whole.splitlines(keepends=True)
    (tmp_path / "heads.ndjson").write_bytes(b"".join(lines[:torn]) + lines[torn][: 1 + 100 * torn])
    (tmp_path / ".log.partial").write_bytes(b"half a")

    fill(database_url, 1)
    seal(database_url, Archive(tmp_path))

    assert (tmp_path / "heads.ndjson").read_bytes().startswith(whole)
    assert list(read_heads(tmp_path)) == heads(database_url)


def killing(monkeypatch: pytest.MonkeyPatch, name: str, before: bool) -> Callable[[], None]:
    """Die in a function of the archive, before or after what it does; gives the revival."""
    real = getattr(module, name)

    def dying(*arguments: object) -> object:
        if not before:
            real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, dying)
    return lambda: monkeypatch.setattr(module, name, real)


@pytest.mark.parametrize("name", ["_write_events", "_sync_folder", "_append"])
@pytest.mark.parametrize("before", [True, False])
def test_a_sealer_killed_on_the_way_out_catches_up(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, name: str, before: bool
) -> None:
    """The table has the head already; the next pass publishes that one and signs no other."""
    fill(database_url, 5)
    revive = killing(monkeypatch, name, before)
    with pytest.raises(KeyboardInterrupt):
        seal(database_url, Archive(tmp_path))
    revive()
    signed = heads(database_url)

    again = seal(database_url, Archive(tmp_path))

    assert [again] == signed == list(read_heads(tmp_path))
    assert found(database_url, outside(tmp_path)) == []


def test_without_its_folder_nothing_is_signed(database_url: str, tmp_path: Path) -> None:
    fill(database_url, 5)

    with pytest.raises(FileNotFoundError, match="no folder"):
        seal(database_url, Archive(tmp_path / "unmounted"))

    assert heads(database_url) == []
    assert not (tmp_path / "unmounted").exists()


def test_two_do_not_copy_at_once(database_url: str, tmp_path: Path) -> None:
    fill(database_url, 5)
    with owner(database_url) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", (module._COPY_LOCK,))
        seal(database_url, Archive(tmp_path))
        assert names(tmp_path) == []

    sealing = [
        threading.Thread(target=seal, args=(database_url, Archive(tmp_path))) for _ in range(4)
    ]
    for thread in sealing:
        thread.start()
    for thread in sealing:
        thread.join()
    seal(database_url, Archive(tmp_path))

    assert list(read_heads(tmp_path)) == heads(database_url)
    assert len(segments(tmp_path)) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not a head\n", "heads.ndjson"),
        (b"x" * 9_000, "half a line"),
        (b'{"tree_size":1}\n', "heads.ndjson"),
        (b'{"tree_size":6', "half a line"),
    ],
)
def test_a_file_of_heads_that_is_not_ours_stops_the_sealer(
    database_url: str, tmp_path: Path, content: bytes, told: str
) -> None:
    fill(database_url, 5)
    (tmp_path / "heads.ndjson").write_bytes(content)

    with pytest.raises(ArchiveError, match=told):
        seal(database_url, Archive(tmp_path))


def test_half_a_line_that_goes_on_nowhere_stops_the_sealer(
    database_url: str, tmp_path: Path
) -> None:
    fill(database_url, 5)
    seal(database_url, Archive(tmp_path))
    with (tmp_path / "heads.ndjson").open("ab") as file:
        file.write(b'{"tree')

    with pytest.raises(ArchiveError, match="half a line"):
        seal(database_url, Archive(tmp_path))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_events SET state = '{}' WHERE position = 2",
        "DELETE FROM ledger_events WHERE position = 2",
        "DELETE FROM ledger_events WHERE position = 5",
        "DELETE FROM seal_leaves WHERE position > 3",
    ],
)
def test_only_what_is_still_what_was_sealed_is_copied(
    database_url: str, tmp_path: Path, statement: str
) -> None:
    fill(database_url, 5)
    seal(database_url)
    tamper(database_url, statement)

    with owner(database_url) as conn, pytest.raises(SealBrokenError):
        Archive(tmp_path).follow(conn)

    assert list(read_heads(tmp_path)) == []


def test_a_missing_segment_is_missed(database_url: str, tmp_path: Path) -> None:
    for _ in range(3):
        fill(database_url, 5)
        seal(database_url, Archive(tmp_path))
    segments(tmp_path)[1].path.unlink()

    with pytest.raises(ArchiveError, match="position 6"):
        list(read_log(tmp_path))
    fill(database_url, 5)
    with pytest.raises(ArchiveError, match="position 6"):
        seal(database_url, Archive(tmp_path))


def swapped(text: bytes) -> bytes:
    first, second, *others = text.splitlines(keepends=True)
    return b"".join([second, first, *others])


@pytest.mark.parametrize(
    "change",
    [
        swapped,
        lambda text: text[: text.rindex(b"{")],
        lambda text: text[:-1],
        lambda text: text[:-20] + b"\n",
        lambda text: text.replace(b'"version":1', b'"version":1.0', 1),
        lambda text: text.replace(b'"version":1', b'"version": 1', 1),
        lambda text: text.replace(b'"version"', b'"verse"', 1),
        lambda text: text.replace(b'"position":3', b'"position":1'),
        lambda text: text.replace(b'"position":3', b'"position":"3"'),
        lambda text: text.replace(b'"salt":"', b'"salt":"00', 1),
        lambda text: b"[]\n",
        lambda text: b"",
    ],
    ids=[
        "swapped", "a line less", "no last newline", "torn", "a float", "a space", "a field",
        "twice", "a text", "a longer salt", "a list", "empty",
    ],
)  # fmt: skip
def test_a_segment_that_was_not_written_so_is_refused(
    database_url: str, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    fill(database_url, 5)
    seal(database_url, Archive(tmp_path))
    path = segments(tmp_path)[0].path
    path.write_bytes(change(path.read_bytes()))

    with pytest.raises(ArchiveError, match=path.name):
        list(read_log(tmp_path))


def test_heads_out_of_order_are_refused(database_url: str, tmp_path: Path) -> None:
    for _ in range(2):
        fill(database_url, 5)
        seal(database_url, Archive(tmp_path))
    path = tmp_path / "heads.ndjson"
    path.write_bytes(swapped(path.read_bytes()))

    with pytest.raises(ArchiveError, match="out of order"):
        list(read_heads(tmp_path))


def test_a_torn_last_head_is_left_out(database_url: str, tmp_path: Path) -> None:
    fill(database_url, 5)
    seal(database_url, Archive(tmp_path))
    with (tmp_path / "heads.ndjson").open("ab") as file:
        file.write(b'{"tree_size":')

    assert list(read_heads(tmp_path)) == heads(database_url)
