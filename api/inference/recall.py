"""What a call does with its customer's kept answers: asks for one, and may leave one."""

from dataclasses import dataclass, field

from adapters.answer_cache.postgres import BYTES_MAX, Kept, Place, PostgresAnswers
from domain.kept_answer import Origin


@dataclass(slots=True)
class Recall:
    """A call whose customer has answers kept; collects its own, as far as it may be kept."""

    answers: PostgresAnswers
    place: Place
    stream: bool
    _parts: list[bytes] = field(default_factory=list[bytes])
    _size: int = 0

    def take(self, data: bytes) -> None:
        """Collect what the provider sent, before anything is restored in it."""
        self._size += len(data)
        if self._size <= BYTES_MAX:
            self._parts.append(data)
        else:
            self._parts.clear()

    def kept(self, origin: Origin, tail: bytes) -> Kept | None:
        """Give what is to be kept; None if it is too long."""
        if self._size + len(tail) > BYTES_MAX:
            return None
        return Kept(origin, b"".join(self._parts), tail)
