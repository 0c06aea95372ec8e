"""Which conversations are due to be forgotten, by what their customers said last."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.change_call_policy import change_context
from domain.change_conversation import (
    archive_conversation,
    change_conversation,
    start_conversation,
)
from domain.conversation import Label
from projections.forgettable import NEEDED, Forgettable, forgettable
from projections.read_conversations import METADATA, TITLE
from tests.projections.history import History, follow, owner, rows
from tests.projections.looking import ask

DAYS = 10


class Memory(History):
    """A customer that remembers for ten days; `ago` is how long ago things happen, in days."""

    def __init__(self, **more: Any) -> None:
        super().__init__(customers=1, now=datetime.now(UTC) - timedelta(days=40), **more)
        self.remember(DAYS)

    def remember(self, days: int | None) -> None:
        fields = {"memory_days": days}
        self.do(change_context(self.who.customer_id, fields, actor="key"))

    def ago(self, days: float) -> None:
        then = datetime.now(UTC) - timedelta(days=days)
        self.tick(seconds=int((then - self.now).total_seconds()))

    def talk(self) -> UUID:
        conversation_id = self.mint()
        label = Label(self.mint().hex, "hash", self.mint().hex, "hash", None)
        who = self.who.customer_id
        self.do(start_conversation(who, conversation_id, label, actor="key"))
        return conversation_id

    def archive(self, conversation_id: UUID) -> None:
        self.do(archive_conversation(self.who.customer_id, conversation_id, actor="key"))


def due(url: str, history: History, **how: Any) -> list[Forgettable]:
    history.store(url)
    follow(url, NEEDED)
    return ask(url, lambda conn: forgettable(conn, **how))


def test_what_nobody_has_used_for_so_long_is_due_the_longest_unused_first(
    database_url: str,
) -> None:
    history = Memory()
    history.ago(30)
    oldest, used, changed, older = (history.talk() for _ in range(4))
    history.ago(20)
    history.do(change_conversation(history.who.customer_id, older, {"model": "m"}, actor="key"))
    history.ago(9)
    history.reserve(conversation_id=used, policy_version=1)
    history.do(change_conversation(history.who.customer_id, changed, {"model": "m"}, actor="key"))
    history.talk()

    found = due(database_url, history)

    assert [(one.customer_id, one.conversation_id, one.memory_days) for one in found] == [
        (history.who.customer_id, conversation_id, DAYS) for conversation_id in (oldest, older)
    ]
    assert [kind for _, kind in found[0].texts] == [TITLE, METADATA]
    assert due(database_url, history, limit=1) == found[:1]


def test_without_a_memory_of_its_own_a_customer_remembers_for_ever(database_url: str) -> None:
    history = Memory()
    history.talk()
    history.remember(None)
    history.who = history.join()
    history.talk()

    assert due(database_url, history) == []
    assert rows(database_url, "SELECT memory_days FROM read.memories") == [(None,)]


def test_what_is_archived_is_due_while_it_has_a_text(database_url: str) -> None:
    history = Memory()
    conversation_id = history.talk()
    history.archive(conversation_id)
    before = due(database_url, history)

    with owner(database_url) as conn:
        insert = (
            "INSERT INTO erasable_texts (subject_id, kind, salt, body)"
            " SELECT title_id, %s, '', 'words' FROM read.conversations"
        )
        conn.execute(insert.encode(), ("another_kind",))
        still = due(database_url, history)
        conn.execute(insert.encode(), (TITLE,))
    after = due(database_url, history)

    assert (before, still) == ([], [])
    assert [one.conversation_id for one in after] == [conversation_id]


@pytest.mark.parametrize(("days", "count"), [(31, 0), (29, 1)])
def test_what_was_said_last_counts(database_url: str, days: int, count: int) -> None:
    history = Memory()
    history.ago(30)
    history.talk()
    history.remember(days)

    assert len(due(database_url, history)) == count


def test_a_text_that_is_not_there_is_not_named() -> None:
    one = UUID(int=1)

    assert Forgettable(one, one, 1, None, one).texts == [(one, METADATA)]
    assert Forgettable(one, one, 1, one, None).texts == [(one, TITLE)]
