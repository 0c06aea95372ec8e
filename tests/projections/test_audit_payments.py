"""The auditor on payments and alerts: true ones believed, each false one named."""

from typing import cast

import orjson
import pytest

from domain.alerts import Recharge, check_quota_alerts
from domain.quota import DAY, Quota
from tests.projections.audited import Stored, audited, log_of
from tests.projections.paid import PaidHistory
from tests.projections.spoiling import Spoil, changed, doubled, missing, more, pick

P, W, K = "payment", "wallet", "api_key"


@pytest.fixture(scope="module")
def told() -> list[Stored]:
    """One customer to whom everything about money and alerts happens."""
    shop = PaidHistory(customers=1)
    shop.watch(thresholds=[200_000, 150_000], changes_recharge=True, recharge=Recharge(200_000, 9))
    shop.look()
    shop.refund(5, "re_1")
    shop.pay(90_000)
    shop.refund(20, "re_2")
    shop.look()
    shop.pay(100_000, known=False, reference="pi_2")
    shop.question("dispute_lost", reference="pi_2")
    shop.apply(reference="pi_2")
    shop.look()
    shop.watch(thresholds=[200_000])
    who = shop.join(quota=Quota(100, DAY))
    shop.grant(1_000)
    shop.watch(quota_percents=[50])
    shop.spend(50)
    shop.do(check_quota_alerts(who.wallet_id, who.key_id))
    return log_of(shop)


@pytest.fixture
def log(told: list[Stored]) -> list[Stored]:
    return cast("list[Stored]", orjson.loads(orjson.dumps(told)))


def test_the_story_is_true(log: list[Stored]) -> None:
    assert audited(log)[0] == []
    crossings = ["raised", "raised", "requested", "cleared", "cleared", "cleared"]
    told = [topic.split("_")[-1].split(".")[0] for _, topic, _, _ in log if "t.alert_" in topic
            or "recharge_" in topic]  # fmt: skip
    assert told == crossings


FAULTS: list[tuple[str, Spoil, str]] = [
    ("money that came in twice", doubled(f"{P}.received.1"), "payments"),
    ("money credited twice", doubled(f"{P}.applied.1"), "payments"),
    ("another wallet's grant", changed(f"{P}.applied.1", wallet_id="0" * 32), "payments"),
    ("a grant that is not there", changed(f"{P}.applied.1", grant_id="0" * 32), "payments"),
    ("a refund that takes more", changed(f"{P}.refunded.1", 2, voided=more), "payments"),
    ("a shortfall from nothing", changed(f"{P}.refunded.1", 2, shortfall=more), "payments"),
    ("an alert of no line", changed(f"{W}.alert_raised.1", threshold=199_999), "alerts"),
    ("an alert above its line", changed(f"{W}.alert_raised.1", available=200_001), "alerts"),
    ("an end at its line", changed(f"{W}.alert_cleared.1", available=150_000), "alerts"),
    ("an alert told twice", doubled(f"{W}.alert_cleared.1", 0), "alerts"),
    ("a percent that is not spent", changed(f"{K}.quota_alert_raised.1", spent=49), "alerts"),
    ("a quota told wrong", changed(f"{K}.quota_alert_raised.1", spent=51), "quota"),
    ("a percent nobody asked for", changed(f"{K}.quota_alert_raised.1", percent=49), "alerts"),
    ("a percent told twice", doubled(f"{K}.quota_alert_raised.1"), "alerts"),
    ("a void of more than is left", changed(f"{W}.grant_voided.2", amount=90_001), "grants"),
    ("a void of nothing", changed(f"{W}.grant_voided.2", amount=0), "grants"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "check"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_false_word_is_not_believed(log: list[Stored], spoil: Spoil, check: str) -> None:
    event = spoil(log)

    assert (check, event[0]) in {(found.check, found.position) for found in audited(log)[0]}


@pytest.mark.parametrize(
    "change", [{"amount": more}, {"reference": "stripe:pi_9"}], ids=["amount", "reference"]
)
def test_a_grant_that_is_not_its_payments_is_told_where_the_payment_is_applied(
    log: list[Stored], change: dict[str, object]
) -> None:
    granted = [e for e in log if e[1] == f"{W}.granted.2" and e[3]["reference"]][0]  # noqa: RUF015
    for name, value in change.items():
        granted[3][name] = value(granted[3][name]) if callable(value) else value

    applied = pick(log, f"{P}.applied.1")
    found = {(finding.check, finding.position) for finding in audited(log)[0]}
    assert ("payments", applied[0]) in found


@pytest.mark.parametrize("topic", [f"{P}.received.1", f"{W}.granted.2", f"{W}.grant_voided.2"])
def test_what_is_missing_beside_a_payment_is_told(log: list[Stored], topic: str) -> None:
    missing(topic, topic)(log)

    assert "payments" in {finding.check for finding in audited(log)[0]}
