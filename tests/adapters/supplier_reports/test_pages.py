"""Pages of buckets: whole reports only, each second once, and every refusal says where."""

import json
from typing import Any

import pytest

from tests.adapters.supplier_reports.told import (
    JSON_FORMATS,
    changed,
    drafted,
    refused,
    result_of,
)

START, DAY_SECONDS = 1_793_491_200, 86_400


def bucket(start: int, end: int, *results: Any) -> dict[str, Any]:
    return {"object": "bucket", "start_time": start, "end_time": end, "results": [*results]}


def page(*buckets: Any, **more: Any) -> bytes:
    return json.dumps({"object": "page", "data": buckets, "has_more": False, **more}).encode()


def usage(tokens: int = 5, **changes: Any) -> dict[str, Any]:
    return {
        "object": "organization.usage.completions.result",
        "model": "m",
        "input_tokens": tokens,
        "output_tokens": 0,
        **changes,
    }


@pytest.mark.parametrize("name", JSON_FORMATS)
def test_a_part_of_a_report_is_refused(name: str) -> None:
    raw = changed(name, lambda page: page.update(has_more=True, next_page="AAAA"))

    where, problem = refused(raw)

    assert where == "$.has_more"
    assert "only a part" in problem


def test_pages_are_joined_in_a_list_that_ends_with_the_last_one() -> None:
    first = json.loads(page(bucket(START, START + 60, usage(1)), has_more=True))
    last = json.loads(page(bucket(START + 60, START + 120, usage(2))))

    draft = drafted(json.dumps([first, last]).encode())

    assert draft.lines[0].usage == {"input": 3}
    assert refused(json.dumps([last, first]).encode())[0] == "[1].has_more"


def test_hours_and_minutes_are_added_up_to_days() -> None:
    hours = [bucket(START + h * 3600, START + (h + 1) * 3600, usage(1)) for h in range(26)]

    draft = drafted(page(*hours))

    assert [(line.day, line.usage) for line in draft.lines] == [
        ("2026-11-01", {"input": 24}),
        ("2026-11-02", {"input": 2}),
    ]
    assert draft.days == ("2026-11-01", "2026-11-02")
    assert draft.partial_days == ("2026-11-02",)


def test_a_report_of_nothing_says_so_for_its_days() -> None:
    draft = drafted(page(bucket(START, START + DAY_SECONDS)), "openai-costs")

    assert (draft.lines, draft.days, draft.kinds) == ((), ("2026-11-01",), ("cost",))


@pytest.mark.parametrize(
    ("buckets", "where", "problem"),
    [
        ([bucket(START, START + 60), bucket(START, START + 60)], "$.data[1]", "repeats $.data[0]"),
        ([bucket(START, START + 60), bucket(START + 30, START + 90)], "$.data[1]", "overlaps"),
        ([bucket(START + 30, START + 90), bucket(START, START + 60)], "$.data[0]", "overlaps"),
        ([bucket(START, START)], "$.data[0]", "ends before"),
        ([bucket(START + 60, START)], "$.data[0]", "ends before"),
        ([bucket(START, START + DAY_SECONDS + 1)], "$.data[0]", "more than one UTC day"),
        ([bucket(START - 1, START + 1)], "$.data[0]", "more than one UTC day"),
        ([bucket(START * 1000, (START + 1) * 1000)], "$.data[0]", "from 2015 to 2100"),
        ([bucket(0, 60)], "$.data[0]", "from 2015 to 2100"),
        ([bucket(START, None)], "$.data[0]", "from 2015 to 2100"),
        ([bucket(True, START)], "$.data[0]", "from 2015 to 2100"),
        ([{**bucket(START, START + 60), "results": None}], "$.data[0].results", "a list"),
        ([{**bucket(START, START + 60), "results": [1]}], "$.data[0].results[0]", "an object"),
        ([7], "$.data[0]", "an object"),
        ([], "the file", "no bucket"),
    ],
)
def test_buckets_that_make_no_sense_are_refused(
    buckets: list[Any], where: str, problem: str
) -> None:
    told = refused(page(*buckets), "openai-usage")

    assert told[0] == where
    assert problem in told[1]


