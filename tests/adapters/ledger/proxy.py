"""A proxy before PostgreSQL that understands enough of its protocol to fail exactly at a COMMIT."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

TIMEOUT_SECONDS = 15.0


class Proxy:
    """Stands between a client and the server of a DSN; each fault happens once, at a COMMIT.

    `reached` is set when the fault has happened, or when a held COMMIT has arrived.
    """

    def __init__(self, server_url: str) -> None:
        self._server = conninfo_to_dict(server_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._links: list[_Link] = []
        self._away = False
        self._before: Callable[[_Link], bool] | None = None
        self._after: Callable[[_Link], bool] | None = None
        self.reached = threading.Event()
        self._resume = threading.Event()
        self.url = make_conninfo(
            server_url,
            host="127.0.0.1",
            port=self._listener.getsockname()[1],
            sslmode="disable",
            gssencmode="disable",
        )
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._resume.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(TIMEOUT_SECONDS)
        for link in self._links:
            link.cut()
            link.join()

    def cut_before_commit(self) -> None:
        """Lose the connection before the next COMMIT reaches the server."""
        self.reached.clear()
        self._before = _Link.cut

    def cut_after_commit(self) -> None:
        """Lose the connection after the server has committed, before it can say so."""
        self.reached.clear()
        self._after = _Link.cut

    def delay_commit(self) -> None:
        """Lose the connection for the client only; its next COMMIT arrives after `let_go`."""
        self.reached.clear()
        self._resume.clear()
        self._before = lambda link: link.desert() and self._resume.wait(TIMEOUT_SECONDS)

    def hold_commit(self) -> None:
        """Keep the next COMMIT back until `let_go`."""
        self.reached.clear()
        self._resume.clear()
        self._before = lambda link: self._resume.wait(TIMEOUT_SECONDS)

    def let_go(self) -> None:
        """Pass the held COMMIT on."""
        self._resume.set()

    def go_away(self) -> None:
        """Lose every connection and take no other."""
        self._away = True
        for link in self._links:
            link.cut()

    def away_from_then_on(self) -> None:
        """Take no connection beside those there are: lost is lost."""
        self._away = True

    def come_back(self) -> None:
        """Take connections again."""
        self._away = False

    def at_commit(self, link: "_Link", *, done: bool) -> bool:
        """Do the planned fault, if there is one; whether the message goes on."""
        fault = self._after if done else self._before
        if fault is None:
            return True
        self._before = self._after = None
        self.reached.set()
        return fault(link)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._away:
                client.close()
                continue
            try:
                server = self._connect()
            except OSError:
                client.close()
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._links.append(_Link(self, client, server))

    def _connect(self) -> socket.socket:
        host, port = str(self._server["host"]), self._server.get("port") or 5432
        if not host.startswith("/"):
            return socket.create_connection((host, int(port)))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server


class _Link:
    """One client's connection, pumped both ways, message by message."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._commits: set[bytes] = set()
        self._pumps = [
            threading.Thread(target=self._pump, args=(pump,), daemon=True)
            for pump in (self._upwards, self._downwards)
        ]
        for pump in self._pumps:
            pump.start()

    def cut(self) -> bool:
        """Lose the connection, for both sides."""
        for side in (self._client, self._server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
        return False

    def desert(self) -> bool:
        """Lose the connection for the client; what it has sent is still on its way."""
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)
        return True

    def join(self) -> None:
        for pump in self._pumps:
            pump.join(TIMEOUT_SECONDS)
        self._client.close()
        self._server.close()

    def _pump(self, pump: Callable[[], None]) -> None:
        with suppress(OSError, EOFError):
            pump()
        self.cut()

    def _upwards(self) -> None:
        with self._client.makefile("rb") as client:
            self._server.sendall(_message(client, b""))
            while True:
                kind = _exactly(client, 1)
                message = _message(client, kind)
                commits = self._commits_with(kind, message[5:])
                if commits and not self._proxy.at_commit(self, done=False):
                    return
                self._server.sendall(message)

    def _downwards(self) -> None:
        with self._server.makefile("rb") as server:
            while True:
                kind = _exactly(server, 1)
                message = _message(server, kind)
                committed = kind == b"C" and message[5:] == b"COMMIT\0"
                if committed and not self._proxy.at_commit(self, done=True):
                    return
                self._client.sendall(message)

    def _commits_with(self, kind: bytes, body: bytes) -> bool:
        """Whether a client's message brings a COMMIT: said, prepared, or prepared earlier."""
        if kind == b"Q":
            return body == b"COMMIT\0"
        if kind == b"P":
            name, query, _ = body.split(b"\0", 2)
            (self._commits.add if query == b"COMMIT" else self._commits.discard)(name)
            return query == b"COMMIT"
        return kind == b"B" and body.split(b"\0", 2)[1] in self._commits


def _exactly(file: BufferedReader, size: int) -> bytes:
    read = file.read(size)
    if len(read) < size:
        raise EOFError
    return read


def _message(file: BufferedReader, kind: bytes) -> bytes:
    size = _exactly(file, 4)
    return kind + size + _exactly(file, struct.unpack("!I", size)[0] - 4)
