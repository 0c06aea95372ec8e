"""A customer's conversations: started, changed, archived, and joined by calls."""

from typing import Any
from uuid import UUID

import pytest

from domain.change_call_policy import change_context
from domain.change_conversation import (
    Due,
    archive_conversation,
    change_conversation,
    forget_conversation,
    start_conversation,
)
from domain.conversation import (
    Archived,
    Changed,
    Conversation,
    ConversationArchivedError,
    Label,
    Started,
)
from domain.errors import NotFoundError
from domain.inference_request import Reserved
from tests.domain.shop import Shop
from tests.fakes import restored

LABEL = Label("t1", "hash of the title", "m1", "hash of the metadata", "m")


def start(shop: Shop, label: Label = LABEL) -> UUID:
    conversation_id = shop.mint()
    shop.do(start_conversation(shop.who.customer_id, conversation_id, label, actor="key_1"))
    return conversation_id


def change(shop: Shop, conversation_id: UUID, **fields: Any) -> Label:
    command = change_conversation(shop.who.customer_id, conversation_id, fields, actor="key_1")
    return shop.do(command)


def archive(shop: Shop, conversation_id: UUID) -> Label:
    return shop.do(archive_conversation(shop.who.customer_id, conversation_id, actor="key_1"))


def seen(shop: Shop, conversation_id: UUID) -> Conversation:
    return shop.ledger.look(Conversation, conversation_id)


def test_a_conversation_is_started_with_what_it_is_called_and_by_whom() -> None:
    shop = Shop()

    conversation_id = start(shop)

    assert seen(shop, conversation_id).label == LABEL
    (fact,) = shop.facts(Started)
    assert (fact.customer_id, fact.actor) == (shop.who.customer_id.hex, "key_1")
    assert LABEL.texts == {"t1", "m1"}
    assert Label().texts == frozenset()


@pytest.mark.parametrize(
    ("due", "forgotten"),
    [
        (Due(3, LABEL.texts), True),
        (Due(4, LABEL.texts), False),
        (Due(3, frozenset({"t0", "m1"})), False),
    ],
)
def test_a_conversation_is_forgotten_only_as_it_was_when_it_was_found(
    due: Due, forgotten: bool
) -> None:
    shop = Shop()
    conversation_id, who = start(shop), shop.who.customer_id
    shop.do(change_context(who, {"memory_days": 3}, actor="key_1"))

    assert shop.do(forget_conversation(who, conversation_id, due, actor="memory")) is forgotten

    assert seen(shop, conversation_id).archived is forgotten
    assert [fact.actor for fact in shop.facts(Archived)] == ["memory"] * forgotten


def test_only_a_customer_that_exists_starts_one() -> None:
    shop = Shop()
    command = start_conversation(shop.mint(), shop.mint(), LABEL, actor="key_1")

    with pytest.raises(NotFoundError, match="customer"):
        shop.do(command)


def test_what_is_given_changes_and_the_rest_stays() -> None:
    shop = Shop()
    conversation_id = start(shop)

    before = change(shop, conversation_id, title_id="t2", title_hash="other")
    changed = seen(shop, conversation_id).label
    change(shop, conversation_id, model=None)

    assert before == LABEL
    assert changed == Label("t2", "other", "m1", "hash of the metadata", "m")
    assert seen(shop, conversation_id).label.model is None
    assert [fact.actor for fact in shop.facts(Changed)] == ["key_1", "key_1"]


def test_what_changes_nothing_leaves_no_fact() -> None:
    shop = Shop()

    change(shop, start(shop), model="m")

    assert shop.facts(Changed) == []


def test_it_is_archived_once_and_called_nothing_else_any_more() -> None:
    shop = Shop()
    conversation_id = start(shop)

    labels = [archive(shop, conversation_id), archive(shop, conversation_id)]

    assert labels == [LABEL, LABEL]
    assert [fact.actor for fact in shop.facts(Archived)] == ["key_1"]
    with pytest.raises(ConversationArchivedError):
        change(shop, conversation_id, model=None)


def test_what_is_archived_still_loses_its_texts_and_nothing_else() -> None:
    shop = Shop()
    conversation_id = start(shop)
    archive(shop, conversation_id)

    change(shop, conversation_id, title_id=None, title_hash=None)
    change(shop, conversation_id, metadata_id=None, metadata_hash=None)

    assert seen(shop, conversation_id).label == Label(model="m")
    assert seen(shop, conversation_id).archived
    assert len(shop.facts(Changed)) == 2
    for field in ("title_id", "metadata_id", "model"):
        with pytest.raises(ConversationArchivedError):
            change(shop, conversation_id, **{field: "new"})


def test_to_others_it_is_as_if_it_did_not_exist() -> None:
    shop = Shop(funds=1_000)
    conversation_id = start(shop)
    shop.join()
    shop.grant(1_000)

    for attempt in (
        lambda: change(shop, conversation_id, model=None),
        lambda: archive(shop, conversation_id),
        lambda: shop.reserve(conversation_id=conversation_id),
    ):
        with pytest.raises(NotFoundError, match=r"^No such conversation\.$"):
            attempt()

    assert shop.facts(Changed) == shop.facts(Archived) == shop.facts(Reserved) == []


def test_a_call_joins_a_conversation_of_its_customers() -> None:
    shop = Shop(funds=1_000)
    conversation_id = start(shop)

    shop.reserve(conversation_id=conversation_id)
    shop.reserve()

    assert [fact.conversation_id for fact in shop.facts(Reserved)] == [conversation_id.hex, None]


def test_no_call_joins_what_is_archived_or_what_is_none() -> None:
    shop = Shop(funds=1_000)
    conversation_id = start(shop)
    archive(shop, conversation_id)

    with pytest.raises(ConversationArchivedError):
        shop.reserve(conversation_id=conversation_id)
    with pytest.raises(NotFoundError, match="conversation"):
        shop.reserve(conversation_id=shop.mint())
    with pytest.raises(NotFoundError, match="conversation"):
        shop.reserve(conversation_id=shop.who.wallet_id)

    assert shop.facts(Reserved) == []
    assert shop.wallet.available == 1_000


def test_a_snapshot_gives_the_conversation_back() -> None:
    shop = Shop()
    conversation_id = start(shop)
    change(shop, conversation_id, model=None)
    archive(shop, conversation_id)

    again = restored(seen(shop, conversation_id))

    assert (again.label, again.archived) == (seen(shop, conversation_id).label, True)
    assert again.customer_id == shop.who.customer_id.hex