@pytest.mark.parametrize("name", ["anthropic-usage", "anthropic-cost"])
@pytest.mark.parametrize(
    "time", ["2026-11-01", "yesterday", None, "2026-11-01T00:00:00", "9999-12-31T23:59:59-12:00"]
)
def test_anthropics_times_have_a_zone(name: str, time: str | None) -> None:
    raw = changed(name, lambda page: page["data"][0].update(starting_at=time))

    assert refused(raw) == ("$.data[0]", "its times must be from 2015 to 2100")


def test_a_time_in_another_zone_is_the_same_moment() -> None:
    def elsewhere(page: Any) -> None:
        page["data"][0].update(
            starting_at="2026-11-01T01:00:00+01:00", ending_at="2026-11-01T23:00:00-01:00"
        )

    assert drafted(changed("anthropic-usage", elsewhere)).days == ("2026-11-01",)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b'{"data": [', "not valid JSON"),
        (b'{"a": 1, "a": 1}', "same key twice"),
        (b'{"a": NaN}', "NaN is not"),
        (b'{"a": 1e999999}', "out of range"),
        (b'{"a": ' + b"1" * 41 + b"}", "more than 40"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff{}", "not UTF-8"),
        (b"[]", "no result to tell its format"),
    ],
)
def test_what_is_no_json_of_ours_is_refused(raw: bytes, problem: str) -> None:
    where, told = refused(raw)

    assert where in {"the file", "line 1"}
    assert problem in told or raw.startswith(b"\xff")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [(b"[]", "no page"), (b"[1]", "an object"), (b"{}", "a list"), (b"null", "an object")],
)
def test_a_page_must_be_one(raw: bytes, problem: str) -> None:
    assert problem in refused(raw, "openai-usage")[1]


def test_a_format_is_told_by_the_first_result_there_is() -> None:
    raw = page(bucket(START, START + 60), bucket(START + 60, START + 120, usage(2)))

    assert drafted(raw).format == "openai-usage"


def test_a_result_of_no_known_format_is_refused() -> None:
    assert refused(page(bucket(START, START + 60, {"object": "x"})))[1] == "is of no known format"


@pytest.mark.parametrize("name", ["openai-usage", "anthropic-usage"])
def test_usage_must_be_grouped_by_model(name: str) -> None:
    where, problem = refused(changed(name, lambda page: result_of(page).update(model=None)))

    assert where == "$.data[0].results[0].model"
    assert "grouped by model" in problem


@pytest.mark.parametrize("name", JSON_FORMATS)
def test_a_secret_is_refused_and_not_repeated(name: str) -> None:
    secret = "sk-proj-abcdef"
    field = "workspace_id" if name == "anthropic-cost" else "api_key_id"

    where, problem = refused(changed(name, lambda page: result_of(page).update({field: secret})))

    assert where.endswith(field)
    assert "give the key's id" in problem
    assert secret not in problem


@pytest.mark.parametrize("name", JSON_FORMATS)
@pytest.mark.parametrize("value", ["", "two words", "x" * 201, 7, ["key"], "k\x00"])
def test_a_credential_is_an_id(name: str, value: object) -> None:
    field = "workspace_id" if name == "anthropic-cost" else "api_key_id"

    where, problem = refused(changed(name, lambda page: result_of(page).update({field: value})))

    assert where.endswith(field)
    assert "visible ASCII" in problem


def test_a_project_stands_in_where_no_result_names_a_key() -> None:
    def by_project(page: Any) -> None:
        for result in page["data"][0]["results"]:
            result["api_key_id"] = None
        result_of(page, 1)["project_id"] = None

    lines = drafted(changed("openai-usage", by_project)).lines

    assert [(line.model, line.credential) for line in lines] == [
        ("gpt-4o-2024-08-06", ""),
        ("gpt-4o-mini-2024-07-18", "proj_abc"),
    ]


def test_a_result_without_a_key_is_nobodys_where_others_name_one() -> None:
    raw = changed("openai-usage", lambda page: result_of(page, 1).update(api_key_id=None))

    assert [line.credential for line in drafted(raw).lines] == ["", "key_ours"]
