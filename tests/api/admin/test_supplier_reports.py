"""Taking suppliers' reports in: all or nothing, once however often, and the later one speaks."""

from typing import Any

from tests.adapters.ledger.database import seen
from tests.adapters.supplier_reports.told import BY_FORMAT, sample
from tests.api.admin.supplied import DAY, Sales, send, supplied, table
from tests.api.helpers import Office, data, refused

GOOD = table(f"{DAY},up,5,6,1.25,USD")


def events(url: str) -> int:
    found: int = seen(url, "SELECT coalesce(max(position), 0) FROM ledger_events")
    return found


def listed(clerk: Office, **query: str) -> Any:
    return data(clerk.get("/supplier-reports", params=query))["items"]


def test_a_report_is_imported_and_listed(database_url: str) -> None:
    with supplied(database_url, Sales()) as clerk:
        taken = data(send(clerk, GOOD), 201)
        (item,) = listed(clerk)

    assert taken["report_id"].startswith("rep_")
    assert (taken["new"], taken["dry_run"], taken["supersedes"]) == (True, False, [])
    assert (taken["format"], taken["kinds"], taken["currency"]) == ("csv", ["usage", "cost"], "USD")
    for name in ("report_id", "provider", "format", "sha256", "kinds", "currency", "from_day",
                 "to_day", "day_count", "partial_days", "read_count", "line_count"):  # fmt: skip
        assert item[name] == taken[name]
    assert (item["speaks_for_days"], item["actor"]) == (1, "operator")
    assert item["imported_at"].endswith("Z")


def test_the_same_file_twice_is_one_report(database_url: str) -> None:
    with supplied(database_url, Sales()) as clerk:
        first = data(send(clerk, GOOD), 201)
        before = events(database_url)
        again = send(clerk, GOOD)

        assert data(again) == {**first, "new": False}
        assert again.headers["idempotency-hit"] == "true"
        assert events(database_url) == before
        assert len(listed(clerk)) == 1
        assert refused(send(clerk, GOOD, format="openai-usage")) == (422, "invalid_report")


def test_every_format_is_taken(database_url: str) -> None:
    with supplied(database_url, Sales()) as clerk:
        for name in BY_FORMAT:
            taken = data(send(clerk, sample(name), format=name), 201)
            assert (taken["format"], taken["provider"]) == (name, "p")


def test_a_dry_run_tells_and_writes_nothing(database_url: str) -> None:
    newer = table(f"{DAY},up,5,6,1.50,USD")
    with supplied(database_url, Sales()) as clerk:
        older = data(send(clerk, GOOD), 201)
        before = events(database_url)
        looked = data(send(clerk, newer, dry_run="true"))
        assert events(database_url) == before
        taken = data(send(clerk, newer, dry_run="false"), 201)
        reports = listed(clerk)

    assert looked == {**taken, "dry_run": True}
    assert looked["supersedes"] == [
        {"report_id": older["report_id"], "kind": "usage", "days": [DAY]},
        {"report_id": older["report_id"], "kind": "cost", "days": [DAY]},
    ]
    assert [(row["report_id"], row["speaks_for_days"]) for row in reports] == [
        (taken["report_id"], 1),
        (older["report_id"], 0),
    ]


REFUSED: list[tuple[bytes, dict[str, str], tuple[int, str]]] = [
    (b"", {}, (422, "invalid_report")),
    (table(), {}, (422, "invalid_report")),
    (b"{", {}, (422, "invalid_report")),
    (b"\xff", {}, (422, "invalid_report")),
    (GOOD + b"\nTotal,,,,,", {}, (422, "invalid_report")),
    (table(f"{DAY},up,5,6,1.25,EUR"), {}, (422, "currency_mismatch")),
    (table(f"{DAY},up,5,6,1.25,XYZ"), {}, (422, "currency_mismatch")),
    (GOOD, {"provider": "nobody"}, (422, "invalid_value")),
    (GOOD, {"provider": "p\0"}, (422, "invalid_value")),
    (GOOD, {"format": "xml"}, (422, "invalid_value")),
    (GOOD, {"dry_run": "maybe"}, (422, "invalid_value")),
    (GOOD, {"provider": "p", "what": "x"}, (422, "invalid_value")),
]


def test_what_cannot_be_taken_is_refused_and_nothing_is_written(database_url: str) -> None:
    with supplied(database_url, Sales()) as clerk:
        before = events(database_url)
        for raw, query, answer in REFUSED:
            assert refused(send(clerk, raw, **query)) == answer, (raw, query)

        assert events(database_url) == before
        assert listed(clerk) == []


def test_a_refusal_says_where_and_why(database_url: str) -> None:
    with supplied(database_url, Sales()) as clerk:
        answer = send(clerk, table(f"{DAY},up,5,6,1.25,USD", f"{DAY},up,5,-6,1.25,USD"))

    assert answer.json()["message"].startswith("line 3, output_tokens: must be a whole number")


def test_a_report_without_a_provider_is_refused(database_url: str) -> None:
    with supplied(database_url, Sales()) as clerk:
        answer = clerk.request("POST", "/admin/v1/supplier-reports", content=GOOD)

    assert refused(answer) == (422, "invalid_value")


def test_a_file_is_bounded(database_url: str) -> None:
    with supplied(database_url, Sales()) as clerk:
        clerk.desk.settings = clerk.desk.settings.model_copy(update={"max_body_bytes": 1024})

        answer = send(clerk, GOOD + b"\n" * 2_000)

    assert refused(answer) == (413, "request_too_large")


def test_reports_are_listed_by_provider(database_url: str) -> None:
    with supplied(database_url, Sales()) as clerk:
        for provider in ("p", "q"):
            data(send(clerk, GOOD, provider=provider), 201)

        assert [row["provider"] for row in listed(clerk)] == ["q", "p"]
        assert [row["provider"] for row in listed(clerk, provider="p")] == ["p"]
        assert [row["provider"] for row in listed(clerk, limit="1")] == ["q"]
        assert refused(clerk.get("/supplier-reports?limit=0")) == (422, "invalid_value")
