"""Percents of a key's quota: each is told once in every window."""

from domain.alerts import check_quota_alerts
from domain.api_key_events import QuotaAlertRaised
from domain.quota import DAY, Quota
from tests.domain.payments import PaidShop


def look(shop: PaidShop) -> int:
    return shop.do(check_quota_alerts(shop.who.wallet_id, shop.who.key_id))


def told(shop: PaidShop) -> list[tuple[int, str, int, int]]:
    return [(f.percent, f.window, f.spent, f.quota) for f in shop.facts(QuotaAlertRaised)]


def test_each_percent_is_told_once_when_it_is_spent() -> None:
    shop = PaidShop(funds=1_000, quota=Quota(100))
    shop.watch(quota_percents=[100, 50, 80, 50])
    shop.spend(48)
    assert look(shop) == 0

    shop.spend(2)
    assert [look(shop), look(shop)] == [1, 0]
    shop.spend(50)
    assert [look(shop), look(shop)] == [2, 0]

    assert told(shop) == [(50, "all", 50, 100), (80, "all", 100, 100), (100, "all", 100, 100)]


def test_what_is_only_held_is_not_spent() -> None:
    shop = PaidShop(funds=1_000, quota=Quota(100))
    shop.watch(quota_percents=[50])
    shop.reserve(0, 50)

    assert look(shop) == 0


def test_every_window_is_told_for_itself() -> None:
    shop = PaidShop(funds=1_000, quota=Quota(100, DAY))
    shop.watch(quota_percents=[50, 90])
    shop.spend(60)
    look(shop)

    shop.tick(days=1)
    assert look(shop) == 0
    shop.spend(60)
    assert [look(shop), look(shop)] == [1, 0]

    assert [window for _, window, _, _ in told(shop)] == ["2026-11-20", "2026-11-21"]


def test_a_correction_untells_nothing() -> None:
    shop = PaidShop(funds=1_000, quota=Quota(100))
    shop.watch(quota_percents=[50])
    held = shop.spend(60)
    look(shop)
    shop.correct(held, 60)
    shop.spend(60)

    assert look(shop) == 0


def test_without_a_quota_or_without_percents_there_is_nothing_to_tell() -> None:
    free, unwatched, nothing = (
        PaidShop(funds=1_000),
        PaidShop(funds=1_000, quota=Quota(100)),
        PaidShop(funds=1_000, quota=Quota(0)),
    )
    for shop in (free, nothing):
        shop.watch(quota_percents=[1])
    free.spend(60)
    unwatched.spend(60)

    assert [look(shop) for shop in (free, unwatched, nothing)] == [0, 0, 0]


def test_a_key_is_watched_by_its_own_wallet_only() -> None:
    shop = PaidShop(funds=1_000, quota=Quota(100))
    shop.watch(quota_percents=[50])
    shop.spend(60)

    assert shop.do(check_quota_alerts(shop.mint(), shop.who.key_id)) == 0
    assert shop.do(check_quota_alerts(shop.who.wallet_id, shop.mint())) == 0
    shop.key.wallet_id = "another"
    assert look(shop) == 0


def test_quota_alerts_survive_a_replay_and_a_snapshot() -> None:
    shop = PaidShop(funds=1_000, quota=Quota(100))
    shop.watch(quota_percents=[50])
    shop.spend(60)
    look(shop)

    shop.ledger.restart_from_snapshots()
    assert look(shop) == 0
    shop.ledger.rebuild()
    assert look(shop) == 0
    shop.spend(2)
    assert look(shop) == 0


def test_the_percents_are_changed_like_the_other_lines() -> None:
    shop = PaidShop()
    shop.watch(quota_percents=[50], thresholds=[7])
    before = len(shop.ledger.facts)

    shop.watch(quota_percents=[50])
    assert len(shop.ledger.facts) == before
    shop.watch(thresholds=[8])
    assert shop.wallet.quota_percents == [50]
    shop.watch(quota_percents=[])
    assert (shop.wallet.quota_percents, shop.wallet.alert_thresholds) == ([], [8])
