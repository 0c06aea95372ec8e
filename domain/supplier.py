"""A supplier as the books see it: which report speaks for which day, and what was resolved."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Self
from uuid import UUID

from domain import ids
from domain.aggregate import Fact, FirstFact, Recorded
from domain.moment import Moment

Figures = dict[str, int]
"""Tokens by class and `amount` in nanos, as far as they are known."""


class Registered(FirstFact):
    """The supplier has books with us; `provider` is its name in the catalogue."""

    TOPIC = "supplier.registered.1"
    provider: str
    actor: str


class Covered(Fact):
    """From now on this report speaks for these days, in figures of this kind."""

    TOPIC = "supplier.covered.1"
    report_id: str
    kind: str
    days: list[str]
    actor: str


class Superseded(Fact):
    """An older report no longer speaks for these days: `by` does."""

    TOPIC = "supplier.superseded.1"
    report_id: str
    by: str
    kind: str
    days: list[str]
    actor: str


class Resolved(Fact):
    """An operator accepts a difference as it stands; with other figures it is open again."""

    TOPIC = "supplier.resolved.1"
    resolution_id: str
    day: str
    model: str
    credential: str
    state: str
    reason: str
    note_hash: str | None
    ours: Figures
    theirs: Figures
    actor: str


class Supplier(Recorded):
    """One provider of the catalogue, and its days."""

    TOPIC = "supplier"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.provider = ""
        self.covered: dict[str, dict[str, str]] = {}
        """Report ids by kind and day."""
        self.resolved: dict[str, list[Figures]] = {}
        """The figures that were accepted last, by key."""

    @staticmethod
    def id_of(shard: int, provider: str) -> UUID:
        """Find the one supplier of a name."""
        return ids.named(shard, "supplier", provider)

    @classmethod
    def register(cls, at: Moment, shard: int, provider: str, *, actor: str) -> Self:
        """Open its books."""
        supplier_id = cls.id_of(shard, provider)
        return cls.begin(Registered, at, supplier_id, provider=provider, actor=actor)

    def cover(
        self, at: Moment, report_id: str, kind: str, days: Sequence[str], *, actor: str
    ) -> None:
        """Let a report speak for its days, and say of which older ones it takes over."""
        for older, theirs in self.overlapping(kind, days).items():
            self.record(
                Superseded,
                at,
                report_id=older,
                by=report_id,
                kind=kind,
                days=theirs,
                actor=actor,
            )
        self.record(Covered, at, report_id=report_id, kind=kind, days=list(days), actor=actor)

    def overlapping(self, kind: str, days: Iterable[str]) -> dict[str, list[str]]:
        """List the reports that speak for some of these days now, with those days."""
        covered = self.covered.get(kind, {})
        found: dict[str, list[str]] = {}
        for day in days:
            if day in covered:
                found.setdefault(covered[day], []).append(day)
        return found

    def accepted(self, key: str) -> list[Figures] | None:
        """Give our and their figures that were accepted last, or None."""
        return self.resolved.get(key)

    def resolve(
        self,
        at: Moment,
        resolution_id: str,
        *,
        key: tuple[str, str, str],
        state: str,
        reason: str,
        note_hash: str | None,
        ours: Mapping[str, int],
        theirs: Mapping[str, int],
        actor: str,
    ) -> None:
        """Accept the figures of a day, model and credential as they are."""
        day, model, credential = key
        self.record(
            Resolved,
            at,
            resolution_id=resolution_id,
            day=day,
            model=model,
            credential=credential,
            state=state,
            reason=reason,
            note_hash=note_hash,
            ours=dict(ours),
            theirs=dict(theirs),
            actor=actor,
        )

    def when_registered(self, fact: Registered) -> None:
        """Begin with no day covered."""
        self.provider = fact.provider

    def when_covered(self, fact: Covered) -> None:
        """Remember whose days they are."""
        self.covered.setdefault(fact.kind, {}).update(dict.fromkeys(fact.days, fact.report_id))

    def when_superseded(self, fact: Superseded) -> None:
        """Change nothing: what takes the days over is said next."""

    def when_resolved(self, fact: Resolved) -> None:
        """Remember what was accepted."""
        self.resolved[key_of(fact.day, fact.model, fact.credential)] = [fact.ours, fact.theirs]


def key_of(day: str, model: str, credential: str) -> str:
    """Write a key of the matching; neither part can hold a space."""
    return f"{day} {model} {credential}"
