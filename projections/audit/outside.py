"""What is kept outside the database, beside what is in it: published heads and the log's copy."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

from domain.leaf import Stored
from domain.tree_head import TreeHead
from projections.audit.findings import Finding, Findings

T = TypeVar("T")

CHECK: Final = "seal"
SLACK: Final = timedelta(minutes=2)
"""How long after it was signed a head may still be on its way out."""

Row = tuple[int, str, str, bytes, int]
"""Position, topic, originator in hex, state and version, as `WholeLog` reads them."""
SaltedEvent = tuple[bytes, Stored]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an audit can hold against the database; each part may be missing.

    Reading `heads` and `log`, both in order, may raise OSError or ValueError.
    """

    signed: Callable[[TreeHead], bool] | None = None
    """Tells whether a trusted key signed a head."""
    heads: Iterable[TreeHead] | None = None
    log: Iterable[SaltedEvent] | None = None
    copied_to: int = 0
    """The position up to which `log` has to be whole."""
    slack: timedelta = SLACK


def stored(row: Row) -> Stored:
    """Give an event as its leaf has it."""
    position, topic, originator_id, state, version = row
    return position, bytes.fromhex(originator_id), version, topic, state


class Outside:
    """Follows the evidence along with the log."""

    def __init__(self, findings: Findings, evidence: Evidence) -> None:
        self._findings = findings
        self._evidence = evidence
        self._readable = True
        self._heads = _Source(evidence.heads or (), lambda head: head.position, self._cannot)
        self._log = _Source(evidence.log or (), lambda pair: pair[1][0], self._cannot)
        self.now = datetime.min.replace(tzinfo=UTC)

    def check_heads(self, inside: Sequence[TreeHead], upto: int) -> list[TreeHead]:
        """Compare the next heads of both sides; gives all whose roots are worth a look."""
        known = {head.tree_size: head for head in inside}
        outside = {head.tree_size: head for head in self._heads.upto(upto)}
        odd = [head for size, head in outside.items() if known.get(size) != head]
        for head in odd:
            self.say(head.position, f"{_name(head)} was published and is not in the database")
        for head in inside:
            if head.tree_size not in outside and self._should_be_out(head):
                self.say(head.position, f"{_name(head)} is not among the published ones")
        return [head for head in (*inside, *odd) if self._is_signed(head)]

    def compare(self, events: Mapping[int, Row], salts: Mapping[int, bytes], upto: int) -> None:
        """Compare the next events with their copies."""
        copied: set[int] = set()
        for salt, event in self._log.upto(upto):
            copied.add(event[0])
            row = events.get(event[0])
            if row is None:
                self.say(event[0], "is in the copy outside and not in the log")
            elif stored(row) != event:
                self.say(event[0], "is not what the copy outside has", row)
            elif salts.get(event[0], salt) != salt:
                self.say(event[0], "has another salt in the copy outside", row)
        if self._evidence.log is None or not self._readable:
            return
        for position in salts:
            if position <= self._evidence.copied_to and position not in copied:
                self.say(position, "was sealed and is not in the copy outside")

    def finish(self) -> None:
        """Tell what is outside beyond all that the database has."""
        self.check_heads((), _END)
        self.compare({}, {}, _END)

    def say(self, position: int, message: str, row: Row | None = None) -> None:
        """Note a finding, with the event if there is one."""
        topic, originator_id = (row[1], row[2]) if row else ("", "")
        self._findings.note(Finding(CHECK, position, topic, originator_id, message))

    def _is_signed(self, head: TreeHead) -> bool:
        signed = self._evidence.signed is None or self._evidence.signed(head)
        if not signed:
            self.say(head.position, f"{_name(head)} is not signed by a trusted key")
        return signed

    def _should_be_out(self, head: TreeHead) -> bool:
        given = self._evidence.heads is not None and self._readable
        return given and datetime.fromisoformat(head.timestamp) + self._evidence.slack < self.now

    def _cannot(self, error: Exception) -> None:
        self._readable = False
        self.say(0, f"what is kept outside cannot be read: {error}")


class _Source(Generic[T]):
    """Items in the order of their positions, taken a stretch at a time."""

    def __init__(
        self,
        items: Iterable[T],
        position_of: Callable[[T], int],
        failed: Callable[[Exception], None],
    ) -> None:
        self._items = self._safely(items, failed)
        self._position_of = position_of
        self._next = next(self._items, None)

    def upto(self, position: int) -> Iterator[T]:
        while self._next is not None and self._position_of(self._next) <= position:
            item, self._next = self._next, next(self._items, None)
            yield item

    def _safely(self, items: Iterable[T], failed: Callable[[Exception], None]) -> Iterator[T]:
        try:
            yield from items
        except (OSError, ValueError) as error:
            failed(error)


def _name(head: TreeHead) -> str:
    return f"the head of {head.tree_size} events"


_END: Final = 2**63
