"""Rebuilding: row for row the same, or else the difference is told and gone."""

import psycopg
import pytest

from adapters.ledger.connection import GATEWAY_ROLE
from projections.catalogue import ALL
from projections.compare import SHOWN_MAX
from projections.customers import Customers
from projections.errors import BusyError, LogError
from projections.rebuild import rebuild
from projections.upkeep import upkeep
from tests.projections.following import (
    Choosy,
    NextCustomers,
    arrived,
    places,
    running,
    until,
    versions,
)
from tests.projections.history import History, everything, follow, owner, rows


@pytest.fixture
def history(database_url: str) -> History:
    told = History(21)
    told.live(600)
    told.store(database_url)
    follow(database_url)
    return told


def test_a_rebuild_gives_the_same_rows(history: History, database_url: str) -> None:
    before = everything(database_url)
    reports: list[tuple[int, int]] = []

    compared = rebuild(
        lambda: owner(database_url),
        GATEWAY_ROLE,
        window=200,
        progress=lambda done, total: reports.append((done, total)),
    )

    assert [(entry.name, entry.different) for entry in compared] == [(p.name, 0) for p in ALL]
    assert sum(entry.rows for entry in compared) == sum(map(len, before.values()))
    assert everything(database_url) == before
    assert reports[0][0] == 0
    assert len(reports) > 4
    assert reports[-1][0] == reports[-1][1] > 0
    assert left_over(database_url) == []
    with psycopg.connect(database_url) as conn:
        conn.execute("SET ROLE tollbook_gateway")
        for name in before:
            conn.execute(f"TABLE read.{name}".encode())


@pytest.mark.parametrize(
    ("name", "table", "fault"),
    [
        ("balances", "balances", "UPDATE read.balances SET posted = posted + 1"),
        ("transactions", "transactions", "DELETE FROM read.transactions WHERE type = 'charge'"),
        ("grants", "grants", "UPDATE read.grants SET held = held + 7777"),
        (
            "deadlines",
            "open_requests",
            "INSERT INTO read.open_requests SELECT key_id, wallet_id, key_id, 1, now(), 9"  # noqa: ISC004
            " FROM read.api_keys",
        ),
        ("customers", "customers", "UPDATE read.customers SET currency = 'EUR'"),
        ("calls", "calls", "UPDATE read.calls SET total = total + 1 WHERE status = 'charged'"),
        ("calls", "usage_days", "UPDATE read.usage_days SET reasoning = reasoning + 1"),
        ("api_keys", "api_keys", "UPDATE read.api_keys SET disabled = true, permissions = '{}'"),
    ],
)
def test_a_planted_difference_is_found_and_gone(
    history: History, database_url: str, name: str, table: str, fault: str
) -> None:
    before = everything(database_url)
    with psycopg.connect(database_url) as conn:
        planted = conn.execute(fault.encode()).rowcount
    assert planted

    compared = rebuild(lambda: owner(database_url), GATEWAY_ROLE)

    different = {entry.name: entry for entry in compared if entry.different}
    assert list(different) == [name]
    assert different[name].different == planted
    examples = different[name].examples
    assert len(examples) == min(planted, SHOWN_MAX)
    assert {example.table for example in examples} == {table}
    assert all(example.expected != example.found for example in examples)
    assert everything(database_url) == before


def test_a_rebuild_beside_a_running_runner_loses_nothing(database_url: str) -> None:
    history = History(22)
    with running(database_url, window=40):
        for _ in range(4):
            history.live(150)
            history.store(database_url)
            compared = rebuild(lambda: owner(database_url), GATEWAY_ROLE)
            assert {entry.different for entry in compared} == {0}
        until(lambda: arrived(database_url))
        shown = everything(database_url)

    with psycopg.connect(database_url) as conn:
        conn.execute("DROP SCHEMA read CASCADE")
    follow(database_url)
    assert everything(database_url) == shown


def test_what_happens_meanwhile_is_in_the_copy(history: History, database_url: str) -> None:
    def go_on(done: int, total: int) -> None:
        if done == total:
            history.live(100)
            history.store(database_url)
            follow(database_url)

    compared = rebuild(lambda: owner(database_url), GATEWAY_ROLE, window=50, progress=go_on)

    assert {entry.different for entry in compared} == {0}
    assert {entry.position for entry in compared} == {history.stored}


def test_each_is_rebuilt_to_where_it_is(history: History, database_url: str) -> None:
    with owner(database_url) as conn:
        conn.execute("DELETE FROM read.balances")
        conn.execute("UPDATE read.projection_positions SET position = 0 WHERE name = 'balances'")

    compared = rebuild(lambda: owner(database_url), GATEWAY_ROLE, window=300)

    assert {entry.different for entry in compared} == {0}
    at = {entry.name: entry.position for entry in compared}
    assert at == {p.name: history.stored for p in ALL} | {"balances": 0}


def test_only_what_is_named_is_rebuilt(history: History, database_url: str) -> None:
    (compared,) = rebuild(lambda: owner(database_url), GATEWAY_ROLE, [Customers()])

    assert compared.name == "customers"
    assert len(places(database_url)) == len(ALL)


def test_read_models_that_are_not_there_are_built(database_url: str) -> None:
    history = History(23)
    history.live(30)
    history.store(database_url)

    rebuild(lambda: owner(database_url), GATEWAY_ROLE)
    follow(database_url)

    assert len(rows(database_url, "TABLE read.customers")) == 3


def test_another_version_is_replaced_without_comparing(history: History, database_url: str) -> None:
    compared = rebuild(lambda: owner(database_url), GATEWAY_ROLE, [NextCustomers()])

    assert compared == []
    assert versions(database_url)["customers"] == 2
    assert rows(database_url, "SELECT DISTINCT tier FROM read.customers") == [("standard",)]


def test_a_rebuild_that_fails_leaves_everything(history: History, database_url: str) -> None:
    before = everything(database_url)
    at = places(database_url)
    ((bad,),) = rows(database_url, "SELECT max(position) FROM read.customers")

    with pytest.raises(LogError):
        rebuild(lambda: owner(database_url), GATEWAY_ROLE, [Choosy(bad, LogError(bad, "no"))])

    assert everything(database_url) == before
    assert places(database_url) == at
    rebuild(lambda: owner(database_url), GATEWAY_ROLE)


def test_two_do_not_work_at_the_same_time(history: History, database_url: str) -> None:
    def connect() -> psycopg.Connection:
        return owner(database_url)

    with upkeep(connect, shared=True), pytest.raises(BusyError):
        rebuild(connect, GATEWAY_ROLE)
    with upkeep(connect, shared=True), upkeep(connect, shared=True):
        pass
    with upkeep(connect, shared=False), pytest.raises(BusyError), upkeep(connect, shared=True):
        pass


def left_over(url: str) -> list[tuple[str]]:
    return rows(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'read_%'")
