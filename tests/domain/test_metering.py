"""What a call is charged by: the report if it can be true, else our own count."""

import pytest

from domain.metering import (
    IMPLAUSIBLE,
    MISSING,
    TRUNCATED,
    ZERO,
    Estimate,
    Produced,
    Report,
    Verdict,
    judge,
)
from domain.usage import exclusive

ESTIMATE = Estimate(count=10, hold=14, ceiling=100)
CONTEXT = 1_000


def said(tokens: int) -> Produced:
    return Produced(lambda: tokens > 0, lambda: tokens)


def verdict(report: Report, tokens: int = 5, *, complete: bool = True) -> Verdict:
    return judge(report, said(tokens), ESTIMATE, output_max=CONTEXT, complete=complete)


def test_a_report_that_can_be_true_is_believed_with_its_flags() -> None:
    usage = exclusive(input=9, output=4)

    found = verdict(Report(usage, flags=("odd",)))

    assert found == Verdict("reported", usage, ["odd"])


@pytest.mark.parametrize(
    ("complete", "basis", "flags"),
    [(True, "estimated", [MISSING]), (False, "partial", [TRUNCATED, MISSING])],
)
def test_without_a_report_we_count_ourselves(complete: bool, basis: str, flags: list[str]) -> None:
    found = verdict(Report(), complete=complete)

    assert found == Verdict(basis, exclusive(input=10, output=5), flags)


def test_a_broken_answer_whose_usage_came_is_charged_by_it() -> None:
    usage = exclusive(input=9, output=4)

    assert verdict(Report(usage), complete=False) == Verdict("reported", usage, [TRUNCATED])


@pytest.mark.parametrize("usage", [exclusive(output=4), exclusive(input=9)])
def test_zeros_for_what_was_there_are_not_believed(usage: object) -> None:
    found = verdict(Report(usage))  # type: ignore[arg-type]

    assert found == Verdict("estimated", exclusive(input=10, output=5), [ZERO])


def test_no_output_for_an_answer_that_says_nothing_is_believed() -> None:
    usage = exclusive(input=9)

    assert verdict(Report(usage), tokens=0) == Verdict("reported", usage, [])


@pytest.mark.parametrize(
    "usage", [exclusive(input=101, output=1), exclusive(input=9, output=CONTEXT + 1)]
)
def test_more_than_can_be_is_quarantined(usage: object) -> None:
    found = verdict(Report(usage))  # type: ignore[arg-type]

    assert (found.basis, found.flags) == (None, [IMPLAUSIBLE])


@pytest.mark.parametrize(
    "usage", [exclusive(input=100, output=1), exclusive(input=9, output=CONTEXT)]
)
def test_the_bounds_themselves_can_be(usage: object) -> None:
    assert verdict(Report(usage)).basis == "reported"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("complete", "basis", "flags"),
    [(True, "estimated", ["usage_missing"]), (False, "partial", ["truncated"])],
)
def test_where_only_the_prompt_was_told_what_was_said_is_counted(
    complete: bool, basis: str, flags: list[str]
) -> None:
    told = Report(exclusive(input=9, cached_input=50, output=1), input_only=True)

    found = verdict(told, tokens=7, complete=complete)

    assert found == Verdict(basis, exclusive(input=9, cached_input=50, output=7), flags)


def test_a_prompt_of_nothing_is_not_believed_even_if_only_that_was_told() -> None:
    found = verdict(Report(exclusive(output=1), input_only=True), tokens=7, complete=False)

    assert found.usage == exclusive(input=ESTIMATE.count, output=7)


@pytest.mark.parametrize(("searches", "basis"), [(10_000, "reported"), (10_001, None)])
def test_more_requests_to_a_tool_than_any_call_makes_are_not_believed(
    searches: int, basis: str | None
) -> None:
    found = verdict(Report(exclusive(input=5, output=5, web_search=searches)))

    assert found.basis == basis
