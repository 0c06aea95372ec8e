"""A customer's conversation: what its calls are grouped by; what it is called is erasable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from domain.aggregate import Fact, FirstFact, Recorded
from domain.errors import ConflictError, NotFoundError
from domain.moment import Moment

ACTIVE, ARCHIVED = "active", "archived"
STATUSES: Final = (ACTIVE, ARCHIVED)


class ConversationArchivedError(ConflictError):
    """It was archived: its texts can still be taken away, else nothing, and no call joins it."""

    code = "conversation_archived"

    def __init__(self) -> None:
        super().__init__("The conversation is archived.")


@dataclass(frozen=True, slots=True)
class Label:
    """What a conversation is called; each text is erasable and has an id of its own."""

    title_id: str | None = None
    title_hash: str | None = None
    metadata_id: str | None = None
    metadata_hash: str | None = None
    model: str | None = None
    """The model that it is meant for; calls may name any."""

    def facts(self) -> dict[str, str | None]:
        """Give the fields as a fact holds them."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def texts(self) -> frozenset[str]:
        """Name its erasable texts."""
        return frozenset(filter(None, (self.title_id, self.metadata_id)))

    def loses_texts(self, after: "Label") -> bool:
        """Tell whether it becomes `after` by nothing but losing texts."""
        before, left = self.facts(), after.facts()
        return left.pop("model") == before.pop("model") and all(
            text in {None, before[name]} for name, text in left.items()
        )


def label_of(facts: Mapping[str, Any]) -> Label:
    """Read what `facts` gave."""
    return Label(**{name: facts[name] for name in Label.__slots__})


class Started(FirstFact):
    """The conversation exists; its title and its custom metadata are erasable texts."""

    TOPIC = "conversation.started.1"
    customer_id: str
    title_id: str | None
    title_hash: str | None
    metadata_id: str | None
    metadata_hash: str | None
    model: str | None
    actor: str


class Changed(Fact):
    """What it is called from now on, as a whole."""

    TOPIC = "conversation.changed.1"
    title_id: str | None
    title_hash: str | None
    metadata_id: str | None
    metadata_hash: str | None
    model: str | None
    actor: str


class Archived(Fact):
    """No call joins it any more; what its calls came to stays."""

    TOPIC = "conversation.archived.1"
    actor: str


class Conversation(Recorded):
    """One conversation; nothing of what is said in it is here."""

    TOPIC = "conversation"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.customer_id = ""
        self.terms: dict[str, str | None] = {}
        self.archived = False

    @classmethod
    def start(
        cls, at: Moment, conversation_id: UUID, *, customer_id: str, label: Label, actor: str
    ) -> Self:
        """Start one of a customer's."""
        facts = label.facts()
        return cls.begin(
            Started, at, conversation_id, customer_id=customer_id, **facts, actor=actor
        )

    @property
    def label(self) -> Label:
        """What it is called."""
        return label_of(self.terms)

    def check_of(self, customer_id: UUID) -> None:
        """Raise NotFoundError unless it is that customer's: another's is as if it were not."""
        if self.customer_id != customer_id.hex:
            what = "conversation"
            raise NotFoundError(what)

    def check_active(self) -> None:
        """Raise ConversationArchivedError once it was archived."""
        if self.archived:
            raise ConversationArchivedError

    def change(self, at: Moment, label: Label, *, actor: str) -> None:
        """Call it otherwise, if it is otherwise; what is archived can only lose texts."""
        if not self.label.loses_texts(label):
            self.check_active()
        if label != self.label:
            self.record(Changed, at, **label.facts(), actor=actor)

    def archive(self, at: Moment, *, actor: str) -> None:
        """Let no call join it any more; once is enough."""
        if not self.archived:
            self.record(Archived, at, actor=actor)

    def when_started(self, fact: Started) -> None:
        """Take whose it is and what it is called."""
        self.customer_id = fact.customer_id
        self._take(fact)

    def when_changed(self, fact: Changed) -> None:
        """Take the whole label."""
        self._take(fact)

    def when_archived(self, fact: Archived) -> None:
        """Take no more calls."""
        self.archived = True

    def _take(self, fact: Started | Changed) -> None:
        self.terms = {name: getattr(fact, name) for name in Label.__slots__}
