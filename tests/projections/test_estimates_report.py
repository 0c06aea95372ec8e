"""Estimates against what prompts came to: ratios of each call, and a margin that covers them."""

from contextlib import closing
from typing import Any

import pytest

from domain.inference_request import ESTIMATED, PARTIAL
from projections.reports.estimates import ESTIMATES
from projections.reports.report import Asked, draw_report
from tests.projections.history import History, follow
from tests.projections.looking import Looking, ask

Line = dict[str, Any]
CARDS = {name: {"input": 0, "output": 0} for name in ("one", "other")}


def drawn(history: History, url: str, **asked: Any) -> list[Line]:
    history.store(url)
    follow(url)
    given = Asked(history.now, **{"until": "9999-12", **asked})

    async def asking(conn: Looking) -> list[Line]:
        with closing(await draw_report(conn, ESTIMATES, given)) as found:
            return list(found.lines)

    return ask(url, asking)


def told() -> History:
    return History(cards=CARDS, customers=1)


def call(history: History, model: str, held: int, real: int) -> None:
    history.charge(history.reserve(tokens=held, model=model), {"input": real, "output": 1})


def test_ratios_are_of_the_reported_input_to_the_input_held_for(database_url: str) -> None:
    history = told()
    for real in (50, 60, 70, 80, 130):
        call(history, "one", 100, real)
    call(history, "other", 3, 1)

    one, other = drawn(history, database_url, margins={"one": 135})

    assert one == {
        "model": "one", "calls": 5, "above": 1, "p50": "0.7000", "p99": "1.3000",
        "p99_9": "1.3000", "max": "1.3000", "margin": "1.35", "covering_margin": "1.76",
    }  # fmt: skip
    assert (other["p50"], other["margin"], other["covering_margin"]) == ("0.3334", None, None)


def test_one_call_in_a_thousand_may_be_above_the_margin(database_url: str) -> None:
    history = told()
    for _ in range(1_000):
        call(history, "one", 100, 90)
    call(history, "one", 100, 500)

    (line,) = drawn(history, database_url, margins={"one": 100})

    assert (line["calls"], line["above"]) == (1_001, 1)
    assert (line["p99_9"], line["max"], line["covering_margin"]) == ("0.9000", "5.0000", "0.90")


def test_the_covering_margin_would_have_covered(database_url: str) -> None:
    history = told()
    for held, real in ((135, 150), (270, 310), (540, 500)):
        call(history, "one", held, real)

    (line,) = drawn(history, database_url, margins={"one": 135})

    percent = int(line["covering_margin"].replace(".", ""))
    for count, real in ((100, 150), (200, 310), (400, 500)):
        assert -(-count * percent // 100) >= real


@pytest.mark.parametrize("basis", [ESTIMATED, PARTIAL])
def test_only_what_was_reported_is_compared(database_url: str, basis: str) -> None:
    history = told()
    history.charge(history.reserve(model="one"), {"input": 5}, basis)
    history.release(history.reserve(model="one"))
    history.reserve(model="one")
    call(history, "one", 0, 5)

    assert drawn(history, database_url) == []


def test_the_report_is_of_the_months_asked_for(database_url: str) -> None:
    history = told()
    call(history, "one", 100, 10)
    history.tick(days=31)
    call(history, "one", 100, 20)

    def ratios(**months: str) -> list[str]:
        return [line["max"] for line in drawn(history, database_url, **months)]

    assert ratios(until="2026-11") == ["0.1000"]
    assert ratios(since="2026-12") == ["0.2000"]
    assert ratios(since="2026-11", until="2026-12") == ["0.2000"]
    assert ratios(until="2026-10") == []
