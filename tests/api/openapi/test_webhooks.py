"""A customer sees and changes its webhook, what was sent to it, and has it sent again."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapters.webhooks.messages import CHOICES
from adapters.webhooks.replay import MINUTE_MAX
from domain.manage import NewGrant, grant_credit
from tests.api.counter import counter
from tests.api.helpers import data, refused
from tests.api.news_desk import NewsDesk, news_desk
from tests.api.openapi.till import Account
from tests.projections.history import database

ROOT = "/openapi/v1/webhooks"


@pytest.fixture(scope="module")
def desk(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewsDesk]:
    with (
        database(server_url) as url,
        news_desk(url, str(tmp_path_factory.mktemp("desk"))) as running,
    ):
        yield running


@pytest.fixture
def ada(desk: NewsDesk) -> Account:
    return desk.account()


def ask(desk: NewsDesk, account: Account, method: str, path: str = "", **fields: Any) -> Any:
    return desk.desk.request(method, ROOT + path, account.secret, json=fields or None)


def told(desk: NewsDesk) -> None:
    desk.desk.run(desk.notifier.collect())
    while desk.tell():
        pass


def probe(desk: NewsDesk, account: Account, *statuses: int) -> str:
    """Send a test that is answered so; gives its id."""
    assert ask(desk, account, "POST", "/test").status_code == 202
    desk.told.plan = list(statuses)
    told(desk)
    return str(listed(desk, account)[0]["webhook_id"])


def listed(desk: NewsDesk, account: Account, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data(desk.desk.get(account, "/webhooks/deliveries", **query))[
        "items"
    ]
    return found


def replay(desk: NewsDesk, account: Account, webhook_id: str) -> httpx.Response:
    found: httpx.Response = ask(desk, account, "POST", f"/deliveries/{webhook_id}/replay")
    return found


def let_time_pass(desk: NewsDesk, seconds: int) -> None:
    desk.change(f"replayed_at = replayed_at - interval '{seconds} seconds'")


def test_a_webhook_is_shown_as_it_was_set(desk: NewsDesk) -> None:
    account = desk.desk.account()

    before = data(ask(desk, account, "GET"))
    after = data(ask(desk, account, "PATCH", url=desk.told.url, event_types=["api_key.rotated"]))

    assert (before["url"], before["event_types"]) == (None, [])
    assert before["known_event_types"] == list(CHOICES)
    assert before["secret"] == after["secret"] == desk.secret_of(account)
    assert after == {**before, "url": desk.told.url, "event_types": ["api_key.rotated"]}
    assert data(ask(desk, account, "PATCH", url=None)) == {**after, "url": None}
    config = data(desk.desk.get(account, "/balance/config"))
    assert config["webhook_url"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://example.com/"),
        ("url", "https://127.0.0.1/"),
        ("event_types", ["webhook.test"]),
        ("event_types", ["balance.alert"] * 20),
        ("surprise", 1),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    desk: NewsDesk, ada: Account, field: str, value: Any
) -> None:
    answer = ask(desk, ada, "PATCH", **{field: value})

    assert refused(answer) == (422, "invalid_value")
    assert field in answer.json()["message"]
    assert refused(ask(desk, ada, "PATCH")) == (400, "invalid_value")


def test_an_address_that_is_replaced_is_erased(desk: NewsDesk, ada: Account) -> None:
    ask(desk, ada, "PATCH", url="https://replaced.example.com/hook")
    ask(desk, ada, "PATCH", url="https://kept.example.com/hook")

    async def kept() -> list[str]:
        async with desk.desk.gateway.pool.connection() as conn:
            found = await conn.execute("SELECT body FROM erasable_texts WHERE body LIKE '%.com/%'")
            return [body for (body,) in await found.fetchall()]

    texts = desk.desk.run(kept())
    assert "https://kept.example.com/hook" in texts
    assert "https://replaced.example.com/hook" not in texts


def test_a_gateway_that_sends_none_takes_no_address(database_url: str, tmp_path: Any) -> None:
    with counter(database_url, str(tmp_path), webhook_secret="") as desk:
        account = desk.account()
        body = {"url": "https://hooks.example.com/"}

        answer = desk.request("PATCH", ROOT, account.secret, json=body)

        assert refused(answer) == (422, "invalid_value")
        shown = data(desk.request("GET", ROOT, account.secret))
        assert (shown["secret"], shown["url"]) == (None, None)


def test_the_log_says_what_came_of_each_message(desk: NewsDesk, ada: Account) -> None:
    webhook_id = probe(desk, ada, 503)

    (row,) = listed(desk, ada)
    assert row == data(desk.desk.get(ada, f"/webhooks/deliveries/{webhook_id}"))
    assert (row["type"], row["status"], row["attempts"]) == ("webhook.test", "pending", 1)
    assert (row["http_status"], row["error"]) == (503, "http_503")
    assert row["next_attempt_at"] > row["last_attempt_at"] >= row["created_at"]


def test_the_log_is_filtered_and_in_pages(desk: NewsDesk, ada: Account) -> None:
    probe(desk, ada)
    keys = "/openapi/v1/api-keys"
    made = data(desk.desk.request("POST", keys, ada.secret, json={"name": "k"}), 201)
    desk.desk.request("DELETE", f"{keys}/{made['api_key_id']}", ada.secret)
    desk.told.plan = [410]
    told(desk)

    kinds = [row["type"] for row in listed(desk, ada)]
    assert kinds == ["api_key.disabled", "api_key.created", "webhook.test"]
    assert [row["type"] for row in listed(desk, ada, type="webhook.test")] == ["webhook.test"]
    assert [row["type"] for row in listed(desk, ada, status="given_up")] == ["api_key.created"]
    page = data(desk.desk.get(ada, "/webhooks/deliveries", limit=2))
    rest = listed(desk, ada, limit=2, cursor=page["next_cursor"])
    assert [row["type"] for row in rest] == ["webhook.test"]
    foreign = {"cursor": page["next_cursor"], "type": "webhook.test"}
    for query in ({"type": "x"}, {"status": "x"}, foreign):
        answer = desk.desk.get(ada, "/webhooks/deliveries", **query)
        assert refused(answer) == (422, "invalid_value")


@pytest.mark.parametrize("status", [204, 410])
def test_a_message_is_sent_again_under_the_same_id(
    desk: NewsDesk, ada: Account, status: int
) -> None:
    webhook_id = probe(desk, ada, status)
    desk.told.received.clear()

    answer = replay(desk, ada, webhook_id)
    told(desk)

    again = data(answer, 202)
    assert (again["webhook_id"], again["status"], again["attempts"]) == (webhook_id, "pending", 1)
    (message,) = desk.told.received
    assert message.headers["webhook-id"] == webhook_id
    (row,) = listed(desk, ada)
    assert (row["status"], row["attempts"], row["error"]) == ("delivered", 2, None)


def test_what_is_sent_again_is_tried_as_long_as_news_are(desk: NewsDesk, ada: Account) -> None:
    webhook_id = probe(desk, ada)
    desk.change("created_at = created_at - interval '30 days'")

    replay(desk, ada, webhook_id)
    desk.told.plan = [500, 204]
    told(desk)
    pending = listed(desk, ada)[0]["status"]
    desk.make_due()
    told(desk)

    assert (pending, listed(desk, ada)[0]["status"]) == ("pending", "delivered")


def test_nobody_has_us_send_too_often(desk: NewsDesk, ada: Account) -> None:
    webhook_id = probe(desk, ada)
    test = ask(desk, ada, "POST", "/test")

    first, second = replay(desk, ada, webhook_id), replay(desk, ada, webhook_id)
    let_time_pass(desk, 11)
    third = replay(desk, ada, webhook_id)

    assert [one.status_code for one in (first, second, third)] == [202, 429, 202]
    assert refused(second) == refused(test) == (429, "too_soon")
    assert int(second.headers["retry-after"]) > 0


def test_replays_are_limited_by_the_minute_too(desk: NewsDesk, ada: Account) -> None:
    webhook_id = probe(desk, ada)

    async def crowd(count: int) -> None:
        """Let so many others of the customer have been sent again just now."""
        async with desk.desk.gateway.pool.connection() as conn:
            await conn.execute(
                "INSERT INTO webhook_deliveries (webhook_id, position, customer_id, type, body,"
                " created_at, status, next_attempt_at, replayed_at) SELECT gen_random_uuid()::text,"
                " 10 ^ 12 + n, %s, 'balance.alert', '', now(), 'delivered', now(), now()"
                " FROM generate_series(1, %s) AS n",
                (ada.who.customer_id, count),
            )

    desk.desk.run(crowd(MINUTE_MAX))
    full = replay(desk, ada, webhook_id)
    let_time_pass(desk, 61)
    free = replay(desk, ada, webhook_id)

    assert [full.status_code, free.status_code] == [429, 202]


def test_without_an_address_nothing_is_sent_again(desk: NewsDesk, ada: Account) -> None:
    webhook_id = probe(desk, ada)
    ask(desk, ada, "PATCH", url=None)

    assert refused(replay(desk, ada, webhook_id)) == (409, "no_webhook")
    assert refused(ask(desk, ada, "POST", "/test")) == (409, "no_webhook")


def test_anothers_messages_are_not_there(desk: NewsDesk, ada: Account) -> None:
    bob = desk.account()
    theirs = probe(desk, bob)
    desk.told.received.clear()

    for webhook_id in (theirs, "evt_" + "0" * 32, "x", "%00", "evt_%00"):
        found = desk.desk.get(ada, f"/webhooks/deliveries/{webhook_id}")
        assert refused(found) == refused(replay(desk, ada, webhook_id)) == (404, "not_found")

    told(desk)
    assert desk.told.received == listed(desk, ada) == []


def test_more_credit_is_no_news(desk: NewsDesk, ada: Account) -> None:
    grant = NewGrant(desk.desk.gateway.mint(), 5, "paid", "test")
    desk.desk.do(grant_credit(ada.who.wallet_id, grant))

    told(desk)

    assert listed(desk, ada) == []
