"""A thousand ways to tamper with the stored log, none of which the seal's check lets pass."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from tests.adapters.seal.sealed import INSIDE, audit, owner, seal
from tests.projections.history import History

TRIES = 1_000

Tamper = Callable[[random.Random, Connection], set[int]]
"""Does something forbidden to one row or two; gives the positions that are to be named."""


@pytest.fixture
def sealed_url(database_url: str) -> Iterator[str]:
    """A true history, with the gaps that failed commits leave, under several heads."""
    history = History(7)
    for _ in range(6):
        history.live(60)
        history.store(database_url)
        with psycopg.connect(database_url) as conn:
            conn.execute("SELECT nextval('ledger_events_position_seq') FROM generate_series(1, 9)")
        seal(database_url)
    return database_url


def one(conn: Connection, query: str, *parameters: object) -> Any:
    row = conn.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row[0]


def some(rng: random.Random, conn: Connection) -> int:
    """Pick an event's position."""
    events = one(conn, "SELECT array_agg(position ORDER BY position) FROM ledger_events")
    return int(rng.choice(events))


def free_place(rng: random.Random, conn: Connection) -> int:
    """Pick a position within the log that no event has."""
    gaps = one(
        conn,
        "SELECT array_agg(place ORDER BY place) FROM"
        " generate_series(-5, (SELECT max(position) FROM ledger_events)) AS place"
        " WHERE place NOT IN (SELECT position FROM ledger_events)",
    )
    return int(rng.choice(gaps))


def edit(conn: Connection, statement: str, *parameters: object) -> None:
    assert conn.execute(statement.encode(), parameters).rowcount == 1


def alter_state(rng: random.Random, conn: Connection) -> set[int]:
    position = some(rng, conn)
    state: bytes = one(conn, "SELECT state FROM ledger_events WHERE position = %s", position)
    at = rng.randrange(len(state))
    other = rng.choice(
        [
            state[:at] + bytes([state[at] ^ 1 << rng.randrange(8)]) + state[at + 1 :],
            state[:at] + state[at + 1 :],
            state[:at] + b"0" + state[at:],
            state + b"\n",
            b"",
        ]
    )
    edit(conn, "UPDATE ledger_events SET state = %s WHERE position = %s", other, position)
    return {position} if other != state else set()


def alter_topic(rng: random.Random, conn: Connection) -> set[int]:
    position = some(rng, conn)
    change = rng.choice(["topic || '1'", "left(topic, -1)", "upper(topic)", "''"])
    edit(conn, f"UPDATE ledger_events SET topic = {change} WHERE position = %s", position)  # noqa: S608  our own words
    return {position}


def alter_version(rng: random.Random, conn: Connection) -> set[int]:
    position, version = some(rng, conn), rng.choice([-1, 0, 10**6, 2**62])
    change = "UPDATE ledger_events SET originator_version = %s WHERE position = %s"
    edit(conn, change, version, position)
    return {position}


def alter_originator(rng: random.Random, conn: Connection) -> set[int]:
    position, other = some(rng, conn), UUID(int=rng.getrandbits(128))
    edit(conn, "UPDATE ledger_events SET originator_id = %s WHERE position = %s", other, position)
    return {position}


def move(rng: random.Random, conn: Connection) -> set[int]:
    position, place = some(rng, conn), free_place(rng, conn)
    edit(conn, "UPDATE ledger_events SET position = %s WHERE position = %s", place, position)
    return {position, place}


def delete(rng: random.Random, conn: Connection) -> set[int]:
    position = some(rng, conn)
    edit(conn, "DELETE FROM ledger_events WHERE position = %s", position)
    return {position}


def insert(rng: random.Random, conn: Connection) -> set[int]:
    position, place = some(rng, conn), free_place(rng, conn)
    edit(
        conn,
        "INSERT INTO ledger_events OVERRIDING SYSTEM VALUE"
        " SELECT %s, originator_id, %s, topic, state FROM ledger_events WHERE position = %s",
        place,
        rng.randrange(10**5, 10**6),
        position,
    )
    return {place}


def swap_places(rng: random.Random, conn: Connection) -> set[int]:
    one_event, other = some(rng, conn), some(rng, conn)
    if one_event == other:
        return set()
    for old, new in ((one_event, -99), (other, one_event), (-99, other)):
        edit(conn, "UPDATE ledger_events SET position = %s WHERE position = %s", new, old)
    return {one_event, other}


def swap_states(rng: random.Random, conn: Connection) -> set[int]:
    places = {some(rng, conn), some(rng, conn)}
    query = "SELECT array_agg(state ORDER BY position) FROM ledger_events WHERE position = ANY(%s)"
    states = one(conn, query, sorted(places))
    for position, state in zip(sorted(places), reversed(states), strict=True):
        edit(conn, "UPDATE ledger_events SET state = %s WHERE position = %s", state, position)
    return places if len(set(states)) > 1 else set()


WAYS: tuple[Tamper, ...] = (
    alter_state, alter_topic, alter_version, alter_originator, move, delete, insert,
    swap_places, swap_states,
)  # fmt: skip


def test_a_thousand_tamperings_are_all_named(sealed_url: str) -> None:
    rng, done, missed = random.Random(20_261_121), Counter[str](), []  # noqa: S311  a story

    with psycopg.connect(sealed_url) as conn:
        conn.execute("ALTER TABLE ledger_events ALTER position SET GENERATED BY DEFAULT")
        conn.execute("SET session_replication_role = replica")
        conn.commit()
        while done.total() < TRIES:
            way = rng.choice(WAYS)
            to_name = way(rng, conn)
            if to_name:
                done[way.__name__] += 1
                findings, _ = audit(conn, INSIDE, window=10_000)
                named = {finding.position for finding in findings}
                if named != to_name:
                    missed.append((way.__name__, to_name, named))
            conn.rollback()

    assert missed == []
    assert all(done[way.__name__] > TRIES // 20 for way in WAYS)
    with owner(sealed_url) as conn:
        assert audit(conn)[0] == []
