"""Lines of available credit: each crossing is told once, whatever looks how often."""

import pytest

from domain import wallet_events as facts
from domain.alerts import AlertChange, Recharge, Webhook, change_alerts, check_alerts
from domain.customer import Customer, WebhookChanged
from domain.errors import NotFoundError
from tests.domain.payments import PaidShop
from tests.domain.shop import T0

TOLD = (
    facts.AlertRaised,
    facts.AlertCleared,
    facts.RechargeRequested,
    facts.RechargeCleared,
)


class WatchedShop(PaidShop):
    @property
    def told(self) -> list[tuple[str, int, int]]:
        """Every crossing: its name, the line and what was available."""
        return [
            (type(f).__name__, getattr(f, "threshold", None) or f.below, f.available)
            for f in self.ledger.facts
            if isinstance(f, TOLD)
        ]

    @property
    def customer(self) -> Customer:
        return self.ledger.look(Customer, self.who.customer_id)


def test_a_line_is_told_once_when_credit_reaches_it() -> None:
    shop = WatchedShop(funds=100)
    shop.watch(thresholds=[40])
    assert shop.look() == 0

    shop.spend(60)
    looks = [shop.look() for _ in range(3)]
    shop.spend(10)
    shop.look()

    assert looks == [1, 0, 0]
    assert shop.told == [("AlertRaised", 40, 40)]


def test_a_line_is_told_again_only_after_it_was_left() -> None:
    shop = WatchedShop(funds=100)
    shop.watch(thresholds=[40])
    for _ in range(2):
        shop.spend(80)
        shop.look()
        shop.grant(80)
        shop.look()

    assert [name for name, _, _ in shop.told] == ["AlertRaised", "AlertCleared"] * 2
    assert shop.told[1] == ("AlertCleared", 40, 100)


def test_credit_exactly_at_the_line_is_not_above_it() -> None:
    shop = WatchedShop(funds=100)
    shop.watch(thresholds=[40])
    shop.spend(80)
    shop.look()

    shop.grant(20)

    assert shop.look() == 0


def test_several_lines_are_told_each_for_itself() -> None:
    shop = WatchedShop(funds=100)
    shop.watch(thresholds=[10, 50, 50, 0])
    assert shop.wallet.alert_thresholds == [50, 10, 0]

    shop.spend(90)

    assert shop.look() == 2
    assert shop.told == [("AlertRaised", 50, 10), ("AlertRaised", 10, 10)]


def test_what_is_due_to_expire_counts_no_more() -> None:
    shop = WatchedShop()
    shop.grant(100, expires_at=T0.replace(hour=13))
    shop.watch(thresholds=[40])
    assert shop.look() == 0

    shop.tick(hours=2)

    assert shop.look() == 1


def test_a_line_that_stays_keeps_its_side_when_others_are_drawn() -> None:
    shop = WatchedShop(funds=30)
    shop.watch(thresholds=[40, 20])
    shop.look()

    shop.watch(thresholds=[40, 35])

    assert shop.look() == 1
    assert [line for _, line, _ in shop.told] == [40, 35]
    shop.watch(thresholds=[])
    assert (shop.look(), shop.wallet.alerts_raised) == (0, [])


def test_the_same_lines_drawn_again_are_no_fact() -> None:
    shop = WatchedShop(funds=30)
    shop.watch(thresholds=[40], changes_recharge=True, recharge=Recharge(5, 50))
    before = len(shop.ledger.facts)

    shop.watch(thresholds=[40])
    shop.watch(changes_recharge=True, recharge=Recharge(5, 50))
    shop.watch()

    assert len(shop.ledger.facts) == before


def test_a_recharge_is_requested_once_until_credit_is_back() -> None:
    shop = WatchedShop(funds=100)
    shop.watch(changes_recharge=True, recharge=Recharge(40, 500))
    assert shop.look() == 0
    shop.spend(60)
    assert [shop.look(), shop.look()] == [1, 0]

    (asked,) = shop.facts(facts.RechargeRequested)
    assert (asked.below, asked.amount, asked.available) == (40, 500, 40)
    shop.grant(500)
    assert shop.look() == 1
    shop.spend(500)
    assert shop.look() == 1
    assert [name for name, _, _ in shop.told] == [
        "RechargeRequested", "RechargeCleared", "RechargeRequested",
    ]  # fmt: skip


def test_another_recharge_is_another_request() -> None:
    shop = WatchedShop(funds=10)
    shop.watch(changes_recharge=True, recharge=Recharge(40, 500))
    shop.look()

    shop.watch(thresholds=[5])
    assert shop.look() == 0
    shop.watch(changes_recharge=True, recharge=Recharge(40, 600))
    assert shop.look() == 1
    shop.watch(changes_recharge=True)
    assert (shop.look(), shop.wallet.recharge_below) == (0, None)


def test_alerts_survive_a_replay_and_a_snapshot() -> None:
    shop = WatchedShop(funds=10)
    shop.watch(thresholds=[40], changes_recharge=True, recharge=Recharge(40, 500))
    shop.look()

    shop.ledger.rebuild()
    assert shop.look() == 0
    shop.ledger.restart_from_snapshots()
    assert shop.look() == 0


def test_a_wallet_that_is_not_there_crosses_nothing() -> None:
    shop = WatchedShop()

    assert shop.do(check_alerts(shop.mint())) == 0


def test_a_webhook_is_named_by_its_text_and_hash_and_says_which_it_replaces() -> None:
    shop = WatchedShop()
    first, second = Webhook(shop.mint(), "hash 1"), Webhook(shop.mint(), "hash 2")

    assert shop.watch(changes_webhook=True, webhook=first) is None
    assert shop.watch(changes_webhook=True, webhook=second) == first.webhook_id
    assert shop.watch(thresholds=[1]) == second.webhook_id
    assert shop.customer.webhook_id == second.webhook_id.hex
    assert shop.watch(changes_webhook=True) == second.webhook_id

    changes = [(f.webhook_id, f.url_hash, f.actor) for f in shop.facts(WebhookChanged)]
    assert changes == [
        (first.webhook_id.hex, "hash 1", "key_1"),
        (second.webhook_id.hex, "hash 2", "key_1"),
        (None, None, "key_1"),
    ]


def test_a_webhook_is_told_what_happens_since_there_was_one() -> None:
    shop = WatchedShop()
    shop.watch(changes_webhook=True, webhook=Webhook(shop.mint(), "hash"))
    shop.tick(hours=1)
    shop.watch(changes_webhook=True, webhook=Webhook(shop.mint(), "hash"))
    assert shop.customer.webhook_since == T0

    shop.ledger.restart_from_snapshots()
    assert shop.customer.webhook_since == T0
    shop.watch(changes_webhook=True)
    shop.tick(hours=1)
    shop.watch(changes_webhook=True, webhook=Webhook(shop.mint(), "hash"))

    assert shop.customer.webhook_since == T0.replace(hour=14)


def test_taking_away_a_webhook_that_is_not_there_is_no_fact() -> None:
    shop = WatchedShop()

    assert shop.watch(changes_webhook=True) is None

    assert shop.facts(WebhookChanged) == []


def test_an_unknown_customer_changes_nothing() -> None:
    shop = WatchedShop()
    change = change_alerts(shop.mint(), shop.who.wallet_id, AlertChange([1]), actor="key_1")

    with pytest.raises(NotFoundError):
        shop.do(change)
