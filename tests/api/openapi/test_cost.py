"""Spend at a glance: today, this month, day by day and model by model."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.helpers import data, refused
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

TOKENS = {"input": 1_000_000}
SPANS = ("today", "yesterday", "this_month", "last_month", "last_30_days")


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(shop: Till) -> Account:
    """Two calls at 0.15 each, and one of the large model at 2.50, of which 0.50 came back."""
    account = shop.account()
    for _ in range(2):
        shop.call(account, TOKENS)
    shop.correct(shop.call(account, TOKENS, model="sandbox-large"), 500_000_000)
    return account


def report(shop: Till, account: Account, path: str, **query: Any) -> dict[str, Any]:
    return data(shop.get(account, path, **query))


def today() -> date:
    return datetime.now(UTC).date()


def test_the_overview_tells_the_spend_of_now_and_lately(shop: Till, customer: Account) -> None:
    found = report(shop, customer, "/cost/overview")

    assert {name: found[name]["total"] for name in SPANS} == {
        "today": "2.30",
        "yesterday": "0.00",
        "this_month": "2.30",
        "last_month": "0.00",
        "last_30_days": "2.30",
    }
    assert (found["today"]["amount"], found["today"]["corrected"]) == ("2.80", "0.50")
    assert found["average_per_charge"] == "0.933333333"
    assert [model["model"] for model in found["top_models"]] == ["sandbox-large", "sandbox-small"]
    assert found["today"]["from"] == str(today())
    assert found["this_month"]["month"] == str(today())[:7]


def test_without_calls_the_overview_is_zero(shop: Till) -> None:
    found = report(shop, shop.account(), "/cost/overview")

    assert {found[name]["total"] for name in SPANS} == {"0.00"}
    assert (found["average_per_charge"], found["top_models"]) == (None, [])


def test_the_trend_has_every_day(shop: Till, customer: Account) -> None:
    since, until = today() - timedelta(days=9), today() + timedelta(days=1)

    found = report(shop, customer, "/cost/trend", **{"from": since, "to": until})

    days = [item["day"] for item in found["items"]]
    assert days == [str(since + timedelta(days=number)) for number in range(10)]
    assert [item["total"] for item in found["items"]] == ["0.00"] * 9 + ["2.30"]
    assert len(report(shop, customer, "/cost/trend")["items"]) == 30


def test_the_trend_of_one_model_or_key(shop: Till, customer: Account) -> None:
    def last(**query: str) -> str:
        total: str = report(shop, customer, "/cost/trend", **query)["items"][-1]["total"]
        return total

    assert last(model="sandbox-small") == "0.30"
    assert last(key_id=customer.key_id) == "2.30"
    assert last(key_id="key_" + "0" * 32) == "0.00"


def test_models_are_told_by_what_they_came_to(shop: Till, customer: Account) -> None:
    found = report(shop, customer, "/cost/models")

    assert [(m["model"], m["total"], m["average"]) for m in found["items"]] == [
        ("sandbox-large", "2.00", "2.50"),
        ("sandbox-small", "0.30", "0.15"),
    ]
    assert found["totals"]["total"] == "2.30"


def test_one_model_by_day_and_by_key(shop: Till, customer: Account) -> None:
    found = report(shop, customer, "/cost/models/sandbox-small")

    assert found["totals"]["total"] == "0.30"
    assert found["totals"]["tokens"] == {"input": 2_000_000}
    assert [(key["api_key_id"], key["total"]) for key in found["api_keys"]] == [
        (customer.key_id, "0.30")
    ]
    assert found["days"][-1]["total"] == "0.30"
    assert len(found["days"]) == 30


def test_a_priced_model_that_was_not_used_cost_nothing(shop: Till, customer: Account) -> None:
    assert report(shop, customer, "/cost/models/sandbox/echo")["totals"]["total"] == "0.00"
    assert refused(shop.get(customer, "/cost/models/none")) == (404, "model_not_found")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/cost/overview", {"from": "2026-11-01"}),
        ("/cost/trend", {"month": "2026-11"}),
        ("/cost/trend", {"from": "2024-01-01", "to": "2026-01-01"}),
        ("/cost/models", {"model": "x"}),
        ("/cost/models/sandbox-small", {"model": "x"}),
    ],
)
def test_what_a_report_cannot_take_is_refused(
    shop: Till, customer: Account, path: str, query: dict[str, str]
) -> None:
    assert refused(shop.get(customer, path, **query)) == (422, "invalid_value")
