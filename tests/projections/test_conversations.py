"""Conversations and what their calls came to: a plain fold of the facts, however it is read."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from adapters.ledger.connection import GATEWAY_ROLE
from domain.conversation import ACTIVE, ARCHIVED, Archived, Changed, Conversation, Started
from domain.inference_request import Charged, Corrected, Released, Reserved
from domain.usage import METERED
from projections.calls import Calls
from projections.conversations import Conversations
from projections.rebuild import rebuild
from tests.projections.history import History, database, follow, owner, rows

BOTH = [Conversations(), Calls()]
SUMS = ("calls", "charges", "releases", "amount", "corrected", *METERED)
Row = tuple[Any, ...]


def told_of(history: History) -> dict[UUID, Row]:
    """Each conversation as its aggregate has it, and when it was changed last."""
    times: dict[UUID, list[Any]] = {}
    for fact in (told for kind in (Started, Changed, Archived) for told in history.facts(kind)):
        times.setdefault(fact.originator_id, []).append(fact.timestamp)
    return {
        one.id: (
            UUID(one.customer_id),
            one.label.model,
            UUID(one.label.title_id or ""),
            UUID(one.label.metadata_id) if one.label.metadata_id else None,
            ARCHIVED if one.archived else ACTIVE,
            min(times[one.id]),
            max(times[one.id]),
        )
        for one in history.aggregates(Conversation)
    }


def shown_in(url: str) -> dict[UUID, Row]:
    query = (
        "SELECT conversation_id, customer_id, model, title_id, metadata_id, status, created_at,"
        " updated_at FROM read.conversations"
    )
    return {row[0]: row[1:] for row in rows(url, query)}


def used_in(history: History) -> dict[UUID, tuple[Counter[str], Any]]:
    """What each conversation's calls came to, and when one was held for last."""
    used: dict[UUID, tuple[Counter[str], Any]] = {}
    joined: dict[UUID, UUID] = {}
    for fact in history.ledger.facts:
        if isinstance(fact, Reserved) and fact.conversation_id:
            joined[fact.originator_id] = UUID(fact.conversation_id)
            sums = used.get(joined[fact.originator_id], (Counter(), None))[0]
            used[joined[fact.originator_id]] = sums, fact.timestamp
        if fact.originator_id in joined:
            used[joined[fact.originator_id]][0].update(counts_of(fact))
    return used


def counts_of(fact: Any) -> dict[str, int]:
    if isinstance(fact, Reserved):
        return {"calls": 1}
    if isinstance(fact, Released):
        return {"releases": 1}
    if isinstance(fact, Corrected):
        return {"corrected": fact.amount}
    return {"charges": 1, "amount": fact.amount, **fact.usage} if isinstance(fact, Charged) else {}


def usage_in(url: str) -> dict[UUID, tuple[Counter[str], Any]]:
    query = f"SELECT conversation_id, last_used_at, {', '.join(SUMS)} FROM read.conversation_usage"  # noqa: S608  our own names
    return {
        row[0]: (Counter(dict(zip(SUMS, row[2:], strict=True))), row[1]) for row in rows(url, query)
    }


@given(
    seed=st.integers(0, 10**6),
    steps=st.lists(st.integers(1, 120), min_size=1, max_size=3),
    window=st.integers(1, 400),
)
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_they_are_a_plain_fold_of_any_history_in_batches_of_any_size(
    server_url: str, seed: int, steps: list[int], window: int
) -> None:
    history = History(seed)
    with database(server_url) as url:
        for some in steps:
            history.live(some)
            history.store(url)
            follow(url, BOTH, window=window)
        assert shown_in(url) == told_of(history)
        assert usage_in(url) == used_in(history)
        assert [one.different for one in rebuild(lambda: owner(url), GATEWAY_ROLE, BOTH)] == [0, 0]


@pytest.mark.parametrize("window", [1, 10_000])
def test_a_long_history_has_everything_in_it(database_url: str, window: int) -> None:
    history = History(7)
    history.live(300)
    history.freeze(frozen=False)
    history.grant(10**6)
    held = history.reserve(conversation_id=history.talks.join(history, "start"))
    history.charge(held, {"input": 5})
    history.correct(held, 3)
    history.correct(held, 1)
    history.store(database_url)
    follow(database_url, BOTH, window=window)

    told, used = told_of(history), used_in(history)
    assert shown_in(database_url) == told
    assert usage_in(database_url) == used
    assert {row[4] for row in told.values()} == {ACTIVE, ARCHIVED}
    assert history.facts(Archived)
    for name in ("charges", "releases", "corrected", "output", "web_search"):
        assert any(counts[name] for counts, _ in used.values()), name
