"""A customer's webhook: its address, what is told, its secrets, and its tests."""

from datetime import timedelta
from typing import Any

import pytest

from domain.alerts import Webhook
from domain.change_webhook import (
    OLD_SECRET_LASTS,
    NoWebhookError,
    TooSoonError,
    WebhookChange,
    WebhookTerms,
    change_webhook,
    look_up_webhook,
    rotate_secret,
    try_webhook,
)
from domain.customer import (
    Customer,
    WebhookChanged,
    WebhookSecretRotated,
    WebhookSubscribed,
    WebhookTested,
)
from tests.domain.shop import Shop
from tests.fakes import restored

ACTOR = "key_1"


def change(shop: Shop, **fields: Any) -> Any:
    return shop.do(change_webhook(shop.who.customer_id, WebhookChange(**fields), actor=ACTOR))


def hook(shop: Shop) -> Webhook:
    webhook = Webhook(shop.mint(), "hash")
    change(shop, changes_address=True, webhook=webhook)
    return webhook


def terms(shop: Shop) -> WebhookTerms:
    return shop.do(look_up_webhook(shop.who.customer_id))


def rotate(shop: Shop) -> None:
    shop.do(rotate_secret(shop.who.customer_id, actor=ACTOR))


def ask(shop: Shop) -> None:
    shop.do(try_webhook(shop.who.customer_id, actor=ACTOR))


def test_at_first_nothing_is_told_anywhere_and_the_first_secret_is_in_force() -> None:
    assert terms(Shop()) == WebhookTerms(None, (), (0,))


def test_what_is_given_changes_and_the_rest_stays() -> None:
    shop = Shop()
    webhook = hook(shop)

    before = change(shop, types=["b", "a", "b"])

    assert before == webhook.webhook_id
    assert terms(shop) == WebhookTerms(webhook.webhook_id, ("a", "b"), (0,))
    assert change(shop, changes_address=True) == webhook.webhook_id
    assert terms(shop) == WebhookTerms(None, ("a", "b"), (0,))
    assert [fact.actor for fact in shop.facts(WebhookChanged)] == [ACTOR, ACTOR]
    assert [(fact.types, fact.actor) for fact in shop.facts(WebhookSubscribed)] == [
        (["a", "b"], ACTOR)
    ]


def test_what_changes_nothing_leaves_no_fact() -> None:
    shop = Shop()
    change(shop, types=["a"])

    assert change(shop, types=["a", "a"]) is None
    change(shop)

    assert len(shop.facts(WebhookSubscribed)) == 1
    assert shop.facts(WebhookChanged) == []


def test_rotated_again_within_the_day_the_first_secret_signs_no_more() -> None:
    shop = Shop()

    rotate(shop)
    rotate(shop)

    assert terms(shop).secrets == (2, 1)


def test_for_a_day_the_secret_before_signs_too() -> None:
    shop = Shop()

    rotate(shop)
    fresh = terms(shop).secrets
    shop.now += OLD_SECRET_LASTS - timedelta(seconds=1)
    rotate(shop)
    again = terms(shop).secrets
    shop.now += OLD_SECRET_LASTS

    assert (fresh, again, terms(shop).secrets) == ((1, 0), (2, 1), (2,))
    assert [(f.number, f.actor) for f in shop.facts(WebhookSecretRotated)] == [
        (1, ACTOR),
        (2, ACTOR),
    ]


def test_a_webhook_that_is_there_is_tested_every_ten_seconds_at_most() -> None:
    shop = Shop()
    with pytest.raises(NoWebhookError):
        ask(shop)
    hook(shop)

    ask(shop)
    shop.now += timedelta(seconds=8, milliseconds=500)
    with pytest.raises(TooSoonError) as refused:
        ask(shop)
    shop.now += timedelta(seconds=1, milliseconds=500)
    ask(shop)

    assert refused.value.retry_after == 2
    assert [fact.actor for fact in shop.facts(WebhookTested)] == [ACTOR, ACTOR]


def test_a_snapshot_gives_all_of_it_back() -> None:
    shop = Shop()
    hook(shop)
    change(shop, types=["a"])
    rotate(shop)
    ask(shop)
    customer = shop.ledger.look(Customer, shop.who.customer_id)

    again = restored(customer)

    assert again.to_state() == customer.to_state()
    assert again.webhook_tested_at == again.webhook_rotated_at == shop.now
