"""A customer's profile: its contact, its zone and its webhook change in one commit."""

import pytest

from domain.alerts import Webhook
from domain.change_key import disable_own_key
from domain.change_profile import (
    Contact,
    Profile,
    ProfileChange,
    Replaced,
    change_profile,
    look_up_profile,
)
from domain.customer import ContactChanged, Customer, WebhookChanged
from domain.errors import ApiKeyDisabledError
from domain.manager import Manager
from domain.periods import UnknownZoneError
from domain.wallet_events import TimeZoneChanged
from domain.wallet_state import DEBT
from tests.domain.shop import Shop


def change(shop: Shop, **fields: object) -> Replaced:
    wanted = ProfileChange(**fields)  # type: ignore[arg-type]
    return shop.do(change_profile(shop.who, wanted, Manager("key", shop.who)))


def profile(shop: Shop) -> Profile:
    return shop.do(look_up_profile(shop.who))


def test_at_first_a_customer_has_no_contact_and_months_of_utc() -> None:
    assert profile(Shop()) == Profile("USD", "UTC", None, None, "active")


def test_all_is_changed_at_once_by_the_key_that_asks() -> None:
    shop = Shop()
    contact, webhook = Contact(shop.mint(), "c"), Webhook(shop.mint(), "w")

    replaced = change(
        shop, zone="Europe/Berlin", changes_contact=True, contact=contact,
        changes_webhook=True, webhook=webhook,
    )  # fmt: skip

    assert replaced == Replaced()
    found = profile(shop)
    assert found.contact_id == contact.contact_id
    assert (found.zone, found.next_zone) == ("UTC", ("Europe/Berlin", "2026-12"))
    facts = [*shop.facts(ContactChanged), *shop.facts(WebhookChanged), *shop.facts(TimeZoneChanged)]
    assert [fact.actor for fact in facts] == ["key"] * 3
    shop.tick(days=15)
    assert (profile(shop).zone, profile(shop).next_zone) == ("Europe/Berlin", None)


def test_what_is_replaced_is_named_so_that_it_can_be_erased() -> None:
    shop = Shop()
    contact, webhook = Contact(shop.mint(), "c"), Webhook(shop.mint(), "w")
    change(shop, changes_contact=True, contact=contact, changes_webhook=True, webhook=webhook)

    assert change(shop, zone="UTC") == Replaced()
    gone = change(shop, changes_contact=True, changes_webhook=True)

    assert gone == Replaced(contact.contact_id, webhook.webhook_id)
    assert profile(shop).contact_id is None
    assert change(shop, changes_contact=True) == Replaced()
    assert len(shop.facts(ContactChanged)) == 2
    shop.ledger.restart_from_snapshots()
    assert shop.ledger.look(Customer, shop.who.customer_id).contact_id is None


def test_an_unknown_zone_changes_nothing_else() -> None:
    shop = Shop()

    with pytest.raises(UnknownZoneError):
        change(shop, zone="Nowhere/Else", changes_contact=True, contact=Contact(shop.mint(), "c"))

    assert profile(shop).contact_id is None


def test_a_key_that_was_disabled_a_moment_before_changes_nothing() -> None:
    shop = Shop()
    shop.do(disable_own_key(shop.who.key_id, Manager("operator")))

    with pytest.raises(ApiKeyDisabledError):
        change(shop, zone="Europe/Berlin")


def test_the_status_says_whether_calls_are_held_for() -> None:
    shop = Shop(funds=50)
    shop.terms(policy=DEBT)
    shop.charge(shop.reserve(), {"input": 60, "output": 20})
    assert profile(shop).status == "in_debt"

    shop.terms(limit=50)
    assert profile(shop).status == "active"
    shop.freeze()
    assert profile(shop).status == "frozen"
