"""What happens to keys and charges reaches the customer, signed as the reference has it."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook

from adapters.webhooks import outbox
from adapters.webhooks.messages import CHOICES, TEST, Addressee, News
from api.webhook_endpoints import WebhookEndpoints
from domain import manage
from domain.change_limits import change_key_limits
from domain.limits import Limits
from tests.api.helpers import data
from tests.api.news_desk import NewsDesk, news_desk
from tests.api.openapi.till import Account
from tests.projections.history import database


@pytest.fixture(scope="module")
def desk(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewsDesk]:
    with (
        database(server_url) as url,
        news_desk(url, str(tmp_path_factory.mktemp("desk"))) as running,
    ):
        yield running


@pytest.fixture(autouse=True)
def clean(desk: NewsDesk) -> None:
    told(desk)
    desk.told.received.clear()


def told(desk: NewsDesk) -> None:
    desk.desk.run(desk.notifier.collect())
    while desk.tell():
        pass


def news(desk: NewsDesk, account: Account) -> list[dict[str, Any]]:
    """What reaches the customer, as the reference implementation verifies it."""
    told(desk)
    verified = [
        Webhook(desk.secret_of(account)).verify(message.body, message.headers)
        for message in desk.told.received
    ]
    assert verified == [orjson.loads(message.body) for message in desk.told.received]
    return verified


def ask(desk: NewsDesk, account: Account, method: str, path: str, **fields: Any) -> dict[str, Any]:
    answer = desk.desk.request(method, f"/openapi/v1{path}", account.secret, json=fields or None)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def test_what_becomes_of_keys_is_told_with_the_key_that_did_it(desk: NewsDesk) -> None:
    account = desk.account()

    made = ask(desk, account, "POST", "/api-keys", name="second")["api_key_id"]
    ask(desk, account, "PATCH", f"/api-keys/{made}", allowed_model_ids=["sandbox-small"])
    ask(desk, account, "POST", f"/api-keys/{made}/rotate")
    ask(desk, account, "POST", f"/api-keys/{made}/disable")

    found = news(desk, account)
    assert [one["type"] for one in found] == [
        "api_key.created", "api_key.changed", "api_key.rotated", "api_key.disabled",
    ]  # fmt: skip
    same = {"api_key_id": made, "by": account.key_id, "currency": "USD"}
    expected = {"customer_id": account.customer_id, **same}
    assert [one["data"] for one in found] == [expected] * 4


def rounds(desk: NewsDesk) -> list[int]:
    """Read to the end of the log; gives of how many news each transaction asked whose they are."""
    asked = [0]

    async def addressee(news: News) -> Addressee | None:
        asked[-1] += 1
        return await WebhookEndpoints(desk.desk.gateway.ledger, desk.desk.gateway.texts).addressee(
            news
        )

    async def read() -> None:
        async with desk.desk.gateway.pool.connection() as conn:
            while not await outbox.fill(conn, addressee):
                asked.append(0)

    desk.desk.run(read())
    return asked


@pytest.mark.parametrize("hook", [True, False])
def test_many_news_are_read_some_at_a_time(
    desk: NewsDesk, monkeypatch: pytest.MonkeyPatch, hook: bool
) -> None:
    account = desk.account() if hook else desk.desk.account()
    for limit in range(5):
        limits = Limits(requests_per_minute=limit + 1)
        desk.desk.do(change_key_limits(account.who.key_id, limits, actor="test"))
    monkeypatch.setattr(outbox, "NEWS_AT_ONCE", 2)

    # The key of the account is news too.
    assert rounds(desk) == [2, 2, 2]

    told(desk)
    assert len(desk.bodies) == (5 if hook else 0)


def test_of_old_news_nobody_asks_whose_they_are(
    desk: NewsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.account()
    monkeypatch.setattr(outbox, "GIVE_UP_SECONDS", 0)

    assert rounds(desk) == [0]


def test_what_an_operator_does_is_told_without_a_name(desk: NewsDesk) -> None:
    account = desk.account()
    key_id = account.who.key_id

    desk.desk.do(change_key_limits(key_id, Limits(requests_per_minute=5), actor="Grace Hopper"))
    desk.desk.do(manage.disable_key(key_id, actor="Grace Hopper"))

    told(desk)
    bodies = desk.bodies
    assert [one["type"] for one in bodies] == ["api_key.limits_changed", "api_key.disabled"]
    assert {one["data"]["by"] for one in bodies} == {"operator"}
    assert "Hopper" not in str(bodies)


def test_a_correction_is_told_with_its_sign(desk: NewsDesk) -> None:
    account = desk.account()
    request_id = desk.desk.call(account, {"input": 5_000})

    desk.desk.correct(request_id, 3)
    desk.desk.correct(request_id, -2)

    found = news(desk, account)
    assert [one["type"] for one in found] == ["correction.made"] * 2
    back, more = [one["data"] for one in found]
    assert (back["amount"], more["amount"]) == ("0.000000003", "-0.000000002")
    assert (back["request_id"], back["rerated"]) == (request_id, False)
    assert (back["period"], back["corrects"]) == (desk.desk.month, desk.desk.month)
    entries = data(desk.desk.get(account, "/balance-transactions", type="correction"))["items"]
    assert [more["correction_id"], back["correction_id"]] == [
        entry["correction_id"] for entry in entries
    ]


def test_a_rerating_is_told_once_however_many_calls_it_concerns(desk: NewsDesk) -> None:
    account, other = desk.account(), desk.account()
    for who, amount in ((account, 1), (account, 2), (other, 3)):
        request_id = desk.desk.call(who, {"input": 5_000})
        desk.desk.correct(request_id, amount, batch_id="5e471e1ba7c4" + "0" * 20)
        if amount == 2:
            told(desk)  # what comes later of the same batch is still nothing new

    request_id = desk.desk.call(account, {"input": 5_000})
    desk.desk.correct(request_id, 4, batch_id="5e471e1ba7c4" + "0" * 20)
    told(desk)

    found = [one["data"] for one in desk.bodies]
    assert [one["customer_id"] for one in found] == [account.customer_id, other.customer_id]
    assert {(one["rerated"], one["amount"], one["request_id"]) for one in found} == {
        (True, None, None)
    }
    assert "5e471e1ba7c4" not in str(desk.bodies)


def test_only_what_is_chosen_is_told(desk: NewsDesk) -> None:
    account = desk.account()
    ask(desk, account, "PATCH", "/webhooks", event_types=["api_key.disabled"])

    made = ask(desk, account, "POST", "/api-keys", name="second")["api_key_id"]
    ask(desk, account, "POST", f"/api-keys/{made}/disable")

    assert [one["type"] for one in news(desk, account)] == ["api_key.disabled"]


def test_a_test_is_told_whatever_is_chosen(desk: NewsDesk) -> None:
    account = desk.account()
    ask(desk, account, "PATCH", "/webhooks", event_types=["balance.alert"])

    asked = ask(desk, account, "POST", "/webhooks/test")

    assert asked == {"type": TEST, "url": desk.told.url}
    (body,) = news(desk, account)
    assert body["type"] == TEST
    assert body["data"] == {"customer_id": account.customer_id, "currency": "USD"}


def test_after_a_rotation_both_secrets_verify_until_a_day_has_passed(desk: NewsDesk) -> None:
    account = desk.account()
    old = desk.secret_of(account)

    rotated = ask(desk, account, "POST", "/webhooks/rotate-secret")
    ask(desk, account, "POST", "/webhooks/test")
    told(desk)

    assert rotated["old_secret_signs"]
    assert rotated["secret"] == desk.secret_of(account) != old
    (message,) = desk.told.received
    for secret in (old, rotated["secret"]):
        assert Webhook(secret).verify(message.body, message.headers)["type"] == TEST


def test_there_is_a_choice_of_everything_but_the_test() -> None:
    assert CHOICES == (
        "api_key.changed", "api_key.created", "api_key.disabled", "api_key.limits_changed",
        "api_key.rotated", "balance.alert", "balance.alert_cleared",
        "balance.recharge_requested", "correction.made", "quota.alert", "statement.issued",
    )  # fmt: skip
