"""Alerts that really fire: once a crossing, as an event and as a signed webhook."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from api.background.notifier import Notifier
from domain import ids
from domain.decision import Decision
from domain.manage import NewGrant, grant_credit
from domain.quota import Quota
from domain.statement import Statement
from tests.api.counter import counter
from tests.api.news_desk import ONE, NewsDesk, news_desk
from tests.webhook_receiver import is_genuine, receiver

ALERTS = r"wallet.alert\_%"
"""The topics of crossings, as LIKE has them."""


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[NewsDesk]:
    with news_desk(database_url, str(tmp_path)) as running:
        yield running


def test_a_crossed_line_reaches_the_customer_signed(desk: NewsDesk) -> None:
    account = desk.account(4 * ONE, alert_thresholds=["5.00", "1.00"])

    assert (desk.look(), desk.tell()) == (1, 1)

    (message,), (body,) = desk.told.received, desk.bodies
    assert is_genuine(message, desk.secret_of(account))
    assert message.headers["webhook-id"] == body["id"]
    created_at = body.pop("created_at")
    assert created_at.endswith("Z")
    assert body == {
        "id": body["id"],
        "type": "balance.alert",
        "data": {
            "customer_id": account.customer_id,
            "threshold": "5.00",
            "available": "4.00",
            "currency": "USD",
        },
    }
    (row,) = desk.deliveries()
    assert (row["status"], row["attempts"], row["http_status"], row["error"]) == (
        "delivered", 1, 204, None,
    )  # fmt: skip
    assert (row["webhook_id"], row["customer_id"]) == (body["id"], account.customer_id)
    assert desk.tell() == desk.look() == 0


def test_a_line_that_is_left_and_a_recharge_are_told_too(desk: NewsDesk) -> None:
    recharge = {"below": "5.00", "amount": "20.00"}
    account = desk.account(4 * ONE, alert_thresholds=["5.00"], auto_recharge=recharge)
    desk.look()
    grant = NewGrant(desk.desk.gateway.mint(), 20 * ONE, "paid", "test")
    desk.desk.do(grant_credit(account.who.wallet_id, grant))
    assert desk.look() == 2

    while desk.tell():
        pass

    told = [(body["type"], body["data"]["available"]) for body in desk.bodies]
    assert told == [
        ("balance.alert", "4.00"),
        ("balance.recharge_requested", "4.00"),
        ("balance.alert_cleared", "24.00"),
    ]
    assert desk.bodies[1]["data"]["amount"] == "20.00"
    config = desk.desk.get(account, "/balance/config").json()["data"]
    assert (config["low_balance"], config["auto_recharge"]["requested"]) == (False, False)


def test_the_configuration_shows_what_was_crossed(desk: NewsDesk) -> None:
    recharge = {"below": "5.00", "amount": "20.00"}
    account = desk.account(4 * ONE, alert_thresholds=["5.00", "1.00"], auto_recharge=recharge)

    desk.look()

    config = desk.desk.get(account, "/balance/config").json()["data"]
    assert (config["alerts_raised"], config["low_balance"]) == (["5.00"], True)
    assert config["auto_recharge"]["requested"]


def test_a_key_that_has_spent_a_part_of_its_quota_is_told(desk: NewsDesk) -> None:
    account = desk.account(
        10 * ONE, quota=Quota(140_000, "month"), quota_alert_percents=[50, 90, 97]
    )
    desk.desk.call(account, {"input": 100, "output": 200})

    assert desk.look() == 2
    assert desk.look() == 0
    while desk.tell():
        pass

    assert [body["type"] for body in desk.bodies] == ["quota.alert"] * 2
    data = desk.bodies[0]["data"]
    assert (data["percent"], data["api_key_id"], data["quota"]) == (50, account.key_id, "0.00014")
    assert data["customer_id"] == account.customer_id
    assert set(data) == {
        "customer_id", "api_key_id", "percent", "window", "spent", "quota", "currency",
    }  # fmt: skip


def test_an_issued_statement_is_told(desk: NewsDesk) -> None:
    account = desk.account()
    who = account.who
    statement_id = Statement.id_of(who.wallet_id, "2026-10")
    facts = {"number": 7, "position": 99, "tree_size": None, "sha256": "ab"}
    desk.desk.do(
        Decision(
            (statement_id,),
            lambda books: books.add(
                Statement.issue(
                    books.at,
                    statement_id,
                    wallet_id=who.wallet_id.hex,
                    customer_id=who.customer_id.hex,
                    period="2026-10",
                    **facts,
                )
            ),
        )
    )

    desk.desk.run(desk.notifier.look())
    desk.tell()

    (body,) = desk.bodies
    (message,) = desk.told.received
    assert Webhook(desk.secret_of(account)).verify(message.body, message.headers) == body
    assert body["type"] == "statement.issued"
    assert (body["data"]["month"], body["data"]["number"]) == ("2026-10", 7)


def test_who_has_no_webhook_is_told_nothing_but_the_event_is_there(desk: NewsDesk) -> None:
    desk.account(4 * ONE, hook=False, alert_thresholds=["5.00"])

    assert desk.look() == 1

    assert desk.deliveries() == []
    assert desk.desk.topics(ALERTS) == ["wallet.alert_raised.1"]


def test_what_happened_before_there_was_a_webhook_is_not_told(desk: NewsDesk) -> None:
    account = desk.account(4 * ONE, hook=False, alert_thresholds=["5.00"])
    desk.desk.run(_look_only(desk))
    desk.patch(account, webhook_url=desk.told.url)

    desk.look()

    assert desk.desk.topics(ALERTS) == ["wallet.alert_raised.1"]
    assert desk.deliveries() == []


async def _look_only(desk: NewsDesk) -> None:
    """Raise the alert on a gateway that tells nobody."""
    await desk._catch_up()
    gateway = desk.desk.gateway
    assert await Notifier(gateway.ledger, gateway.pool, None).look() == 1


def test_without_a_secret_what_happens_waits_in_the_log(database_url: str, tmp_path: Path) -> None:
    with news_desk(database_url, str(tmp_path)) as desk:
        desk.account(4 * ONE, alert_thresholds=["5.00"])
        desk.desk.run(_look_only(desk))
        gateway = desk.desk.gateway
        silent = Notifier(gateway.ledger, gateway.pool, None)
        assert desk.desk.run(silent.tell()) == 0
        assert desk.deliveries() == []

        assert (desk.look(), desk.tell()) == (0, 1)

    assert [body["type"] for body in desk.bodies] == ["balance.alert"]


def test_two_workers_that_both_suspect_a_wallet_raise_one_alert(
    database_url: str, tmp_path: Path
) -> None:
    """Both have named the suspect and queue for the ledger's lock before either has raised it."""
    with counter(database_url, str(tmp_path), workers=2) as counters, receiver() as told:
        desk = NewsDesk(counters, told)
        desk.account(4 * ONE, alert_thresholds=["5.00"])
        notifiers = [Notifier(one.ledger, one.pool, None) for one in counters.gateways]

        async def race() -> list[int]:
            await desk._catch_up()
            with counters.appends_wait():
                looking = [asyncio.create_task(notifier.look()) for notifier in notifiers]
                await asyncio.sleep(0.5)
                assert not any(task.done() for task in looking)
            return await asyncio.gather(*looking)

        assert sorted(counters.run(race())) == [0, 1]
        assert counters.topics(ALERTS) == ["wallet.alert_raised.1"]


def test_ids_of_messages_come_from_the_log_and_differ(desk: NewsDesk) -> None:
    desk.account(4 * ONE, alert_thresholds=["5.00", "4.50"])
    desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.look()

    found = [row["webhook_id"] for row in desk.deliveries()]

    assert len(set(found)) == 3
    assert all(ids.parse_public("evt", webhook_id) for webhook_id in found)
