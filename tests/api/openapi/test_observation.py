"""GET /openapi/v1/observation/…: what is told of how calls went."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.change_call_policy import change_security
from domain.settle_call import Outcome
from tests.api.helpers import data, refused
from tests.api.openapi.till import SMALL, Account, Till, till
from tests.projections.history import database

EMPTY = {
    "calls": 0, "success_rate": None, "errors": {}, "input_tokens": 0, "output_tokens": 0,
    "outcomes": dict.fromkeys(("ok", "partial", "failed", "refused", "unknown", "open"), 0),
    "latency": {"first_byte_ms": None, "total_ms": None}, "output_tokens_per_second": None,
    "charge": "0.00",
}  # fmt: skip
SERIES = [
    "calls", "errors", "refused", "success_rate", "first_byte_p50", "first_byte_p95", "total_p50",
    "total_p95", "input_tokens", "output_tokens", "charge",
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def account(shop: Till) -> Account:
    """Two calls charged, one failed, one open, and one refused."""
    account = shop.account()
    for milliseconds, first in ((1_000, 100), (3_000, 200)):
        outcome = Outcome(
            milliseconds, basis="reported", usage={"input": 10, "output": 20}, first_byte_ms=first
        )
        shop.settle(shop.hold(account), outcome)
    shop.settle(shop.hold(account), Outcome(5, reason="upstream_timeout"))
    shop.hold(account)
    body = {"model": "nope", "messages": [{"role": "user", "content": "hi"}]}
    answer = shop.request("POST", "/v1/chat/completions", account.secret, json=body)
    assert answer.status_code == 404
    return account


def day(days: int = 0) -> str:
    return str((datetime.now(UTC) + timedelta(days=days)).date())


def test_metrics_tell_success_errors_latency_and_tokens(shop: Till, account: Account) -> None:
    found = data(shop.get(account, "/observation/metrics"))

    assert found["totals"] == {
        "calls": 5,
        "success_rate": "0.5000",
        "outcomes": {"ok": 2, "partial": 0, "failed": 1, "refused": 1, "unknown": 0, "open": 1},
        "errors": {"upstream_timeout": 1, "model_not_found": 1},
        "latency": {
            "first_byte_ms": {"p50": 150, "p90": 190, "p95": 195, "p99": 199},
            "total_ms": {"p50": 2_000, "p90": 2_800, "p95": 2_900, "p99": 2_980},
        },
        "input_tokens": 20,
        "output_tokens": 40,
        "output_tokens_per_second": "10.00",
        "charge": found["totals"]["charge"],
    }
    assert (found["currency"], found["group_by"], found["items"]) == ("USD", None, [])
    assert found["trace_days"] == 30


def test_without_any_call_nothing_is_made_up(shop: Till) -> None:
    found = data(shop.get(shop.account(), "/observation/metrics", group_by="model"))

    assert found["totals"] == EMPTY
    assert found["items"] == []


def test_groups_are_models_or_keys(shop: Till, account: Account) -> None:
    models = data(shop.get(account, "/observation/metrics", group_by="model"))["items"]
    keys = data(shop.get(account, "/observation/metrics", group_by="api_key"))["items"]

    assert [(one["model"], one["calls"]) for one in models] == [(SMALL, 4), (None, 1)]
    assert [(one["api_key_id"], one["calls"]) for one in keys] == [(account.key_id, 5)]
    assert "api_key_id" not in models[0]


def test_a_window_and_filters_choose_the_calls(shop: Till, account: Account) -> None:
    def calls(**query: str) -> int:
        found = data(shop.get(account, "/observation/metrics", **query))
        return int(found["totals"]["calls"])

    assert calls(**{"from": day(), "to": day(1)}) == 5
    assert calls(**{"from": day(-9), "to": day()}) == 0
    assert calls(model=SMALL) == 4
    assert calls(key_id=account.key_id) == 5
    assert calls(key_id="key_" + "1" * 32) == 0


@pytest.mark.parametrize(("bucket", "count"), [("day", 30), ("hour", 24), (None, 30)])
def test_a_chart_has_a_value_for_each_bucket_and_zeros_where_nothing_was(
    shop: Till, account: Account, bucket: str | None, count: int
) -> None:
    found = data(shop.get(account, "/observation/charts", **({"bucket": bucket} if bucket else {})))

    series = {one["name"]: one["values"] for one in found["series"]}
    assert [one["name"] for one in found["series"]] == SERIES
    assert len(found["labels"]) == count
    assert {len(values) for values in series.values()} == {count}
    assert found["labels"] == sorted(found["labels"])
    # All happened in the last bucket, or an hour ended meanwhile.
    assert sum(series["calls"]) == 5
    assert (sum(series["errors"]), sum(series["refused"])) == (1, 1)
    assert series["calls"][0] == 0
    assert (series["total_p50"][0], series["success_rate"][0], series["charge"][0]) == (
        None,
        None,
        "0.00",
    )
    assert {value for value in series["total_p95"] if value is not None} == {2_900}


def test_a_charts_units_say_what_its_numbers_are(shop: Till, account: Account) -> None:
    found = data(shop.get(account, "/observation/charts"))

    units = {one["name"]: one["unit"] for one in found["series"]}
    assert (units["calls"], units["total_p50"], units["output_tokens"]) == ("calls", "ms", "tokens")
    assert units["charge"] == "USD"


def test_a_charts_first_and_last_bucket_are_whole(shop: Till, account: Account) -> None:
    window = {"from": "2026-11-01T10:30:00Z", "to": "2026-11-01T12:00:01Z", "bucket": "hour"}

    labels = data(shop.get(account, "/observation/charts", **window))["labels"]

    assert [label[11:16] for label in labels] == ["10:00", "11:00", "12:00"]


def test_the_log_lists_every_call_the_newest_first(shop: Till, account: Account) -> None:
    lines = data(shop.get(account, "/observation/logs"))["items"]

    assert [line["status"] for line in lines] == ["refused", "open", "failed", "ok", "ok"]
    assert [line["source"] for line in lines] == ["traces"] + ["ledger"] * 4
    assert [line["code"] for line in lines[:3]] == ["model_not_found", None, "upstream_timeout"]
    charged = lines[3]
    assert (charged["total_ms"], charged["first_byte_ms"]) == (3_000, 200)
    assert (charged["input_tokens"], charged["output_tokens"]) == (10, 20)
    assert charged["api_key_id"] == account.key_id
    assert charged["surface"] == "chat"


def test_the_log_is_filtered_and_paged(shop: Till, account: Account) -> None:
    def listed(**query: Any) -> list[dict[str, Any]]:
        return list(data(shop.get(account, "/observation/logs", **query))["items"])

    everything = listed()
    first = data(shop.get(account, "/observation/logs", limit=2))
    rest = listed(limit=3, cursor=first["next_cursor"])

    assert first["items"] + rest == everything
    assert [line["status"] for line in listed(status="ok")] == ["ok", "ok"]
    assert listed(code="upstream_timeout") == [everything[2]]
    assert listed(request_id=everything[4]["request_id"]) == [everything[4]]
    assert listed(request_id=everything[0]["request_id"]) == [everything[0]]
    assert listed(model="other") == []


def test_the_log_tells_whether_words_are_kept_and_none_of_them(shop: Till) -> None:
    account = shop.account()
    plain, kept, old = (shop.call(account, {"input": 3}) for _ in range(3))
    with psycopg.connect(shop.url) as conn:
        conn.cursor().executemany(
            "INSERT INTO call_contents (request_id, customer_id, prompt, answer, cut, kept_at)"
            " VALUES (%s, %s, 'secret words', 'secret words', false,"
            " clock_timestamp() - make_interval(days => %s))",
            [
                (c.removeprefix("req_"), account.who.customer_id, d)
                for c, d in ((kept, 2), (old, 3))
            ],
        )

    for policy, told in (
        ({"logs_content": True, "retention_days": 3}, {plain: False, kept: True, old: False}),
        ({"logs_content": False}, {plain: False, kept: False, old: False}),
    ):
        shop.do(change_security(account.who.customer_id, policy, actor="test"))
        answer = shop.get(account, "/observation/logs")
        lines = {line["request_id"]: line["has_content"] for line in data(answer)["items"]}
        assert lines == told
        assert "secret words" not in answer.text
        for request_id, has_content in told.items():
            content = shop.get(account, f"/observation/logs/{request_id}/content")
            assert content.is_success is has_content


@pytest.mark.parametrize(
    ("path", "query", "param"),
    [
        ("metrics", {"group_by": "surface"}, "group_by"),
        ("metrics", {"from": "2026-11-02", "to": "2026-11-01"}, "to"),
        ("metrics", {"from": "2190-11-02"}, "from"),
        ("metrics", {"from": "2020-01-01", "to": "2026-01-01"}, "from"),
        ("metrics", {"bucket": "day"}, "bucket"),
        ("charts", {"bucket": "week"}, "bucket"),
        ("charts", {"from": "2026-01-01", "to": "2026-06-01", "bucket": "hour"}, "bucket"),
        ("logs", {"status": "charged"}, "status"),
        ("logs", {"cursor": "AAAA"}, "cursor"),
        ("logs", {"limit": "0"}, "limit"),
    ],
)
def test_an_absurd_question_is_refused(
    shop: Till, account: Account, path: str, query: dict[str, str], param: str
) -> None:
    answer = shop.get(account, f"/observation/{path}", **query)

    assert refused(answer) == (422, "invalid_value")
    assert f"'{param}'" in answer.json()["message"] or param in answer.json()["message"]


def test_too_many_groups_are_refused(
    shop: Till, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.read_observation.health.__kwdefaults__", {"most": 1})

    answer = shop.get(account, "/observation/metrics", group_by="model")

    assert refused(answer) == (422, "invalid_value")
