"""A caller of the bare ASGI application, who may hang up, and what such a call came to."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from domain.wallet import Wallet

HEAD = 1
"""The message before the first part of the body."""


@dataclass
class Caller:
    """An ASGI server's side of one exchange; it hangs up after so many parts of the answer."""

    body: bytes
    leaves_after: int | None = None
    deaf: bool = False
    """Whether sending to who has gone fails, as it does in some servers."""
    settled: Callable[[], int] = lambda: 0
    """How often the ledger has been asked to settle by now."""
    messages: list[Any] = field(default_factory=list)
    unsettled: int = 0
    """How many messages were sent before."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: bool = False

    async def receive(self) -> Any:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self.gone.is_set():
            if self.deaf:
                raise OSError("The client has gone.")
            return
        self.messages.append(message)
        self.unsettled += not self.settled()
        if self.leaves_after is not None and len(self.messages) >= HEAD + self.leaves_after:
            self.gone.set()


@dataclass(frozen=True)
class Shown:
    """What came of a call: the answer, and what the ledger appended."""

    messages: list[Any]
    unsettled: int
    """How many of the messages were sent before the call was settled."""
    events: list[tuple[str, bytes]]
    """Topics and states, as they are stored."""
    wallet: Callable[[], Wallet]
    settled: int
    """How often the ledger was asked to settle."""
    sent: int
    """How many requests went upstream."""
    leaked: int
    """How many of their answers were never let go of."""

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[HEAD:])

    @property
    def early(self) -> bytes:
        """What of the body was sent before the call was settled."""
        return b"".join(message["body"] for message in self.messages[HEAD : self.unsettled])

    @property
    def parts(self) -> int:
        """Into how many parts the body was cut."""
        return len(self.messages) - HEAD

    def named(self, topic: str) -> list[Any]:
        """The facts of one kind, whatever their version."""
        return [json.loads(state) for name, state in self.events if name.startswith(f"{topic}.")]

    def same_as(self, other: "Shown") -> bool:
        """Whether neither the caller nor the ledger could tell one from the other."""
        mine, theirs = (
            (shown.status, shown.headers, shown.body, shown.events, shown.sent, shown.leaked)
            for shown in (self, other)
        )
        return mine == theirs
