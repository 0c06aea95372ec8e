"""A history in which customers pay through a provider, and watch their credit."""

from collections.abc import Callable
from contextlib import suppress

from domain.alerts import Recharge, check_quota_alerts
from domain.errors import GatewayError
from tests.domain.payments import PaidShop
from tests.projections.history import History


class PaidHistory(PaidShop, History):
    """Everything of a history, and money in and out besides."""

    def live_and_pay(self, steps: int) -> None:
        for _ in range(steps):
            self.live(1)
            with suppress(GatewayError):
                self.random.choice(MONEY)(self)


def _reference(shop: PaidHistory) -> str:
    return f"pi_{shop.random.randint(1, 60)}"


def _pay(shop: PaidHistory) -> None:
    chance = shop.random.random
    shop.pay(
        shop.random.choice([0, 500, 500, 500]),
        known=chance() < 0.7,
        currency="EUR" if chance() < 0.1 else "USD",
        reference=_reference(shop),
    )


def _refund(shop: PaidHistory) -> None:
    shop.refund(
        shop.random.randint(1, 200),
        shop.random.choice([None, "re_1", "re_2", "re_3"]),
        currency="EUR" if shop.random.random() < 0.1 else "USD",
        knows=shop.random.random() < 0.9,
        reference=_reference(shop),
    )


def _question(shop: PaidHistory) -> None:
    code, item = shop.random.choice([("dispute_lost", "dp_1"), ("refund_failed", "re_1")])
    shop.question(code, item, reference=_reference(shop))


def _apply(shop: PaidHistory) -> None:
    shop.apply(reference=_reference(shop))


def _watch(shop: PaidHistory) -> None:
    near = max(0, shop.wallet.available)
    recharge = shop.random.choice([None, Recharge(near, 5), Recharge(200_000, 6), Recharge(9, 5)])
    lines = shop.random.sample([0, 500, near, near + 900, 200_000], shop.random.randint(1, 4))
    percents = shop.random.sample([10, 50, 90], shop.random.randint(0, 3))
    shop.watch(thresholds=lines, quota_percents=percents, changes_recharge=True, recharge=recharge)


def _look(shop: PaidHistory) -> None:
    shop.look()
    shop.do(check_quota_alerts(shop.who.wallet_id, shop.who.key_id))


MONEY: list[Callable[[PaidHistory], None]] = [
    _pay,
    _refund,
    _question,
    _apply,
    _watch,
    _look,
    _look,
]
