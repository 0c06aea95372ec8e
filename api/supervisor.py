"""Keep the workers and one background process running, and stop them in order.

    parent ── listener ──▶ worker 0 … worker N-1
       └───── lifeline ──▶ worker 0 … worker N-1, background

The lifeline is a pipe nobody writes to. Only the parent holds its writing end, so the kernel
closes it however the parent ends, and end-of-file tells every child that it is alone.
"""

import errno
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import FrameType

log = logging.getLogger("tollbook.supervisor")

Command = Callable[[int], Sequence[str]]
"""Told the lifeline's descriptor, which keeps its number in the child, it says what to execute."""

# uvicorn's own status for "the application did not start"; our background process follows it.
START_FAILED = 3
START_ATTEMPTS = 3

# What a child may need beyond the drain to notice the signal and to close its connections.
MARGIN_SECONDS = 5.0

_BACKLOG = 2048
_TICK_SECONDS = 0.1
_BACKOFF_FIRST_SECONDS = 0.1
_BACKOFF_LONGEST_SECONDS = 5.0
_SETTLED_SECONDS = 30.0
_GAVE_UP_WAITING = 70
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def bind(host: str, port: int, patience_seconds: float) -> socket.socket:
    """Listen, waiting for a predecessor that still drains; raises OSError when patience ends."""
    deadline = time.monotonic() + patience_seconds
    waiting = False
    while True:
        try:
            return _listen(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise
        if not waiting:
            log.warning("%s:%d is in use; waiting up to %g s", host, port, patience_seconds)
            waiting = True
        time.sleep(_TICK_SECONDS)


def _listen(host: str, port: int) -> socket.socket:
    # create_server sets SO_REUSEADDR: connections of a predecessor that linger in TIME_WAIT
    # must not keep us from the port.
    ipv6 = ":" in host
    return socket.create_server(
        (host, port),
        family=socket.AF_INET6 if ipv6 else socket.AF_INET,
        backlog=_BACKLOG,
        dualstack_ipv6=ipv6 and socket.has_dualstack_ipv6(),
    )


def watch_parent(lifeline: int, drain_seconds: float) -> None:
    """Make this process send itself SIGTERM once its supervisor is gone, and leave in any case.

    Call it after the SIGTERM handler is in place; raises OSError if the descriptor is not open.
    """
    # Whatever this process starts is not the supervisor's child and has no use for the pipe.
    os.set_inheritable(lifeline, False)
    threading.Thread(
        target=_leave_at_end_of_file,
        args=(lifeline, drain_seconds + MARGIN_SECONDS),
        name="watch-parent",
        daemon=True,
    ).start()


def _leave_at_end_of_file(lifeline: int, patience_seconds: float) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(patience_seconds)
    os._exit(_GAVE_UP_WAITING)


def backoff_seconds(previous: float, lived: float) -> float:
    """Wait this long before a restart: 0.1 s, doubling to 5 s, forgotten after 30 s of life."""
    if lived >= _SETTLED_SECONDS:
        return _BACKOFF_FIRST_SECONDS
    return min(_BACKOFF_LONGEST_SECONDS, max(_BACKOFF_FIRST_SECONDS, 2 * previous))


@dataclass
class _Child:
    """One place to keep filled: its processes come and go, its name and its record stay."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started_at: float = 0.0
    due_at: float = 0.0
    backoff: float = 0.0
    failed_starts: int = 0

    @property
    def cannot_start(self) -> bool:
        return self.failed_starts >= START_ATTEMPTS

    def tend(self, now: float) -> None:
        """Note a death, or fill the place when its wait is over."""
        if self.process is None:
            if now >= self.due_at:
                self._start(now)
        elif (code := self.process.poll()) is not None:
            self._note_death(self.process.pid, code, now)

    def _start(self, now: float) -> None:
        self.started_at = now
        try:
            self.process = self.launch()
        except OSError as error:
            # Short of memory, or an executable being replaced: the others go on serving.
            log.warning("%s could not be launched: %s", self.name, error)
            self._wait_before_restart(now)
            return
        log.info("%s %s: pid %d", self.name, "restarted" if self.starts else "started", self.pid)
        self.starts += 1

    def _note_death(self, pid: int, code: int, now: float) -> None:
        log.warning("%s ended: pid %d, exit code %d", self.name, pid, code)
        self.process = None
        self.failed_starts = self.failed_starts + 1 if code == START_FAILED else 0
        self._wait_before_restart(now)

    def _wait_before_restart(self, now: float) -> None:
        self.backoff = backoff_seconds(self.backoff, now - self.started_at)
        self.due_at = now + self.backoff

    @property
    def pid(self) -> int:
        assert self.process is not None, "an empty place has no pid"
        return self.process.pid

    def tell_to_leave(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def see_off(self, deadline: float) -> None:
        """Wait for the process, then use force."""
        if self.process is None:
            return
        try:
            code = self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("%s did not leave in time and is killed: pid %d", self.name, self.pid)
            self.process.kill()
            code = self.process.wait()
        log.info("%s left: pid %d, exit code %d", self.name, self.pid, code)
        self.process = None


class Supervisor:
    """Owns the listener, the lifeline and the children; one per process, run once.

    A child that ends with exit code 3 says that it could not start.
    """

    def __init__(
        self,
        *,
        workers: int,
        worker_command: Command,
        background_command: Command,
        listener: socket.socket,
        drain_seconds: float,
    ) -> None:
        self._listener = listener
        self._patience = drain_seconds + MARGIN_SECONDS
        self._lifeline, self._lifeline_held = os.pipe()
        self._signal: signal.Signals | None = None
        shared = (listener.fileno(), self._lifeline)
        self._workers = [
            _Child(f"worker {number}", lambda: self._spawn(worker_command, shared))
            for number in range(workers)
        ]
        self._background = _Child(
            "background", lambda: self._spawn(background_command, (self._lifeline,))
        )

    def run(self) -> int:
        """Serve until told to stop (exit status 0) or until a child cannot start (1)."""
        self._listen_for_signals()
        try:
            return self._keep_running()
        finally:
            self._stop()

    def _spawn(self, command: Command, descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in the terminal must reach the parent alone, or the
        # background process would not be the last to leave.
        return subprocess.Popen(
            command(self._lifeline),
            stdin=subprocess.DEVNULL,
            pass_fds=descriptors,
            start_new_session=True,
        )

    def _listen_for_signals(self) -> None:
        for number in _STOP_SIGNALS:
            # An ignored SIGHUP is nohup's doing and the operator's wish.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note_signal)

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        # No lock, no logging: the handler may interrupt either in this same thread.
        self._signal = signal.Signals(number)

    def _keep_running(self) -> int:
        children = [self._background, *self._workers]
        while self._signal is None:
            _tend(children)
            if failed := [child.name for child in children if child.cannot_start]:
                log.error(
                    "%s failed to start %d times in a row; stopping all",
                    ", ".join(failed),
                    START_ATTEMPTS,
                )
                return 1
            time.sleep(_TICK_SECONDS)
        log.info("%s: stopping", self._signal.name)
        return 0

    def _stop(self) -> None:
        # Ignored rather than handled: the interpreter gives handled signals back their deadly
        # default while it shuts down, and a second SIGTERM would then spoil the exit status.
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        # While we hold the listener, new connections would queue for workers that no longer accept.
        self._listener.close()
        _see_off(self._workers, self._patience)
        _see_off([self._background], self._patience)
        os.close(self._lifeline)
        os.close(self._lifeline_held)


def _tend(children: Iterable[_Child]) -> None:
    for child in children:
        child.tend(time.monotonic())


def _see_off(children: Sequence[_Child], patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    for child in children:
        child.tell_to_leave()
    for child in children:
        child.see_off(deadline)
