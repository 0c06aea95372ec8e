"""Usage and cost breakdowns: the sums of the calls, whichever way they are grouped."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.settle_call import Outcome
from tests.api.helpers import data, refused
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

BREAKDOWNS = ("/usage/breakdown", "/billing/cost-breakdown")
FIRST = {"input": 100, "cached_input": 40, "output": 60, "reasoning": 5}
SECOND = {"input": 10, "output": 1}
COUNTS = ("calls", "charges", "releases", "input_tokens", "output_tokens")
MONEY = ("amount", "corrected", "total")


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(shop: Till) -> Account:
    account = shop.account()
    dear = shop.call(account, FIRST, model="sandbox-large", tags={"team": "a"})
    shop.call(account, SECOND, tags={"team": "b", "cost_center": "x"})
    shop.call(account, SECOND)
    shop.settle(shop.hold(account), Outcome(1, reason="upstream_error"))
    shop.hold(account)
    shop.correct(dear, 7)
    return account


def report(shop: Till, account: Account, path: str, **query: Any) -> dict[str, Any]:
    return data(shop.get(account, path, **query))


def test_usage_is_told_by_day_unless_asked_otherwise(shop: Till, customer: Account) -> None:
    found = report(shop, customer, "/usage/breakdown")

    today = datetime.now(UTC).date()
    assert found["group_by"] == ["day"]
    assert found["to"] == str(today + timedelta(days=1))
    assert found["from"] == str(today - timedelta(days=29))
    assert found["days_of"] == "UTC"
    (item,) = found["items"]
    assert item["day"] == str(today)
    assert (item["calls"], item["charges"], item["releases"]) == (5, 3, 1)
    assert item["tokens"] == {"input": 120, "cached_input": 40, "output": 62, "reasoning": 5}
    assert item["amount"] == "0.0009542"
    assert (item["corrected"], item["total"]) == ("0.000000007", "0.000954193")


@pytest.mark.parametrize("path", BREAKDOWNS)
@pytest.mark.parametrize(
    "group_by",
    ["day", "model", "api_key", "tag:team", "tag:none", "day,model", "model,api_key,tag:team,day"],
)
def test_groups_add_up_to_the_totals_and_these_to_the_calls(
    shop: Till, customer: Account, path: str, group_by: str
) -> None:
    found = report(shop, customer, path, group_by=group_by)
    rows = data(shop.get(customer, "/billing/detail", limit=1000))["items"]

    totals = found["totals"]
    for name in COUNTS:
        assert totals[name] == sum(item[name] for item in found["items"])
    for name in MONEY:
        assert Decimal(totals[name]) == sum(Decimal(item[name]) for item in found["items"])
        assert Decimal(totals[name]) == sum(Decimal(row[name]) for row in rows)
    assert totals["calls"] == len(rows)
    assert totals["input_tokens"] == sum(row["input_tokens"] for row in rows)


def test_groups_are_named_by_what_they_have_in_common(shop: Till, customer: Account) -> None:
    found = report(shop, customer, "/usage/breakdown", group_by="tag:team,api_key")

    groups = {item["tag:team"]: item for item in found["items"]}
    assert set(groups) == {"a", "b", None}
    assert {item["api_key_id"] for item in found["items"]} == {customer.key_id}
    assert (groups[None]["calls"], groups["b"]["calls"]) == (3, 1)
    assert groups["a"]["corrected"] == "0.000000007"


def test_costs_are_told_by_model_unless_asked_otherwise(shop: Till, customer: Account) -> None:
    found = report(shop, customer, "/billing/cost-breakdown")

    assert [item["model"] for item in found["items"]] == ["sandbox-large", "sandbox-small"]
    assert "tokens" not in found["items"][0]


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        ({"model": "sandbox-large"}, 1),
        ({"model": "none"}, 0),
        ({"key_id": "key_" + "0" * 32}, 0),
        ({"from": "2026-01-01", "to": "2026-01-02"}, 0),
        ({"month": "2001-01"}, 0),
    ],
)
def test_filters_narrow_both(
    shop: Till, customer: Account, query: dict[str, str], calls: int
) -> None:
    for path in BREAKDOWNS:
        assert report(shop, customer, path, **query)["totals"]["calls"] == calls


def test_a_month_is_what_was_booked_in_it(shop: Till, customer: Account) -> None:
    rows = data(shop.get(customer, "/billing/detail"))["items"]
    (month,) = {row["period"] for row in rows}

    found = report(shop, customer, "/billing/cost-breakdown", month=month)

    assert (found["month"], found["from"], found["to"]) == (month, None, None)
    assert found["totals"]["calls"] == 5


@pytest.mark.parametrize("path", BREAKDOWNS)
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"group_by": "colour"}, "group_by"),
        ({"group_by": "day,day"}, "group_by"),
        ({"group_by": "tag:"}, "group_by"),
        ({"group_by": "team"}, "group_by"),
        ({"group_by": "day,model,api_key,tag:a,tag:b"}, "group_by"),
        ({"from": "2025-01-01", "to": "2026-06-01"}, "from"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "to"),
        ({"from": "2100-01-01"}, "from"),
        ({"from": "2026-11-01T12:00:00Z"}, "from"),
        ({"to": "2026-11-01T00:00:00+02:00"}, "to"),
        ({"month": "2026-13"}, "month"),
        ({"month": "1999-12"}, "month"),
        ({"month": "2026-11", "from": "2026-11-01"}, "month"),
        ({"key_id": "7"}, "key_id"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"limit": "5"}, "limit"),
    ],
)
def test_an_absurd_query_is_refused_and_its_parameter_named(
    shop: Till, customer: Account, path: str, query: dict[str, str], name: str
) -> None:
    answer = shop.get(customer, path, **query)

    assert refused(answer) == (422, "invalid_value")
    assert f"'{name}'" in answer.json()["message"]


def test_more_groups_than_fit_are_refused(
    shop: Till, customer: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.openapi.usage.GROUPS_MAX", 1)

    answer = shop.get(customer, "/usage/breakdown", group_by="model")

    assert refused(answer) == (422, "invalid_value")
