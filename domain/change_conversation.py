"""Starting, changing and archiving a customer's conversations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from domain.conversation import Conversation, Label
from domain.customer import Customer
from domain.decision import Decision
from domain.find import must_find
from domain.ports import Books


@dataclass(frozen=True, slots=True)
class Due:
    """Why a conversation is to be forgotten: what was known of it when it was looked at."""

    memory_days: int
    texts: frozenset[str]
    """The ids of its erasable texts."""


def start_conversation(
    customer_id: UUID, conversation_id: UUID, label: Label, *, actor: str
) -> Decision[None]:
    """Start a conversation of a customer's."""

    def decide(books: Books) -> None:
        must_find(books, Customer, customer_id, "customer")
        books.add(
            Conversation.start(
                books.at, conversation_id, customer_id=customer_id.hex, label=label, actor=actor
            )
        )

    return Decision((customer_id, conversation_id), decide)


def change_conversation(
    customer_id: UUID, conversation_id: UUID, fields: Mapping[str, Any], *, actor: str
) -> Decision[Label]:
    """Change these fields of `Label` and leave the others; decides the label before."""

    def decide(books: Books) -> Label:
        conversation = own_conversation(books, customer_id, conversation_id)
        before = conversation.label
        conversation.change(books.at, replace(before, **fields), actor=actor)
        return before

    return Decision((conversation_id,), decide)


def archive_conversation(
    customer_id: UUID, conversation_id: UUID, *, actor: str
) -> Decision[Label]:
    """Let no call join it any more; decides what it is called, for whoever erases that too."""

    def decide(books: Books) -> Label:
        conversation = own_conversation(books, customer_id, conversation_id)
        conversation.archive(books.at, actor=actor)
        return conversation.label

    return Decision((conversation_id,), decide)


def forget_conversation(
    customer_id: UUID, conversation_id: UUID, due: Due, *, actor: str
) -> Decision[bool]:
    """Archive what nobody has used for so long; decides whether it is still to be forgotten.

    It is not if its customer remembers for another time by now, or calls it something else.
    """

    def decide(books: Books) -> bool:
        customer = must_find(books, Customer, customer_id, "customer")
        conversation = own_conversation(books, customer_id, conversation_id)
        if (customer.context.memory_days, conversation.label.texts) != (due.memory_days, due.texts):
            return False
        conversation.archive(books.at, actor=actor)
        return True

    return Decision((customer_id, conversation_id), decide)


def own_conversation(books: Books, customer_id: UUID, conversation_id: UUID) -> Conversation:
    """Find a conversation of that customer's, or raise NotFoundError."""
    conversation = must_find(books, Conversation, conversation_id, "conversation")
    conversation.check_of(customer_id)
    return conversation
