"""The seal wired up: a sealer if there is a key, and a second look at all that was sealed."""

import time
from pathlib import Path

import pytest

from adapters.seal.archive import read_heads
from adapters.seal.errors import SealBrokenError
from adapters.seal.keys import SealKeyError, create_key
from api.sealing import Recheck, check_key, evidence_of, sealer_of, sealing
from api.settings import Settings
from projections.events import WINDOW
from tests.adapters.seal.sealed import audit, fill, found, owner, seal, tamper


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    create_key(tmp_path / "seal.pem")
    (tmp_path / "out").mkdir()
    return Settings.load(
        {},
        data_dir=tmp_path / "data",
        seal_key_file=tmp_path / "seal.pem",
        seal_dir=tmp_path / "out",
        seal_seconds=0.05,
    )


def until_sealed(folder: Path, size: int) -> None:
    patience = time.monotonic() + 10
    while [head.tree_size for head in read_heads(folder)][-1:] != [size]:
        assert time.monotonic() < patience, "it was never sealed"
        time.sleep(0.02)


def test_what_comes_is_sealed_meanwhile(database_url: str, settings: Settings) -> None:
    assert settings.seal_dir is not None
    with sealing(settings, database_url):
        for size in (3, 6):
            fill(database_url, 3)
            until_sealed(settings.seal_dir, size)

    assert found(database_url, evidence_of(settings)) == []


def test_what_came_last_is_sealed_before_it_ends(database_url: str, settings: Settings) -> None:
    slow = settings.model_copy(update={"seal_seconds": 1_000})
    assert slow.seal_dir is not None
    fill(database_url, 3)
    with sealing(slow, database_url):
        until_sealed(slow.seal_dir, 3)
        fill(database_url, 2)

    until_sealed(slow.seal_dir, 5)


def test_whoever_needs_a_head_may_ask_for_it(database_url: str, settings: Settings) -> None:
    slow = settings.model_copy(update={"seal_seconds": 1_000})
    assert slow.seal_dir is not None
    fill(database_url, 3)
    with sealing(slow, database_url), owner(database_url) as conn:
        until_sealed(slow.seal_dir, 3)
        fill(database_url, 2)
        conn.execute("NOTIFY tollbook_seal")
        until_sealed(slow.seal_dir, 5)


def test_without_a_key_nothing_is_sealed(database_url: str, tmp_path: Path) -> None:
    settings = Settings.load({}, data_dir=tmp_path)
    check_key(settings)
    assert sealer_of(settings, database_url) is None
    assert evidence_of(settings).signed is None
    with sealing(settings, database_url):
        fill(database_url, 1)

    with owner(database_url) as conn:
        assert conn.execute("TABLE seal_heads").fetchall() == []


def test_a_key_that_cannot_sign_is_told_at_once(database_url: str, tmp_path: Path) -> None:
    settings = Settings.load({}, data_dir=tmp_path / "data", seal_key_file=tmp_path / "none")

    for use in (check_key, evidence_of, lambda given: sealer_of(given, database_url)):
        with pytest.raises(SealKeyError):
            use(settings)


def test_what_gets_out_after_a_snapshot_was_taken_accuses_nobody(
    database_url: str, settings: Settings
) -> None:
    """A verify takes minutes, beside a gateway that seals."""
    sealer = sealer_of(settings, database_url)
    assert sealer is not None
    fill(database_url, 5)
    sealer.seal()
    evidence = evidence_of(settings)
    with owner(database_url) as conn, conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SELECT 1")
        fill(database_url, 5)
        sealer.seal()

        findings, checked = audit(conn, evidence)

    assert (findings, checked.sealed.tree_size) == ([], 5)


def test_a_key_that_others_can_read_is_warned_of(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.seal_key_file is not None
    check_key(settings)
    assert caplog.text == ""

    settings.seal_key_file.chmod(0o640)
    check_key(settings)

    assert "can be read by others" in caplog.text


def test_a_folder_that_is_not_there_is_told(settings: Settings) -> None:
    assert settings.seal_dir is not None
    settings.seal_dir.rmdir()

    with pytest.raises(FileNotFoundError):
        evidence_of(settings)


def test_everything_sealed_is_looked_at_again_and_again(database_url: str) -> None:
    recheck = Recheck(windows=1)
    fill(database_url, 3)
    fill(database_url, 3, gap=WINDOW)
    with owner(database_url) as conn:
        recheck(conn)
        seal(database_url)
        for _ in range(5):
            recheck(conn)
        # The last of its three passes is still to come: the gap makes the log that long.
        recheck(conn)
        recheck(conn)
        tamper(database_url, "DELETE FROM ledger_events WHERE position > 100")
        for _ in range(2):
            with pytest.raises(SealBrokenError, match=r"position \d{4}: was sealed and is gone"):
                recheck(conn)


def test_a_changed_past_stops_the_signing(
    database_url: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.seal_dir is not None
    fill(database_url, 3)
    with sealing(settings, database_url):
        until_sealed(settings.seal_dir, 3)
        tamper(database_url, "UPDATE ledger_events SET state = '{}' WHERE position = 2")
        patience = time.monotonic() + 10
        while "THE SEAL IS BROKEN" not in caplog.text:
            assert time.monotonic() < patience, "nobody noticed"
            time.sleep(0.02)
        fill(database_url, 3)
        time.sleep(0.2)

    assert [head.tree_size for head in read_heads(settings.seal_dir)] == [3]


def test_a_key_that_is_gone_by_then_stops_nothing_else(
    database_url: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.seal_key_file is not None
    settings.seal_key_file.unlink()

    with sealing(settings, database_url):
        fill(database_url, 1)

    assert "THE SEAL'S KEY IS GONE" in caplog.text
    with owner(database_url) as conn:
        assert conn.execute("TABLE seal_heads").fetchall() == []
