"""The year in a database: told and stored once a run, then copied for each test that asks."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from adapters.ledger.event_codec import encode
from tests.projections.history import database, follow
from tests.year.story import Year

_COPY = "COPY ledger_events (originator_id, originator_version, topic, state) FROM STDIN"


def store(url: str, facts: Iterable[Any]) -> None:
    """Append facts by COPY, in their order."""
    with psycopg.connect(url) as conn, conn.cursor() as cursor, cursor.copy(_COPY) as copy:
        for fact in facts:
            event = encode(fact)
            copy.write_row(
                (event.originator_id, event.originator_version, event.topic, event.state)
            )


@contextmanager
def stored_year(server_url: str, year: Year) -> Iterator[str]:
    """A database with the year's log, and the read models made from it."""
    with database(server_url) as url:
        store(url, year.ledger.facts)
        follow(url)
        yield url
