"""A round forgets what is due: the words for good, and the conversation takes no more calls."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from api.background import forgetting
from api.background.forgetting import forget_conversations
from projections.errors import ProjectionLagError
from tests.adapters.ledger.database import fields, log_of
from tests.api.helpers import data
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import owner, rows

DAYS = 3
ROOT = "/openapi/v1/conversations"


@pytest.fixture
def shop(database_url: str, tmp_path: Any) -> Iterator[Till]:
    with till(database_url, str(tmp_path)) as shop:
        yield shop


@pytest.fixture
def ada(shop: Till) -> Account:
    """A customer who remembers for three days."""
    account = shop.account()
    remember(shop, account, DAYS)
    return account


def remember(shop: Till, account: Account, days: int | None) -> None:
    path, body = "/openapi/v1/context/config", {"memory_days": days}
    data(shop.request("PATCH", path, account.secret, json=body))


def talk(shop: Till, account: Account, *, days_ago: int = DAYS + 1) -> str:
    """Start a conversation; for whoever looks, it was so many days ago."""
    named = {"title": "A plan", "metadata": {"ward": "seven"}}
    started = data(shop.request("POST", ROOT, account.secret, json=named), 201)
    conversation_id: str = started["conversation_id"]
    seen(shop, account, conversation_id)
    with owner(shop.url) as conn:
        conn.execute(
            "UPDATE read.conversations SET updated_at = updated_at - make_interval(days => %s)"
            " WHERE 'conv_' || encode(uuid_send(conversation_id), 'hex') = %s",
            (days_ago, conversation_id),
        )
    return conversation_id


def seen(shop: Till, account: Account, conversation_id: str) -> dict[str, Any]:
    return data(shop.get(account, f"/conversations/{conversation_id}"))


def forget(shop: Till) -> int:
    return shop._runner.run(forget_conversations(shop.gateway.ledger, shop.gateway.pool))


def texts(shop: Till) -> int:
    return len(rows(shop.url, "SELECT FROM erasable_texts WHERE kind LIKE 'conversation%'"))


def test_what_is_due_is_archived_and_its_words_are_gone(shop: Till, ada: Account) -> None:
    due, young = talk(shop, ada), talk(shop, ada, days_ago=DAYS - 1)

    assert [forget(shop), forget(shop)] == [1, 0]

    gone, stays = (seen(shop, ada, conversation_id) for conversation_id in (due, young))
    assert (gone["status"], gone["title"], gone["metadata"]) == ("archived", None, {})
    assert (stays["status"], stays["title"]) == ("active", "A plan")
    assert texts(shop) == 2
    (archived,) = [row for row in log_of(shop.url) if "conversation.archived" in row.topic]
    assert fields(archived)["actor"] == "memory"


def test_no_call_joins_what_was_forgotten(shop: Till, ada: Account) -> None:
    due = talk(shop, ada)
    forget(shop)

    body = {"model": "sandbox-small", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"X-Conversation-ID": due}
    answer = shop.request("POST", "/v1/chat/completions", ada.secret, json=body, headers=headers)

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "conversation_archived"


def test_whoever_remembers_for_ever_by_now_keeps_all(shop: Till, ada: Account) -> None:
    due = talk(shop, ada)
    remember(shop, ada, None)
    seen(shop, ada, due)
    with owner(shop.url) as conn:
        conn.execute("UPDATE read.memories SET memory_days = %s", (DAYS,))

    assert forget(shop) == 0
    assert seen(shop, ada, due)["title"] == "A plan"


def test_while_the_read_models_are_behind_nothing_is_forgotten(
    shop: Till, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def behind(*_: object) -> int:
        raise ProjectionLagError(behind=1)

    talk(shop, ada)
    monkeypatch.setattr(forgetting, "catch_up", behind)

    assert forget(shop) == 0
    assert texts(shop) == 2


def test_what_was_used_since_the_round_began_is_kept(
    shop: Till, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = talk(shop, ada)
    look, looks = forgetting.forgettable, list[Any]()

    async def used_meanwhile(conn: Any, **how: Any) -> Any:
        looks.append(how)
        if how.get("only") and len(looks) == 3:  # the list has been read
            with owner(shop.url) as writing:
                writing.execute("UPDATE read.conversations SET updated_at = clock_timestamp()")
        return await look(conn, **how)

    monkeypatch.setattr(forgetting, "forgettable", used_meanwhile)

    assert forget(shop) == 0
    assert len(looks) == 3
    assert (seen(shop, ada, due)["status"], texts(shop)) == ("active", 2)


def test_what_was_renamed_at_the_last_moment_keeps_its_words(
    shop: Till, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = talk(shop, ada)
    decide = forgetting.forget_conversation

    def renamed_meanwhile(*asked: Any, **how: Any) -> Any:
        customer_id, conversation_id, expected = asked
        other = replace(expected, texts=frozenset({"another"}))
        return decide(customer_id, conversation_id, other, **how)

    monkeypatch.setattr(forgetting, "forget_conversation", renamed_meanwhile)

    assert forget(shop) == 0
    assert (seen(shop, ada, due)["status"], texts(shop)) == ("active", 2)
