"""The log of calls: held for or refused, in one order, whatever the filter and the page."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from projections.pages import CursorError
from projections.read_call_log import LogFilters, LogLine, log_lines
from tests.projections.history import database, installed
from tests.projections.looking import Looking, ask
from tests.projections.observed import KEYS, NOON, OTHER, WALLET, Fate, make_fates, store_fates

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def shown(server_url: str) -> Iterator[tuple[str, list[Fate]]]:
    fates = make_fates(8, 300)
    with database(server_url) as url:
        with installed(url):
            pass
        store_fates(url, fates)
        yield url, fates


def shape(line: LogLine) -> tuple[Any, ...]:
    return (
        line.request_id, line.at, line.key_id, line.model, line.outcome, line.code,
        line.input_tokens, line.output_tokens, line.total, line.first_byte_ms,
    )  # fmt: skip


def plain(fate: Fate) -> tuple[Any, ...]:
    return (
        fate.request_id, fate.at, fate.key_id, fate.model, fate.outcome, fate.code,
        fate.input_tokens, fate.output_tokens, fate.total, fate.first_byte_ms,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "keeps"),
    [
        ({}, lambda fate: True),
        ({"outcome": "refused"}, lambda fate: fate.outcome == "refused"),
        ({"outcome": "ok", "model": "small"},
         lambda fate: (fate.outcome, fate.model) == ("ok", "small")),
        ({"code": "outcome_unknown"}, lambda fate: fate.code == "outcome_unknown"),
        ({"key_id": KEYS[0]}, lambda fate: fate.key_id == KEYS[0]),
        ({"since": NOON - DAY, "until": NOON},
         lambda fate: NOON - DAY <= fate.at < NOON),
    ],
    ids=["all", "refused", "answered by a model", "unknown", "of a key", "of a day"],
)  # fmt: skip
@pytest.mark.parametrize("limit", [7, 1_000])
def test_pages_join_to_the_calls_that_were_asked_for(
    shown: tuple[str, list[Fate]], filters: dict[str, Any], keeps: Any, limit: int
) -> None:
    url, fates = shown

    async def all_pages(conn: Looking) -> list[LogLine]:
        found: list[LogLine] = []
        cursor = None
        while True:
            page = await log_lines(conn, WALLET, LogFilters(**filters), cursor=cursor, limit=limit)
            assert len(page.items) <= limit
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    wanted = [fate for fate in fates if fate.wallet_id == WALLET and keeps(fate)]
    assert len(wanted) > 5
    assert list(map(shape, ask(url, all_pages))) == list(map(plain, wanted))


def test_one_call_is_found_by_its_own_wallet_alone(shown: tuple[str, list[Fate]]) -> None:
    url, fates = shown
    for status in ("charged", "refused"):
        fate = next(f for f in fates if (f.wallet_id, f.status) == (WALLET, status))
        by_id = LogFilters(request_id=fate.request_id)

        own = ask(url, lambda conn, f=by_id: log_lines(conn, WALLET, f, limit=9))
        theirs = ask(url, lambda conn, f=by_id: log_lines(conn, OTHER, f, limit=9))

        assert [line.request_id for line in own.items] == [fate.request_id]
        assert list(theirs.items) == []


def test_a_cursor_of_another_list_is_refused(shown: tuple[str, list[Fate]]) -> None:
    url, _ = shown
    page = ask(url, lambda conn: log_lines(conn, WALLET, LogFilters(), limit=3))

    with pytest.raises(CursorError):
        ask(
            url,
            lambda conn: log_lines(conn, OTHER, LogFilters(), cursor=page.next_cursor, limit=3),
        )
