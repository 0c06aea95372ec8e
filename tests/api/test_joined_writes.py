"""What is written in one turn of the loop leaves in one piece, and in its order."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
import uvloop

from api.exchange import Exchange, Receive, Scope, Send
from api.joined_writes import FLUSH_BYTES, JoinedWrites, JoiningProtocol

LARGE = b"x" * (3 * FLUSH_BYTES)
HEADERS = [(b"x-test", b"1")]


class Wire:
    """A transport that keeps each write."""

    def __init__(self) -> None:
        self.said: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.said.append(data)

    def is_closing(self) -> bool:
        return "closed" in self.said

    def close(self) -> None:
        self.said.append("closed")

    def abort(self) -> None:
        self.said.append("aborted")


def written(work: Callable[[JoinedWrites], None]) -> list[bytes | str]:
    """What reaches the wire, of what is done in one turn."""
    wire: Any = Wire()

    async def story() -> None:
        work(JoinedWrites(wire, asyncio.get_running_loop()))
        wire.said.append("turn")
        await asyncio.sleep(0)

    asyncio.run(story())
    return wire.said


def test_the_writes_of_one_turn_leave_as_one() -> None:
    def work(transport: JoinedWrites) -> None:
        transport.write(b"head")
        transport.write(bytearray(b"body"))

    assert written(work) == ["turn", b"headbody"]


def test_what_is_large_is_not_held_back() -> None:
    def work(transport: JoinedWrites) -> None:
        transport.write(b"head")
        transport.write(LARGE)
        transport.write(b"tail")

    assert written(work) == [b"head" + LARGE, "turn", b"tail"]


def test_closing_sends_what_is_held() -> None:
    def work(transport: JoinedWrites) -> None:
        transport.write(b"last")
        transport.close()

    assert written(work) == [b"last", "closed", "turn"]


def test_nothing_is_written_to_who_hung_up_meanwhile() -> None:
    def work(transport: JoinedWrites) -> None:
        transport.write(b"late")
        transport._transport.close()

    assert written(work) == ["closed", "turn"]


def test_aborting_sends_nothing_more() -> None:
    def work(transport: JoinedWrites) -> None:
        transport.write(b"lost")
        transport.abort()

    assert written(work) == ["aborted", "turn"]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers whole, or in pieces a turn apart."""
    exchange = Exchange(scope, receive, send)
    if exchange.path == "/whole":
        await exchange.answer(200, HEADERS, b"body")
        return
    await exchange.start(200, HEADERS)
    for piece in (b"one", b"two", LARGE):
        await exchange.send(piece)
        await asyncio.sleep(0.02)
    await exchange.send(b"", last=True)


def asked(path: str, *more: str) -> list[bytes]:
    """The pieces in which a real server's answer arrives, until it closes the connection."""
    pieces: list[bytes] = []

    async def story() -> None:
        config = uvicorn.Config(
            application, loop="none", http=JoiningProtocol, lifespan="off", log_config=None
        )
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        lines = [f"GET {path} HTTP/1.1", "host: x", "connection: close", *more, "", ""]
        writer.write("\r\n".join(lines).encode())
        while piece := await reader.read(10 * FLUSH_BYTES):
            pieces.append(piece)
        writer.close()
        server.should_exit = True
        await serving

    uvloop.run(asyncio.wait_for(story(), 20))
    return pieces


def test_head_and_body_of_a_real_answer_arrive_together() -> None:
    (piece,) = asked("/whole")

    assert piece.startswith(b"HTTP/1.1 200 OK\r\n")
    assert piece.endswith(b"\r\n\r\nbody")


def test_the_pieces_of_a_stream_arrive_when_they_are_sent_and_whole() -> None:
    pieces = asked("/stream")

    body = b"".join(pieces).partition(b"\r\n\r\n")[2]
    size = f"{len(LARGE):x}".encode()
    assert body == b"3\r\none\r\n3\r\ntwo\r\n%s\r\n%s\r\n0\r\n\r\n" % (size, LARGE)
    assert pieces[0].endswith(b"one\r\n")
    assert pieces[1] == b"3\r\ntwo\r\n"
