"""Telling customers: at least once, under one id, later again, and not for ever."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.webhooks import courier as courier_module, outbox
from adapters.webhooks.courier import FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS, Destination, pause
from adapters.webhooks.outbox import claim, fill
from api.background.rounds import repeat
from domain.errors import BillingUnavailableError
from tests.api.news_desk import ONE, NewsDesk, news_desk
from tests.webhook_receiver import is_genuine


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[NewsDesk]:
    with news_desk(database_url, str(tmp_path)) as running:
        yield running


def test_what_was_not_accepted_is_sent_again_later_under_the_same_id(desk: NewsDesk) -> None:
    account = desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.told.plan = [500, 302]
    desk.look()

    assert desk.tell() == 1
    assert desk.tell() == 0, "not before its time"
    for _ in range(2):
        desk.make_due()
        assert desk.tell() == 1
    desk.make_due()
    assert desk.tell() == 0, "not after it was accepted"

    assert len({message.headers["webhook-id"] for message in desk.told.received}) == 1
    assert len({message.body for message in desk.told.received}) == 1
    secret = desk.secret_of(account)
    assert [is_genuine(message, secret) for message in desk.told.received] == [True] * 3
    (row,) = desk.deliveries()
    assert (row["status"], row["attempts"]) == ("delivered", 3)


def test_a_failure_is_shown_with_the_time_of_the_next_attempt(desk: NewsDesk) -> None:
    desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.told.plan = [503]
    desk.look()
    desk.tell()

    (row,) = desk.deliveries(status="pending")

    assert (row["http_status"], row["error"], row["attempts"]) == (503, "http_503", 1)
    assert row["next_attempt_at"] > row["last_attempt_at"]
    assert desk.deliveries(status="delivered") == []


def test_pauses_double_up_to_a_bound_and_no_two_are_alike() -> None:
    longest = [pause(attempts, 1.0) for attempts in range(1, 40)]
    shortest = [pause(attempts, 0.0) for attempts in range(1, 40)]

    assert longest[:3] == [FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS, 4 * FIRST_PAUSE_SECONDS]
    assert longest[-1] == LAST_PAUSE_SECONDS
    assert [2 * pause for pause in shortest] == longest


def test_after_three_days_it_is_given_up_and_seen(desk: NewsDesk) -> None:
    account = desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.told.plan = [500, 500]
    desk.look()
    desk.tell()
    desk.change("created_at = created_at - interval '3 days'")
    desk.make_due()

    assert (desk.tell(), desk.tell()) == (1, 0)

    desk.make_due()
    assert desk.tell() == 0
    (row,) = desk.deliveries(status="given_up", customer_id=account.customer_id)
    assert (row["attempts"], row["error"], row["next_attempt_at"]) == (2, "http_500", None)


def test_old_news_are_no_news(desk: NewsDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.account(4 * ONE, alert_thresholds=["5.00"])
    monkeypatch.setattr(outbox, "GIVE_UP_SECONDS", 0)

    desk.look()

    assert desk.deliveries() == []


def test_who_answers_gone_is_not_asked_again(desk: NewsDesk) -> None:
    desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.told.plan = [410]
    desk.look()
    desk.tell()

    (row,) = desk.deliveries()

    assert (row["status"], row["error"]) == ("given_up", "http_410")


def test_a_webhook_that_was_taken_away_is_told_nothing_more(desk: NewsDesk) -> None:
    account = desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.look()
    desk.patch(account, webhook_url=None)

    desk.tell()

    assert desk.told.received == []
    (row,) = desk.deliveries()
    assert (row["status"], row["error"]) == ("given_up", "no_endpoint")


def test_another_address_gets_what_was_not_sent_yet(desk: NewsDesk) -> None:
    account = desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.look()
    desk.patch(account, webhook_url=desk.told.url.replace("/hook?", "/other?"))

    desk.tell()

    assert [message.path for message in desk.told.received] == ["/other?a=b"]


def test_who_dies_between_sending_and_recording_sends_again_with_the_same_id(
    desk: NewsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.look()

    async def die(*_: object, **__: object) -> str:
        message = "killed"
        raise psycopg.OperationalError(message)

    with monkeypatch.context() as patch:
        patch.setattr(courier_module, "record", die)
        with pytest.raises(psycopg.OperationalError):
            desk.tell()
    assert desk.tell() == 0, "the lease lasts longer than an attempt can"
    desk.make_due()
    assert desk.tell() == 1

    first, second = (message.headers["webhook-id"] for message in desk.told.received)
    assert first == second
    assert desk.deliveries()[0]["status"] == "delivered"


def test_one_that_fails_midway_does_not_stop_the_others(
    desk: NewsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlucky, lucky = (desk.account(4 * ONE, alert_thresholds=["5.00"]) for _ in range(2))
    desk.look()
    find = desk.notifier._endpoints.destination

    async def fail_for_one(customer_id: object) -> Destination | None:
        if customer_id == unlucky.who.customer_id:
            raise BillingUnavailableError
        return await find(lucky.who.customer_id)

    monkeypatch.setattr(desk.courier(), "_find_destination", fail_for_one)
    with pytest.raises(BillingUnavailableError):
        desk.tell()

    assert [body["data"]["customer_id"] for body in desk.bodies] == [lucky.customer_id]


def test_the_outbox_is_filled_once_though_two_fill_it_and_one_dies(
    desk: NewsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.account(4 * ONE, alert_thresholds=["5.00", "4.50"])
    pool, find = desk.desk.gateway.pool, desk.notifier._endpoints.addressee
    desk.look()
    with psycopg.connect(desk.desk.url) as conn:
        conn.execute("UPDATE webhook_position SET position = 0")
        conn.execute("TRUNCATE webhook_deliveries")

    async def fill_it(*, dies: bool = False) -> None:
        async with pool.connection() as conn:
            found = find if not dies else _die_at_the_second(find)
            await fill(conn, found)

    async def race() -> None:
        await asyncio.gather(fill_it(), fill_it())

    with pytest.raises(ZeroDivisionError):
        desk.desk.run(fill_it(dies=True))
    assert desk.deliveries() == []
    desk.desk.run(race())

    assert len(desk.deliveries()) == 2
    assert desk.tell() == 1


def _die_at_the_second(find: outbox.FindAddressee) -> outbox.FindAddressee:
    seen: list[object] = []

    async def found(news: outbox.News) -> outbox.Addressee | None:
        seen.append(news)
        if len(seen) == 2:
            raise ZeroDivisionError
        return await find(news)

    return found


def test_the_log_is_read_in_windows(desk: NewsDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "WINDOW", 2)
    desk.account(4 * ONE, alert_thresholds=["5.00", "4.50"])
    desk.account(4 * ONE, alert_thresholds=["5.00"])

    desk.look()

    assert len(desk.deliveries()) == 3


def test_a_delivery_is_claimed_by_one_courier(desk: NewsDesk) -> None:
    """The second looks while the first has claimed and not committed yet."""
    for _ in range(6):
        desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.look()
    pool = desk.desk.gateway.pool

    async def race() -> list[list[str]]:
        async with pool.connection() as first, pool.connection() as second, asyncio.timeout(5):
            async with first.transaction():
                mine = await claim(first, 4)
                others = await claim(second, 4)
            rest = await claim(second, 4)
        return [[delivery.webhook_id for delivery in some] for some in (mine, others, rest)]

    mine, others, rest = desk.desk.run(race())

    assert (len(mine), len(others), rest) == (4, 2, [])
    assert set(mine).isdisjoint(others)


def test_a_customer_with_much_to_be_told_leaves_room_for_others(desk: NewsDesk) -> None:
    busy = desk.account(4 * ONE, alert_thresholds=[f"5.{n}0" for n in range(10)])
    other = desk.account(4 * ONE, alert_thresholds=["5.00"])
    desk.look()

    assert desk.tell() == 2

    first = [body["data"]["customer_id"] for body in desk.bodies]
    assert sorted(first) == sorted([busy.customer_id, other.customer_id])
    assert [desk.tell() for _ in range(10)] == [1] * 9 + [0]
    thresholds = [body["data"]["threshold"] for body in desk.bodies]
    assert len(thresholds) == 11


def test_deliveries_are_listed_by_pages_the_newest_first(desk: NewsDesk) -> None:
    account = desk.account(4 * ONE, alert_thresholds=["5.00", "4.50", "4.20"])
    desk.look()
    everything = [row["webhook_id"] for row in desk.deliveries()]

    seen: list[str] = []
    query: dict[str, str] = {"limit": "2", "customer_id": account.customer_id}
    while True:
        page = desk.desk.admin("GET", "/webhook-deliveries", params=query).json()["data"]
        seen += [row["webhook_id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert (seen, len(seen)) == (everything, 3)


def test_both_rounds_go_on_until_they_are_stopped(desk: NewsDesk) -> None:
    desk.account(4 * ONE, alert_thresholds=["5.00"])

    async def serve() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(desk.notifier.run(0.05, stop))
        assert await asyncio.to_thread(desk.told.arrived.wait, 20)
        stop.set()
        await running

    desk.desk.run(serve())

    assert [body["type"] for body in desk.bodies] == ["balance.alert"]


def test_a_round_that_the_database_fails_is_made_again() -> None:
    made: list[int] = []
    stop = asyncio.Event()

    async def work() -> None:
        made.append(1)
        if len(made) == 1:
            raise BillingUnavailableError
        if len(made) == 3:
            stop.set()

    asyncio.run(repeat(work, 0.001, stop))

    assert len(made) == 3
