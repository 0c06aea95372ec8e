"""Margins: for the operator alone, and nothing unknown is taken for nothing."""

from typing import Any

import psycopg
import pytest

from domain import ids
from tests.api.admin.supplied import DAY, NEXT, Sales, attempt, story, supplied
from tests.api.helpers import Office, data, refused

SPAN = {"from": DAY, "to": "2026-11-22"}


def margins(clerk: Office, **query: str) -> Any:
    return data(clerk.get("/margins", params={**SPAN, **query}))


def figures(item: dict[str, Any], *names: str) -> list[Any]:
    return [item[name] for name in names]


def test_margins_are_revenue_less_cost_by_what_is_asked_for(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        by_provider = margins(clerk, group_by="provider")
        by_day = margins(clerk, group_by="day")
        by_both = margins(clerk, group_by="day,provider")

    wanted = ("provider", "charged", "corrected", "revenue", "cost", "margin", "complete")
    assert [figures(item, *wanted) for item in by_provider["items"]] == [
        ["p", "2.30", "0.50", "1.80", "1.10", "0.70", True],
        ["q", "0.60", "0.00", "0.00", "0.00", "0.00", False],
    ]
    assert [figures(item, "day", "revenue", "cost", "margin") for item in by_day["items"]] == [
        [DAY, "1.50", "1.00", "0.50"],
        [NEXT, "0.30", "0.10", "0.20"],
    ]
    assert [figures(item, "day", "provider") for item in by_both["items"]] == [
        [DAY, "p"], [DAY, "q"], [NEXT, "p"],
    ]  # fmt: skip
    assert by_both["group_by"] == ["day", "provider"]
    for found in (by_provider, by_day, by_both):
        (total,) = found["totals"]
        assert figures(total, "charged", "revenue", "cost", "margin", "complete") == [
            "2.90", "1.80", "1.10", "0.70", False,
        ]  # fmt: skip


def test_what_has_no_cost_card_is_told_beside_the_margin(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        by_provider = margins(clerk, group_by="provider")["items"]

    known, unknown = by_provider
    assert figures(unknown, "unpriced_attempts", "unpriced_revenue") == [1, "0.60"]
    assert unknown["margin_basis_points"] is None
    assert figures(known, "unpriced_attempts", "unpriced_revenue") == [0, "0.00"]
    assert figures(known, "attempts", "failed_attempts", "charges") == [3, 1, 2]
    assert known["margin_basis_points"] == 3889
    assert known["tokens"] == {"input": 1_300_000_000, "output": 500_000_000}


def test_margins_by_customer_and_model_name_them_as_elsewhere(database_url: str) -> None:
    sales = story()
    with supplied(database_url, sales) as clerk:
        (item,) = margins(clerk, group_by="customer,model")["items"]
        (by_default,) = margins(clerk)["items"]
        upstream = margins(clerk, group_by="upstream_model")["items"]

    customer_id = ids.public(ids.CUSTOMER, sales.who.customer_id)
    assert figures(item, "customer_id", "model", "currency", "cost_currency") == [
        customer_id, "m", "USD", "USD",
    ]  # fmt: skip
    assert by_default["model"] == "m"
    assert [found["upstream_model"] for found in upstream] == ["up", "up-q"]


def test_a_month_is_its_days(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        found = data(clerk.get("/margins", params={"month": "2026-11"}))
        nothing = data(clerk.get("/margins", params={"month": "2026-12"}))

    assert (found["from"], found["to"]) == ("2026-11-01", "2026-12-01")
    assert found["totals"][0]["margin"] == "0.70"
    assert (nothing["items"], nothing["totals"]) == ([], [])


def test_the_last_day_is_not_included(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        found = data(clerk.get("/margins", params={"from": DAY, "to": NEXT, "group_by": "day"}))

    assert [item["day"] for item in found["items"]] == [DAY]


def test_currencies_are_never_mixed(database_url: str) -> None:
    sales = Sales()
    sales.sell((attempt("p", cost=5),), input=9)
    with supplied(database_url, sales) as clerk:
        assert margins(clerk)["items"][0]["complete"]
        with psycopg.connect(database_url) as conn:
            conn.execute("UPDATE read.customers SET currency = 'EUR'")
        (item,) = margins(clerk)["items"]

    assert figures(item, "currency", "cost_currency", "margin", "complete") == [
        "EUR", "USD", None, False,
    ]  # fmt: skip
    assert figures(item, "charged", "cost", "margin_basis_points") == [
        "0.000000009", "0.000000005", None,
    ]  # fmt: skip


ABSURD: list[Any] = [
    {},
    {"from": DAY},
    {"to": DAY},
    {"from": DAY, "to": DAY},
    {"from": NEXT, "to": DAY},
    {"from": "2026-11-31", "to": "2026-12-01"},
    {"from": "20261120", "to": NEXT},
    {"from": "0001-01-01", "to": NEXT},
    {"from": DAY, "to": "2028-01-01"},
    {"from": DAY, "to": "9999-12-31"},
    {"month": "2026-13"},
    {"month": "0001-01"},
    {"month": "2026-11", "from": DAY},
    {**SPAN, "group_by": "wallet"},
    {**SPAN, "group_by": "model,model"},
    {**SPAN, "group_by": ""},
    {**SPAN, "limit": "5"},
    [*SPAN.items(), ("group_by", "day"), ("group_by", "model")],
]


def test_an_absurd_question_is_refused(database_url: str) -> None:
    with supplied(database_url, Sales()) as clerk:
        for query in ABSURD:
            answer = clerk.get("/margins", params=query)
            assert refused(answer) == (422, "invalid_value"), query


def test_too_many_groups_are_refused_and_not_cut(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.admin.margins.GROUPS_MAX", 2)
    with supplied(database_url, story()) as clerk:
        assert len(margins(clerk, group_by="day")["items"]) == 2
        answer = clerk.get("/margins", params={**SPAN, "group_by": "day,provider"})

    assert refused(answer) == (422, "invalid_value")
