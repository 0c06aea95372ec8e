"""The gateway's processes from outside: who is up, who serves whom, and ending them by force."""

import subprocess
import time
from collections.abc import Callable, Collection

import psutil

from tests.gateway_process import TOLLBOOK, GatewayProcess

DEADLINE_SECONDS = 60.0
SERVING = "Application startup complete."
KILLED = "exit code -9"


def wait_until(condition: Callable[[], bool], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def log_of(gateway: GatewayProcess) -> str:
    return (gateway.data_dir / "gateway.log").read_text()


def wait_for_workers(gateway: GatewayProcess, starts: int) -> None:
    """Wait until workers have come up so many times, since the data directory began."""
    wait_until(lambda: log_of(gateway).count(SERVING) >= starts, f"{starts} workers' starts")


def serving(gateway: GatewayProcess, ports: Collection[int]) -> dict[int, int]:
    """Tell which worker has accepted the connection from each of a caller's ports."""
    return {
        connection.raddr.port: number
        for number, worker in enumerate(gateway.children("worker"))
        for connection in worker.net_connections("tcp")
        if connection.raddr and connection.raddr.port in ports
    }


def is_gone(process: psutil.Process) -> bool:
    """Tell whether it has ended, be it that nobody has collected it yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def kill_parent(gateway: GatewayProcess) -> list[psutil.Process]:
    """Kill the supervisor alone; gives its children, who now have to leave by themselves."""
    assert gateway._process is not None
    children = gateway.children()
    psutil.Process(gateway._process.pid).kill()
    gateway._process.wait(DEADLINE_SECONDS)
    gateway._close()
    return children


def kill_database(gateway: GatewayProcess) -> None:
    """Kill the embedded server with all of its processes."""
    folder = str(gateway.data_dir / "postgres")
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if any("postgres" in part for part in command[:1]) and any(
            part.startswith(folder) for part in command
        ):
            for one in [*process.children(recursive=True), process]:
                one.kill()


def check_verified(gateway: GatewayProcess) -> None:
    """The product's own auditor agrees, beside the running gateway."""
    command = [TOLLBOOK, "verify", "--data-dir", str(gateway.data_dir)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
