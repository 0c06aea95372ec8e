"""Whose name is whose: each rule, listed with what it did."""

from typing import Any

import pytest

from projections.tie_out.names import Renamed, base_of, match_credentials, match_models

MINI, DATED = "gpt-4o-mini", "gpt-4o-mini-2024-07-18"


@pytest.mark.parametrize(
    ("model", "base"),
    [
        (DATED, MINI),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-sonnet-4@20250514", "claude-sonnet-4"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
        (MINI, MINI),
        ("gpt-4-0613", "gpt-4-0613"),
        ("-2024-07-18", "-2024-07-18"),
    ],
)
def test_a_snapshot_has_a_base(model: str, base: str) -> None:
    assert base_of(model) == base


@pytest.mark.parametrize(
    ("ours", "theirs", "given", "found", "rule"),
    [
        ({MINI}, MINI, {}, MINI, "exact"),
        ({MINI}, DATED, {}, MINI, "snapshot"),
        ({DATED}, MINI, {}, DATED, "base"),
        ({DATED}, "gpt-4o-mini-latest", {}, DATED, "base"),
        ({DATED, "gpt-4o-mini-2025-01-01"}, MINI, {}, MINI, "none"),
        ({MINI, DATED}, "gpt-4o-mini-2030-01-01", {}, MINI, "snapshot"),
        ({MINI}, "gpt-4o", {}, "gpt-4o", "none"),
        (set(), DATED, {}, DATED, "none"),
        ({MINI}, "gpt-4o", {"gpt-4o": MINI}, MINI, "given"),
        ({MINI}, MINI, {MINI: "x"}, "x", "given"),
    ],
)
def test_a_model_of_theirs_is_found_by_a_rule(
    ours: set[str], theirs: str, given: dict[str, str], found: str, rule: str
) -> None:
    names = match_models(ours, {theirs}, given)

    assert names.theirs == {theirs: found}
    assert names.listed == (Renamed("theirs", theirs, found, rule),)
    assert names.ours == {name: name for name in ours}


def test_two_of_ours_that_they_bill_as_one_are_merged() -> None:
    names = match_models({MINI, DATED, "gpt-4o"}, {DATED}, {})

    assert names.ours == {MINI: MINI, DATED: MINI, "gpt-4o": "gpt-4o"}
    assert names.theirs == {DATED: MINI}
    assert names.listed == (
        Renamed("ours", DATED, MINI, "merged"),
        Renamed("theirs", DATED, MINI, "merged"),
    )


@pytest.mark.parametrize("theirs", [{MINI, DATED}, {DATED, "gpt-4o-mini-2030-01-01"}, set[str]()])
def test_two_of_ours_that_they_tell_apart_stay_apart(theirs: set[str]) -> None:
    assert match_models({MINI, DATED}, theirs, {}).ours == {MINI: MINI, DATED: DATED}


@pytest.mark.parametrize(
    ("theirs", "given", "found"),
    [
        ({"usage": {"key_1"}}, {}, {"key_1": ("p", "only_one")}),
        ({"usage": {""}}, {}, {"": ("p", "only_one")}),
        (
            {"usage": {"key_1"}, "cost": {"proj_1"}},
            {},
            {"key_1": ("p", "only_one"), "proj_1": ("p", "only_one")},
        ),
        (
            {"usage": {"key_1", "key_2"}},
            {},
            {"key_1": ("key_1", "none"), "key_2": ("key_2", "none")},
        ),
        ({"usage": {"", "key_2"}}, {}, {"": ("p", "only_one"), "key_2": ("key_2", "none")}),
        (
            {"usage": {"key_1", "key_2"}},
            {"key_1": "p"},
            {"key_1": ("p", "given"), "key_2": ("key_2", "none")},
        ),
        ({"usage": {"p", "key_2"}}, {}, {"p": ("p", "exact"), "key_2": ("key_2", "none")}),
    ],
)
def test_a_credential_of_theirs_is_found_by_a_rule(
    theirs: Any, given: dict[str, str], found: dict[str, tuple[str, str]]
) -> None:
    names = match_credentials({"p"}, theirs, given)

    assert {name: names.theirs[name] for name in found} == {n: to for n, (to, _) in found.items()}
    assert names.listed == tuple(
        sorted(Renamed("theirs", name, to, rule) for name, (to, rule) in found.items())
    )


def test_with_two_credentials_of_ours_nothing_is_guessed() -> None:
    names = match_credentials({"p", "q"}, {"usage": {"key_1", ""}}, {})

    assert names.theirs == {"key_1": "key_1", "": ""}


def test_what_one_report_tells_alone_stands_where_another_tells_more() -> None:
    names = match_credentials({"p"}, {"usage": {"key_1", "key_2"}, "cost": {"key_1"}}, {})

    assert names.theirs == {"key_1": "p", "key_2": "key_2"}
