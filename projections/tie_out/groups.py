"""Both sides added up by key: each row is in exactly one group."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.money import Nanos
from projections.supplier_calls import ANSWERED
from projections.tie_out.names import Names
from projections.tie_out.sides import CLASSES, Key, Metered, Reported, classes_of


@dataclass(slots=True)
class Ours:
    """What our books have for a key."""

    attempts: Counter[str] = field(default_factory=Counter[str])
    """By outcome."""
    usage: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(CLASSES, 0)))
    cost: Nanos = 0
    unpriced: int = 0
    """Attempts that answered and whose cost nobody knows."""
    crossed: "Ours | None" = None
    """The part of it that ended on another day than it began."""

    @property
    def answered(self) -> int:
        """How many attempts gave output."""
        return sum(self.attempts[outcome] for outcome in ANSWERED)

    @property
    def tokens(self) -> int:
        """All classes together."""
        return sum(self.usage.values())

    @property
    def billable(self) -> bool:
        """Whether a supplier has anything to bill for."""
        return bool(self.answered or self.cost or self.tokens)

    def add(self, row: Metered) -> None:
        """Add a row."""
        self.attempts[row.outcome] += row.attempts
        self.usage.update(classes_of(row.usage))
        self.cost += row.cost
        if row.outcome in ANSWERED and not row.priced:
            self.unpriced += row.attempts
        if row.crossed:
            self.crossed = self.crossed or Ours()
            self.crossed.add(row._replace(crossed=False))

    def figures(self) -> dict[str, int]:
        """Give what a resolution accepts."""
        return {"amount": self.cost, "unpriced": self.unpriced, **self.usage}


@dataclass(slots=True)
class Theirs:
    """What reports have for a key; what no line tells is None."""

    usage: Counter[str] | None = None
    amount: Nanos | None = None
    requests: int | None = None
    components: Counter[str] = field(default_factory=Counter[str])
    """The amount by part of the bill."""
    lines: list[str] = field(default_factory=list[str])

    @property
    def tokens(self) -> int:
        """All classes together."""
        return sum((self.usage or {}).values())

    def add(self, line: Reported) -> None:
        """Add a line."""
        if line.usage is not None:
            self.usage = self.usage or Counter(dict.fromkeys(CLASSES, 0))
            self.usage.update(classes_of(line.usage))
        if line.amount is not None:
            self.amount = (self.amount or 0) + line.amount
            self.components[line.component] += line.amount
        if line.requests is not None:
            self.requests = (self.requests or 0) + line.requests
        self.lines.append(line.reference)

    def figures(self) -> dict[str, int]:
        """Give what a resolution accepts."""
        amount = {} if self.amount is None else {"amount": self.amount}
        return {**amount, **(self.usage or {})}


def group_ours(rows: Iterable[Metered], models: Names) -> dict[Key, Ours]:
    """Add up our rows."""
    found: dict[Key, Ours] = {}
    for row in rows:
        key = Key(row.day, models.ours[row.model], row.credential)
        found.setdefault(key, Ours()).add(row)
    return found


def group_theirs(lines: Iterable[Reported], models: Names, credentials: Names) -> dict[Key, Theirs]:
    """Add up their lines."""
    found: dict[Key, Theirs] = {}
    for line in lines:
        credential = credentials.theirs[line.credential]
        key = Key(line.day, models.theirs[line.model], credential)
        found.setdefault(key, Theirs()).add(line)
    for theirs in found.values():
        theirs.lines.sort()
    return found
