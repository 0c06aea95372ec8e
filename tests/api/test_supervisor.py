"""The supervisor's contract, held against real processes, signals and sockets."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

import psutil
import pytest

from api.supervisor import backoff_seconds, bind

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 15.0

# Arguments: folder, number of workers, their habit, drain.
PARENT = """
import logging, signal, sys
from pathlib import Path
from api.supervisor import Supervisor, bind

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may run under nohup
logging.basicConfig(level=logging.INFO)
folder, workers, habit, drain = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
listener = bind("127.0.0.1", 0, patience_seconds=1)
(folder / "port").write_text(str(listener.getsockname()[1]))
def command(kind, habit, descriptor):
    child = [sys.executable, str(folder / "child.py"), str(folder / "journal"), kind, habit, drain]
    return lambda lifeline: [*child, str(lifeline), str(descriptor)]
worker = command("worker", habit, listener.fileno())
background = command("background", "obeys", -1)
sys.exit(Supervisor(workers=workers, worker_command=worker, background_command=background,
                    listener=listener, drain_seconds=float(drain)).run())
"""

# Notes what happens to it. A worker greets a connection with its pid and is then busy with it
# until the client has sent something, which it answers with "done".
CHILD = """
import os, signal, socket, sys, time
from api.supervisor import watch_parent

journal, kind, habit, drain, lifeline, descriptor = sys.argv[1:]
notes = os.open(journal, os.O_WRONLY | os.O_APPEND)
told = []
def note(word):
    os.write(notes, f"{kind} {os.getpid()} {word}\\n".encode())
def leave(*_):
    note("told")
    told.append(True)
    listener and listener.close()
def serve():
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    with connection:
        connection.sendall(f"{os.getpid()}\\n".encode())
        if connection.recv(1):
            connection.sendall(b"done\\n")

listener = socket.socket(fileno=int(descriptor)) if kind == "worker" else None
listener and listener.settimeout(0.05)
signal.signal(signal.SIGTERM, leave)
watch_parent(int(lifeline), float(drain))
note("started")
if habit == "cannot start":
    sys.exit(3)
while not told or habit == "stays":
    serve() if listener and not told else time.sleep(0.05)
note("left")
"""


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    # An orphan whose adoptive parent does not collect it stays as a zombie.
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class House:
    """One supervisor in a process of its own, with its children's journal."""

    def __init__(self, folder: Path, workers: int, habit: str, drain_seconds: float) -> None:
        folder.mkdir()
        (folder / "child.py").write_text(CHILD)
        (folder / "journal").touch()
        self.folder = folder
        with (folder / "log").open("w") as output:
            self.parent = subprocess.Popen(
                [sys.executable, "-c", PARENT, folder, str(workers), habit, str(drain_seconds)],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=output,
            )

    @property
    def journal(self) -> list[tuple[str, int, str]]:
        lines = (self.folder / "journal").read_text().splitlines()
        return [(kind, int(pid), word) for kind, pid, word in map(str.split, lines)]

    def pids(self, kind: str, word: str = "started") -> list[int]:
        return [pid for k, pid, w in self.journal if (k, w) == (kind, word)]

    def wait_for(self, kind: str, word: str = "started", times: int = 1) -> list[int]:
        wait_until(lambda: len(self.pids(kind, word)) >= times, f"{times} x {kind} {word}")
        return self.pids(kind, word)

    def wait_for_log(self, text: str, times: int = 1) -> None:
        wait_until(lambda: (self.folder / "log").read_text().count(text) >= times, text)

    def wait_until_empty(self) -> None:
        wait_until(lambda: all(is_gone(pid) for _, pid, _ in self.journal), "all have left")

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int((self.folder / "port").read_text())

    def connect(self) -> tuple[socket.socket, int]:
        """Keep one worker busy; says which."""
        connection = socket.create_connection(self.address, timeout=DEADLINE_SECONDS)
        return connection, int(connection.makefile().readline())

    def refuses_connections(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(self.address) == errno.ECONNREFUSED


def finish(connection: socket.socket) -> str:
    with connection:
        connection.sendall(b"x")
        return connection.makefile().readline().strip()


Open = Callable[..., House]


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Open]:
    houses: list[House] = []

    def build(workers: int = 1, habit: str = "obeys", drain_seconds: float = 10) -> House:
        houses.append(House(tmp_path / str(len(houses)), workers, habit, drain_seconds))
        houses[-1].wait_for("worker", times=workers)
        houses[-1].wait_for("background")
        return houses[-1]

    yield build
    for house in houses:
        house.parent.kill()
        house.parent.wait()
        house.wait_until_empty()


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_and_one_background_start_in_sessions_of_their_own(
    open_house: Open, workers: int
) -> None:
    house = open_house(workers)

    house.wait_for_log(" started: pid", times=workers + 1)
    children = [pid for _, pid, _ in house.journal]
    assert len(children) == workers + 1
    assert [os.getsid(pid) for pid in children] == children


