"""The audit of conversations: whatever a ledger would never have written is found."""

from typing import Any

import pytest

from domain.change_conversation import archive_conversation, change_conversation
from projections.audit.conversations import RULE
from tests.projections.audited import audited, log_of
from tests.projections.history import History

ACTOR = "key"


@pytest.fixture
def log() -> list[Any]:
    """Two customers with a conversation and a call in it each; the second one is archived."""
    told = History(customers=2)
    for who in told.everyone:
        told.who = who
        told.grant(1_000)
        known = told.talks.join(told, "start")
        assert known is not None
        told.do(change_conversation(who.customer_id, known, {"model": "n"}, actor=ACTOR))
        told.release(told.reserve(conversation_id=known))
        told.release(told.reserve())
    told.do(archive_conversation(told.who.customer_id, known, actor=ACTOR))
    return log_of(told)


def found(log: list[Any]) -> list[tuple[str, str]]:
    violations, _ = audited(log)
    return [(one.check, one.message) for one in violations if one.check == RULE]


def places(log: list[Any], topic: str) -> list[int]:
    return [place for place, event in enumerate(log) if event[1].startswith(topic)]


def test_what_is_true_passes(log: list[Any]) -> None:
    assert found(log) == []


@pytest.mark.parametrize("unknown", [True, False])
def test_a_call_that_joins_what_is_not_its_customers(log: list[Any], unknown: bool) -> None:
    mine, _, theirs, _ = places(log, "inference_request.reserved")
    joined = log[mine][3]["conversation_id"]
    log[theirs][3]["conversation_id"] = "0" * 32 if unknown else joined

    assert found(log) == [(RULE, "joins a conversation that is not its customer's")]


def test_what_comes_after_the_archiving(log: list[Any]) -> None:
    (archived,) = places(log, "conversation.archived")
    log.insert(places(log, "conversation.started")[1] + 1, log.pop(archived))

    assert found(log) == [(RULE, "comes after the conversation was archived")] * 2


@pytest.mark.parametrize("kept", [True, False])
def test_what_is_archived_gets_no_other_text(log: list[Any], kept: bool) -> None:
    *_, changed = places(log, "conversation.changed")
    (archived,) = places(log, "conversation.archived")
    label = {"title_id": "t2", "title_hash": "other", "metadata_id": None, "metadata_hash": None}
    taken = {**label, "title_id": None, "title_hash": None}
    log[changed][3].update(label)
    again = log[changed][3] | (taken if kept else {**label, "title_id": "t3"})
    log.append([log[archived][0] + 1, log[changed][1], log[changed][2], again, *log[changed][4:]])

    late = [(RULE, "comes after the conversation was archived")]
    assert found(log) == ([] if kept else late)


@pytest.mark.parametrize("unreadable", [True, False])
def test_what_was_never_started(log: list[Any], unreadable: bool) -> None:
    *_, started = places(log, "conversation.started")
    if unreadable:
        del log[started][3]["title_id"]
    else:
        del log[started]

    stray = (RULE, "joins a conversation that is not its customer's")
    assert found(log) == [(RULE, "was never started"), stray]


def test_what_is_archived_without_ever_having_been_started(log: list[Any]) -> None:
    del log[places(log, "conversation.changed")[-1]]
    del log[places(log, "conversation.started")[-1]]

    stray = (RULE, "joins a conversation that is not its customer's")
    assert found(log) == [stray, (RULE, "was never started")]


def test_what_is_archived_twice(log: list[Any]) -> None:
    log.append([log[-1][0] + 1, *log[-1][1:]])

    assert found(log) == [(RULE, "comes after the conversation was archived")]
