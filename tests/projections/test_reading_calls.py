"""What is read of calls and usage: whole lists, any filter, any grouping, and the same sums."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.inference_request import Attempted, Charged, Corrected, Reserved
from projections.pages import CursorError
from projections.read_calls import CallRow, Filters, all_calls, call, calls, facts
from projections.read_usage import Selection, TooManyGroupsError, ever_used, usage
from projections.usage_figures import Figures
from tests.projections.history import database, follow
from tests.projections.looking import Looking, ask, looking
from tests.projections.months import Months

DIMENSIONS = (
    [], ["day"], ["model"], ["api_key"], ["tag:cost_center"], ["tag:nobody"],
    ["day", "model"], ["tag:cost_center", "model", "day", "api_key"],
)  # fmt: skip


@pytest.fixture(scope="module")
def shown(server_url: str) -> Iterator[tuple[Months, str]]:
    """A history over some months, with several keys a customer, to look at only."""
    with database(server_url) as url:
        told = Months(17)
        told.live(900)
        told.store(url)
        follow(url)
        told.who = told.everyone[1]
        yield told, url


@pytest.fixture
def everything(shown: tuple[Months, str]) -> list[CallRow]:
    """Every call of the customer, the newest first."""
    history, url = shown
    rows = list(ask(url, lambda conn: calls(conn, history.who.wallet_id, limit=1000)).items)
    assert len(rows) > 50
    return rows


def listed(shown: tuple[Months, str], **filters: Any) -> list[CallRow]:
    history, url = shown
    wallet_id = history.who.wallet_id
    return list(ask(url, lambda conn: calls(conn, wallet_id, Filters(**filters), limit=1000)).items)


def downloaded(shown: tuple[Months, str], upto: int, batch: int, **filters: Any) -> list[CallRow]:
    history, url = shown

    def connect() -> AbstractAsyncContextManager[Looking]:
        return looking(url)

    async def whole(_: Looking) -> list[CallRow]:
        found: list[CallRow] = []
        wallet_id = history.who.wallet_id
        async for rows in all_calls(connect, wallet_id, Filters(**filters), upto=upto, batch=batch):
            assert 0 < len(rows) <= batch
            found += rows
        return found

    return ask(url, whole)


def test_the_newest_calls_come_first(everything: list[CallRow]) -> None:
    positions = [row.created_position for row in everything]

    assert positions == sorted(positions, reverse=True)


def test_pages_join_to_the_whole_list(shown: tuple[Months, str], everything: list[CallRow]) -> None:
    history, url = shown

    async def all_pages(conn: Looking) -> list[CallRow]:
        found: list[CallRow] = []
        cursor = None
        while True:
            page = await calls(conn, history.who.wallet_id, cursor=cursor, limit=7)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    assert ask(url, all_pages) == everything


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_a_download_is_the_same_list_the_other_way(
    shown: tuple[Months, str], everything: list[CallRow], batch: int
) -> None:
    history, _ = shown

    assert downloaded(shown, len(history.ledger.facts), batch) == everything[::-1]


def test_a_download_ends_where_the_log_was_when_it_began(
    shown: tuple[Months, str], everything: list[CallRow]
) -> None:
    middle = everything[len(everything) // 2].created_position

    found = downloaded(shown, middle, 10)

    assert found == [row for row in everything[::-1] if row.created_position <= middle]


@pytest.mark.parametrize(
    "filters",
    [
        {"model": "m"},
        {"model": "free"},
        {"status": "charged"},
        {"status": "released"},
        {"status": "unknown"},
        {"tags": {"cost_center": "blue"}},
        {"tags": {"cost_center": "blue"}, "status": "charged", "model": "m"},
        {"key_id": UUID(int=7)},
    ],
)
def test_filters_leave_what_they_say(
    shown: tuple[Months, str], everything: list[CallRow], filters: dict[str, Any]
) -> None:
    def wanted(row: CallRow) -> bool:
        tags = filters.get("tags", {})
        same = all(getattr(row, name) == filters[name] for name in set(filters) - {"tags"})
        return same and tags.items() <= row.tags.items()

    expected = [row for row in everything if wanted(row)]
    assert listed(shown, **filters) == expected
    assert downloaded(shown, 10**9, 5, **filters) == expected[::-1]
    assert len(expected) < len(everything)


def test_the_beginning_of_a_time_is_included_and_its_end_is_not(
    shown: tuple[Months, str], everything: list[CallRow]
) -> None:
    since, until = everything[30].created_at, everything[10].created_at
    assert since < until

    found = listed(shown, since=since, until=until)

    assert found == [row for row in everything if since <= row.created_at < until]
    assert everything[30] in found
    assert listed(shown, since=until, until=until + timedelta(microseconds=1))[0] in everything


def test_one_call_is_found_by_its_own_wallet_only(
    shown: tuple[Months, str], everything: list[CallRow]
) -> None:
    history, url = shown
    row = everything[0]

    assert ask(url, lambda conn: call(conn, history.who.wallet_id, row.request_id)) == row
    other = history.everyone[0].wallet_id
    assert ask(url, lambda conn: call(conn, other, row.request_id)) is None


def test_the_facts_of_a_call_hold_nothing_of_a_suppliers(shown: tuple[Months, str]) -> None:
    history, url = shown
    attempted = {fact.originator_id for fact in history.facts(Attempted)}
    corrected = {fact.originator_id for fact in history.facts(Corrected)} & attempted
    request_id = min(corrected)

    told = ask(url, lambda conn: facts(conn, request_id))

    topics = [event.topic for event in told]
    assert topics[:2] == [Reserved.TOPIC, Charged.TOPIC]
    assert set(topics[2:]) == {Corrected.TOPIC}
    assert [event.position for event in told] == sorted(event.position for event in told)


def test_a_cursor_of_another_list_is_not_taken(shown: tuple[Months, str]) -> None:
    history, url = shown
    wallet_id = history.who.wallet_id
    page = ask(url, lambda conn: calls(conn, wallet_id, limit=1))
    other = Filters(status="charged")

    with pytest.raises(CursorError):
        ask(url, lambda conn: calls(conn, wallet_id, other, cursor=page.next_cursor))


@pytest.mark.parametrize("dimensions", DIMENSIONS)
def test_groups_add_up_to_the_calls(
    shown: tuple[Months, str], everything: list[CallRow], dimensions: list[str]
) -> None:
    history, url = shown

    groups = ask(url, lambda conn: usage(conn, history.who.wallet_id, Selection(), dimensions))

    told = Figures.sum(group.figures for group in groups)
    tokens: Counter[str] = Counter()
    for row in everything:
        tokens.update(row.usage)
    assert {**told.tokens, **told.tool_requests} == dict(tokens)
    assert told.tool_requests == {"web_search": tokens["web_search"]}
    assert (told.calls, told.amount, told.corrected, told.total) == (
        len(everything),
        sum(row.amount for row in everything),
        sum(row.corrected for row in everything),
        sum(row.total for row in everything),
    )
    assert told.input_tokens == sum(row.input_tokens for row in everything)
    assert told.output_tokens == sum(row.output_tokens for row in everything)
    keys = [group.key for group in groups]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == len(dimensions) for key in keys)


def test_groups_have_in_common_what_they_say(
    shown: tuple[Months, str], everything: list[CallRow]
) -> None:
    history, url = shown
    wallet_id = history.who.wallet_id
    dimensions = ["model", "tag:cost_center"]

    groups = ask(url, lambda conn: usage(conn, wallet_id, Selection(), dimensions))

    expected: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in everything:
        expected[row.model, row.tags.get("cost_center")] += row.amount
    assert {group.key: group.figures.amount for group in groups} == expected


def test_a_selection_leaves_what_it_says(
    shown: tuple[Months, str], everything: list[CallRow]
) -> None:
    history, url = shown
    wallet_id = history.who.wallet_id
    day = everything[20].created_at.date()

    def selected(**selection: Any) -> Figures:
        (group,) = ask(url, lambda conn: usage(conn, wallet_id, Selection(**selection)))
        return group.figures

    charged = [row for row in everything if row.status == "charged"]
    on_day = selected(since=day, until=day + timedelta(days=1))
    assert on_day.calls == sum(row.created_at.date() == day for row in everything) > 0
    assert on_day.amount == sum(
        row.amount for row in charged if row.ended_at and row.ended_at.date() == day
    )
    period = charged[-1].period
    assert selected(period=period).amount == sum(r.amount for r in charged if r.period == period)
    assert selected(model="m").calls == sum(row.model == "m" for row in everything)
    assert selected(key_id=history.who.key_id).calls == len(everything)
    assert selected(key_id=UUID(int=7)) == Figures()


def test_groups_beyond_the_most_are_refused(shown: tuple[Months, str]) -> None:
    history, url = shown
    wallet_id = history.who.wallet_id
    days = ask(url, lambda conn: usage(conn, wallet_id, Selection(), ["day"]))

    most = len(days)
    assert ask(url, lambda c: usage(c, wallet_id, Selection(), ["day"], most=most)) == days
    with pytest.raises(TooManyGroupsError):
        ask(url, lambda conn: usage(conn, wallet_id, Selection(), ["day"], most=most - 1))


def test_a_model_was_used_or_not(shown: tuple[Months, str]) -> None:
    history, url = shown
    wallet_id = history.who.wallet_id

    assert ask(url, lambda conn: ever_used(conn, wallet_id, "m"))
    assert not ask(url, lambda conn: ever_used(conn, wallet_id, "none"))
    assert not ask(url, lambda conn: ever_used(conn, UUID(int=1), "m"))


def test_an_average_is_rounded_and_of_nothing_there_is_none() -> None:
    assert Figures(charges=3, amount=5, corrected=5).average == 2
    assert Figures(charges=2, amount=5).average == 2
    assert Figures(amount=5).average is None
    assert Figures.sum([]) == Figures()
