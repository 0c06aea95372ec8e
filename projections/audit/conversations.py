"""Conversations: a call joins one of its own customer's, and an archived one only loses texts."""

from domain.conversation import Archived, Changed, Label, Started, label_of
from domain.inference_request import Reserved
from projections.audit.findings import Findings, judge
from projections.events import Event

RULE = "conversations"


class ConversationAudit:
    """Follows whose each conversation is, what it is called, and which of them are archived."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._owners: dict[str, str] = {}
        self._labels: dict[str, Label] = {}
        self._archived: set[str] = set()

    def take(self, event: Event) -> None:
        """Judge one event, if it concerns a conversation, and follow it."""
        if event.topic == Reserved.TOPIC:
            if event.fields["conversation_id"] is not None:
                self._join(event, event.fields["conversation_id"])
        elif event.topic == Started.TOPIC:
            self._owners[event.originator_id] = event.fields["customer_id"]
            self._labels[event.originator_id] = label_of(event.fields)
        elif event.topic == Changed.TOPIC:
            self._change(event)
        elif event.topic == Archived.TOPIC:
            self._started(event)
            self._check_active(event, event.originator_id)
            self._archived.add(event.originator_id)

    def _join(self, event: Event, conversation_id: str) -> None:
        own = self._owners.get(conversation_id) == event.fields["customer_id"]
        judge(self._findings, event)(own, RULE, "joins a conversation that is not its customer's")
        self._check_active(event, conversation_id)

    def _change(self, event: Event) -> None:
        label = label_of(event.fields)
        if not self._started(event).loses_texts(label):
            self._check_active(event, event.originator_id)
        self._labels[event.originator_id] = label

    def _started(self, event: Event) -> Label:
        """Give what it is called; its beginning may be missing, or unreadable."""
        label = self._labels.get(event.originator_id)
        judge(self._findings, event)(label is not None, RULE, "was never started")
        return label or Label()

    def _check_active(self, event: Event, conversation_id: str) -> None:
        active = conversation_id not in self._archived
        judge(self._findings, event)(active, RULE, "comes after the conversation was archived")