def test_workers_share_the_listening_socket(open_house: Open) -> None:
    house = open_house(workers=2)

    first, first_pid = house.connect()
    second, second_pid = house.connect()

    assert {first_pid, second_pid} == set(house.pids("worker"))
    assert (finish(first), finish(second)) == ("done", "done")


@pytest.mark.parametrize("kind", ["worker", "background"])
def test_a_killed_child_is_replaced_alone_and_on_the_same_port(open_house: Open, kind: str) -> None:
    house = open_house()
    before = {pid for _, pid, _ in house.journal}
    (victim,) = house.pids(kind)

    os.kill(victim, signal.SIGKILL)
    successor = house.wait_for(kind, times=2)[1]
    connection, serving = house.connect()

    assert {pid for _, pid, _ in house.journal} == before | {successor}
    house.wait_for_log(f"ended: pid {victim}, exit code -9")
    house.wait_for_log(f"restarted: pid {successor}")
    assert (serving, finish(connection)) == (house.pids("worker")[-1], "done")


def test_children_of_a_killed_parent_finish_what_they_do_and_leave(open_house: Open) -> None:
    house = open_house(workers=2)
    connection, _ = house.connect()

    house.parent.kill()
    house.wait_for("worker", "told", times=2)
    assert finish(connection) == "done"
    house.wait_until_empty()

    assert sorted(house.pids("worker", "left")) == sorted(house.pids("worker"))
    assert house.pids("background", "left") == house.pids("background")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_stops_workers_before_the_background_and_exits_0(
    open_house: Open, number: signal.Signals
) -> None:
    house = open_house(workers=2)
    connection, _ = house.connect()

    house.parent.send_signal(number)
    house.wait_for("worker", "told", times=2)
    wait_until(house.refuses_connections, "newcomers are refused while the drain lasts")

    assert finish(connection) == "done"
    assert house.parent.wait(DEADLINE_SECONDS) == 0
    order = [(kind, word) for kind, _, word in house.journal if word != "started"]
    assert order[-2:] == [("background", "told"), ("background", "left")]
    assert order.count(("worker", "left")) == 2


def test_a_second_sigterm_is_harmless(open_house: Open) -> None:
    house = open_house()
    connection, _ = house.connect()
    house.parent.terminate()
    house.wait_for("worker", "told")

    house.parent.terminate()
    answer = finish(connection)
    # To the very end: the interpreter's own shutdown must not fall to one either.
    while house.parent.poll() is None:
        house.parent.terminate()

    assert (answer, house.parent.wait(DEADLINE_SECONDS)) == ("done", 0)
    assert [word for _, _, word in house.journal].count("told") == 2


def test_children_that_will_not_leave_are_made_to(open_house: Open) -> None:
    stopped = open_house(habit="stays", drain_seconds=0)
    orphaned = open_house(habit="stays", drain_seconds=0)

    stopped.parent.terminate()
    orphaned.parent.kill()

    assert stopped.parent.wait(DEADLINE_SECONDS) == 0
    stopped.wait_for_log("worker 0 did not leave in time and is killed")
    orphaned.wait_until_empty()


def test_a_worker_that_cannot_start_three_times_ends_all_with_status_1(open_house: Open) -> None:
    house = open_house(habit="cannot start")

    assert house.parent.wait(DEADLINE_SECONDS) == 1
    assert len(house.pids("worker")) == 3
    house.wait_for_log("worker 0 failed to start 3 times in a row; stopping all")
    assert house.pids("background", "left") == house.pids("background")


def test_restarts_wait_twice_as_long_each_time_until_a_child_has_settled() -> None:
    waits = list(accumulate([1.0] * 8, backoff_seconds, initial=0.0))

    assert waits[1:] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert backoff_seconds(previous=5.0, lived=30.0) == 0.1


def test_bind_waits_while_the_port_is_still_held(caplog: pytest.LogCaptureFixture) -> None:
    bound: list[socket.socket] = []
    predecessor = bind("127.0.0.1", 0, patience_seconds=0)
    port = predecessor.getsockname()[1]
    waiting = threading.Thread(target=lambda: bound.append(bind("127.0.0.1", port, 10)))

    waiting.start()
    wait_until(lambda: f"127.0.0.1:{port} is in use" in caplog.text, "bind to notice")
    predecessor.close()
    waiting.join(DEADLINE_SECONDS)

    with bound[0] as listener:
        assert listener.getsockname()[1] == port


def test_bind_gives_up_when_its_patience_ends() -> None:
    with bind("127.0.0.1", 0, 0) as held, pytest.raises(OSError, match="Address already in use"):
        bind("127.0.0.1", held.getsockname()[1], patience_seconds=0.2)
