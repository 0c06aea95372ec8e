"""Preflight: what it says of the next call is what becomes of the next call."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import manage
from domain.call_policy import PLAIN
from domain.change_limits import change_customer_limits, change_key_limits
from domain.limits import Limits
from tests.api.helpers import data, refused
from tests.api.openapi.assortment import CHAT_PATHS, assortment
from tests.api.openapi.looking_ahead import MICRO, call, codes, preflight
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder), assortment()) as opened:
        yield opened


def test_every_protocol_that_takes_the_model_has_an_example_that_is_answered(shop: Till) -> None:
    account = shop.account()

    told = preflight(shop, account)

    assert (told["callable"], told["blocking_reasons"]) == (True, [])
    assert [p["url"].removeprefix("http://till") for p in told["protocols"]] == CHAT_PATHS
    for protocol in told["protocols"]:
        assert protocol["callable"] is True
        answer = call(shop, account, protocol)
        assert answer.status_code == 200, (protocol["name"], answer.text)


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("vectors", ["/v1/embeddings"]),
        ("completer", ["/v1/completions"]),
        ("any/chat", CHAT_PATHS),
        ("auto", CHAT_PATHS),
    ],
)
def test_the_protocols_are_those_of_its_kind(shop: Till, name: str, paths: list[str]) -> None:
    account = shop.account()

    told = preflight(shop, account, name)

    assert [p["url"].removeprefix("http://till") for p in told["protocols"]] == paths
    assert {call(shop, account, p).status_code for p in told["protocols"]} == {200}


def test_looking_holds_nothing_and_takes_nothing(shop: Till) -> None:
    account = shop.account()
    shop.do(change_key_limits(account.who.key_id, Limits(requests_per_minute=1), actor="test"))
    before = shop.log()

    told = [preflight(shop, account) for _ in range(3)]

    assert [each["callable"] for each in told] == [True] * 3
    assert shop.log() == before


def test_what_is_required_is_exactly_enough(shop: Till) -> None:
    required = int(preflight(shop, shop.account(), "vendor/small")["required_balance"][5:])
    assert required == 12, "micros; nine tokens with our margin, and one that is answered"

    enough, short = shop.account(credit=12 * MICRO), shop.account(credit=12 * MICRO - 1)

    assert preflight(shop, enough)["callable"] is True
    told = preflight(shop, short)
    assert codes(told) == ["insufficient_balance"]
    assert told["required_balance"] == "0.000012"
    assert call(shop, short, told["protocols"][0]).status_code == 402
    assert call(shop, enough, told["protocols"][0]).status_code == 200


def test_all_reasons_are_told_at_once(shop: Till) -> None:
    account = shop.account(credit=0, allowed_models=["large"], permissions=["manage"])
    shop.do(manage.freeze_wallet(account.who.wallet_id, frozen=True, actor="test"))

    told = preflight(shop, account)

    assert codes(told) == [
        "permission_denied", "wallet_frozen", "model_not_allowed", "insufficient_balance",
    ]  # fmt: skip
    assert all(reason["message"] for reason in told["blocking_reasons"])
    assert told["protocols"][0]["blocking_reasons"] == told["blocking_reasons"]


def rule(shop: Till, account: Account, action: str) -> None:
    rules = [{"id": "greetings", "term": "hi", "action": action}]
    path = "/openapi/v1/security/policy"
    data(shop.request("PATCH", path, account.secret, json={"content_rules": rules}))


def test_a_content_rule_that_refuses_the_example_is_the_first_reason(
    shop: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = shop.account(credit=0)
    rule(shop, account, "block")
    shop.do(manage.freeze_wallet(account.who.wallet_id, frozen=True, actor="test"))
    # As if another worker had changed the rules.
    monkeypatch.setitem(shop.gateway.policies._known, account.who.customer_id, PLAIN)

    told = preflight(shop, account)

    assert codes(told) == ["content_blocked", "wallet_frozen"]
    answer = call(shop, account, told["protocols"][0])
    assert answer.json()["error"]["code"] == "content_blocked"
    assert (told["required_balance"], told["estimated_minimum_cost"]) == (None, None)


def test_the_example_is_sized_as_it_goes_upstream_masked(shop: Till) -> None:
    account = shop.account(credit=12 * MICRO)
    rule(shop, account, "mask")

    told = preflight(shop, account)

    assert codes(told) == ["insufficient_balance"]
    assert told["required_balance"] > "0.000012"
    assert call(shop, account, told["protocols"][0]).status_code == 402


def test_a_rate_limit_that_is_used_up_is_a_reason(shop: Till) -> None:
    account = shop.account()
    limits = Limits(requests_per_minute=1, tokens_per_minute=1_000)
    shop.do(change_customer_limits(account.who.customer_id, limits, actor="test"))
    (first, *_) = preflight(shop, account)["protocols"]

    assert call(shop, account, first).status_code == 200
    shop.do(manage.freeze_wallet(account.who.wallet_id, frozen=True, actor="test"))
    assert codes(preflight(shop, account)) == ["rate_limit_exceeded", "wallet_frozen"]
    assert call(shop, account, first).status_code == 429


def test_a_limit_below_the_prompt_itself_is_a_reason_for_ever(shop: Till) -> None:
    account = shop.account()
    shop.do(change_key_limits(account.who.key_id, Limits(tokens_per_minute=3), actor="test"))

    told = preflight(shop, account)

    assert codes(told) == ["rate_limit_exceeded"]
    assert "beyond it alone" in told["blocking_reasons"][0]["message"]
    assert call(shop, account, told["protocols"][0]).status_code == 429


def test_the_links_lead_to_the_books_of_that_model(shop: Till) -> None:
    account = shop.account()
    told = preflight(shop, account)
    call(shop, account, told["protocols"][0])
    call(shop, account, preflight(shop, account, "large")["protocols"][0])

    detail = data(shop.request("GET", told["billing_detail_url"], account.secret))
    statement = data(shop.request("GET", told["monthly_statement_url"], account.secret))
    of_alias = preflight(shop, account, "any/chat")["billing_detail_url"]
    everything = data(shop.request("GET", of_alias, account.secret))

    assert [row["model"] for row in detail["items"]] == ["vendor/small"]
    assert statement["statement"]["status"] == "draft"
    assert told["monthly_statement_url"].endswith(f"?month={shop.month}")
    assert {row["model"] for row in everything["items"]} == {"vendor/small", "large"}


def test_addresses_are_those_of_the_public_url_if_there_is_one(
    shop: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = shop.account()
    public = {"public_url": "https://gateway.example.com/llm/"}
    changed = shop.gateway.settings.model_copy(update=public)
    monkeypatch.setattr(shop.gateway, "settings", changed)

    told = preflight(shop, account)

    assert told["protocols"][0]["url"] == "https://gateway.example.com/llm/v1/chat/completions"
    assert told["billing_detail_url"] == (
        "https://gateway.example.com/llm/openapi/v1/billing/detail?model=vendor%2Fsmall"
    )


def test_a_disabled_key_is_refused_as_its_call_would_be(shop: Till) -> None:
    account = shop.account()
    told = preflight(shop, account)
    shop.do(manage.disable_key(account.who.key_id, actor="test"))

    assert refused(shop.get(account, "/models/large/preflight")) == (401, "api_key_disabled")
    assert call(shop, account, told["protocols"][0]).status_code == 401
