"""The restore drill: from the copy alone the same log comes back, or nothing at all."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.seal import restore as module
from adapters.seal.archive import Archive, ArchiveError, segments
from adapters.seal.keys import TrustedKeys
from adapters.seal.restore import NotEmptyError, Restored, restore
from projections.verify import verify
from tests.adapters.seal.sealed import (
    KEY,
    OTHER_KEY,
    fill,
    found,
    outside,
    owner,
    seal,
    tamper,
)
from tests.projections.history import History, database, follow

TABLES = ("ledger_events", "seal_leaves", "seal_nodes", "seal_heads", "seal_keys")


@pytest.fixture
def folder(database_url: str, tmp_path: Path) -> Path:
    """The copy of a log of 700 events, with gaps, under several heads."""
    for size in (5, 295, 400):
        fill(database_url, size, gap=2)
        seal(database_url, Archive(tmp_path), window=250)
    return tmp_path


@pytest.fixture
def empty_url(server_url: str) -> Iterator[str]:
    with database(server_url) as url:
        yield url


def restored(
    url: str, folder: Path, trusted: TrustedKeys | None = KEY.trusted, **options: Any
) -> Restored:
    with owner(url) as conn:
        return restore(conn, folder, trusted, options.get("progress", lambda done, total: None))


def rows(url: str, table: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as conn:
        return sorted(conn.execute(f"TABLE {table}".encode()).fetchall())


def test_the_same_log_comes_back(
    database_url: str, empty_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 90)
    told: list[tuple[int, int]] = []

    report = restored(empty_url, folder, progress=lambda done, total: told.append((done, total)))

    for table in TABLES:
        assert rows(empty_url, table) == rows(database_url, table)
    newest = Archive(folder).newest()
    assert newest is not None
    assert report == Restored(700, 5, newest, 0)
    assert told[-1] == (706, 706)
    assert found(empty_url, outside(folder)) == []


def test_life_goes_on_after_it(empty_url: str, folder: Path) -> None:
    restored(empty_url, folder)
    fill(empty_url, 5)

    head = seal(empty_url, Archive(folder))

    assert (head.tree_size, head.position) == (705, 711)
    assert found(empty_url, outside(folder)) == []


def test_a_true_history_is_whole_again(database_url: str, empty_url: str, tmp_path: Path) -> None:
    history = History(3)
    history.live(200)
    history.store(database_url)
    seal(database_url, Archive(tmp_path))

    restored(empty_url, tmp_path)
    follow(empty_url)

    report = verify(lambda: owner(empty_url), evidence=outside(tmp_path))
    assert (report.violations, report.sealed.tree_size) == ([], report.events)


def test_events_whose_head_did_not_get_out_come_back_unsealed(
    database_url: str, empty_url: str, folder: Path
) -> None:
    heads = (folder / "heads.ndjson").read_bytes().splitlines(keepends=True)
    (folder / "heads.ndjson").write_bytes(b"".join(heads[:-1]) + heads[-1][:40])

    report = restored(empty_url, folder)

    assert (report.events, report.heads, report.unsealed) == (700, 4, 150)
    assert rows(empty_url, "ledger_events") == rows(database_url, "ledger_events")
    assert found(empty_url, outside(folder)) == []
    assert seal(empty_url).tree_size == 700


def test_only_an_empty_database_is_restored_into(database_url: str, folder: Path) -> None:
    with pytest.raises(NotEmptyError, match="ledger_events"):
        restored(database_url, folder)
    tamper(database_url, "DELETE FROM ledger_events")
    with pytest.raises(NotEmptyError, match="seal_leaves"):
        restored(database_url, folder)


def edit(number: int, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def edited(folder: Path) -> None:
        path = segments(folder)[number].path
        path.write_bytes(change(path.read_bytes()))

    return edited


def drop_last(folder: Path) -> None:
    segments(folder)[-1].path.unlink()


def drop_heads(folder: Path) -> None:
    (folder / "heads.ndjson").unlink()


def forge_head(folder: Path) -> None:
    path = folder / "heads.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"timestamp":"20', b'"timestamp":"19', 1))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (edit(1, lambda t: t.replace(b'"version":1', b'"version":2', 1)), "from position 8 to 259"),
        (edit(2, lambda t: t.replace(b'"version":1', b'"version":2', 1)), "to 556 is not what was"),
        (edit(1, lambda t: t[t.index(b"\n") + 1 :]), "is not what was signed"),
        (drop_last, "ends before the newest head"),
        (drop_heads, "no head"),
        (forge_head, "not signed by a trusted key"),
    ],
)
def test_what_is_not_what_was_signed_does_not_come_back(
    empty_url: str, folder: Path, spoil: Callable[[Path], None], told: str
) -> None:
    spoil(folder)

    with pytest.raises(ArchiveError, match=told):
        restored(empty_url, folder)

    assert all(rows(empty_url, table) == [] for table in TABLES)


def test_a_strangers_copy_does_not_come_back(empty_url: str, folder: Path) -> None:
    with pytest.raises(ArchiveError, match="trusted key"):
        restored(empty_url, folder, OTHER_KEY.trusted)

    assert restored(empty_url, folder, None).events == 700


def test_an_empty_or_missing_folder_restores_nothing(empty_url: str, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no head"):
        restored(empty_url, tmp_path)
    with pytest.raises(FileNotFoundError):
        restored(empty_url, tmp_path / "nowhere")
