"""The words of one call as they are gathered: as they went upstream, and as they came back."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

BYTES_MAX: Final = 1024 * 1024
"""So much of a prompt is kept, and so much of an answer."""


@dataclass(slots=True)
class Content:
    """What is kept of a call whose customer wants that."""

    request_id: UUID
    customer_id: UUID
    prompt: bytes = b""
    answer: bytearray = field(default_factory=bytearray)
    cut: bool = False

    def ask(self, prompt: bytes) -> None:
        """Take the prompt as it goes upstream, in the caller's protocol."""
        self.prompt = prompt[:BYTES_MAX]
        self.cut = len(prompt) > BYTES_MAX

    def take(self, data: bytes) -> None:
        """Take the next bytes of the answer, before anything is restored in them."""
        room = BYTES_MAX - len(self.answer)
        self.answer += data[:room]
        self.cut |= len(data) > room

    @property
    def size(self) -> int:
        """Bytes that it takes up."""
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True, slots=True)
class KeptContent:
    """What was kept of a call."""

    kept_at: datetime
    prompt: bytes
    answer: bytes
    cut: bool
