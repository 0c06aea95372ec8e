"""A customer's https server on a real socket, that does as it is told."""

import base64
import hashlib
import hmac
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme

HOST = "hooks.example.com"


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with the planned statuses, then with 204."""

    port: int = 0
    received: list[Received] = field(default_factory=list[Received])
    plan: list[int] = field(default_factory=list[int])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    stall_seconds: float = 0.0
    endless: bool = False
    resolved: list[str] = field(default_factory=list[str])
    arrived: threading.Event = field(default_factory=threading.Event)
    trusted: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/hook?a=b"

    async def resolve(self, host: str, port: int) -> list[str]:
        """Find every name at this server."""
        self.resolved.append(host)
        return ["127.0.0.1"]


@contextmanager
def receiver(certified_for: str = HOST) -> Iterator[Receiver]:
    """Run a receiver with a certificate of its own authority, which only `trusted` knows."""
    authority = trustme.CA()
    told = Receiver()
    authority.configure_trust(told.trusted)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    server.daemon_threads = True
    told.port = server.server_address[1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(certified_for).configure_cert(context)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(told: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            self.request.settimeout(10)
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            sent = {name.lower(): value for name, value in self.headers.items()}
            told.received.append(Received(self.path, sent, body))
            told.arrived.set()
            time.sleep(told.stall_seconds)
            status = told.plan.pop(0) if told.plan else 204
            self.send_response(status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            while told.endless:
                self.wfile.write(b"x" * 65_536)

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ssl.SSLError):
                return

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def silent_server() -> Iterator[int]:
    """Accept connections and say nothing; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def is_genuine(message: Received, secret: str, *, now: float | None = None) -> bool:
    """Verify a message as the README tells a customer to."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    webhook_id, stamp = message.headers["webhook-id"], message.headers["webhook-timestamp"]
    if abs((now or time.time()) - int(stamp)) > 300:
        return False
    signed = f"{webhook_id}.{stamp}.".encode() + message.body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    given = message.headers["webhook-signature"].split(" ")
    return any(hmac.compare_digest(f"v1,{expected}", one) for one in given)
