"""The log of every release is still believed, and today's read models are made from it."""

from functools import partial

import psycopg
import pytest

from adapters.ledger.connection import connect
from projections.verify import verify
from tests.adapters.ledger.golden import FOLDER, read
from tests.projections.history import follow, rows

RELEASES = sorted(path.stem for path in FOLDER.glob("*.ndjson"))


def stored(url: str, release: str) -> None:
    insert = """
        INSERT INTO ledger_events (originator_id, originator_version, topic, state)
        VALUES (%s, %s, %s, %s)
    """
    with psycopg.connect(url) as conn, conn.cursor() as cursor:
        cursor.executemany(insert, list(read(release)))


@pytest.mark.parametrize("release", RELEASES)
def test_an_earlier_releases_log_is_believed(database_url: str, release: str) -> None:
    stored(database_url, release)
    follow(database_url)

    report = verify(partial(connect, database_url, role=None))

    assert report.violations == []
    assert report.events > 40
    assert rows(database_url, "SELECT count(*) > 0 FROM read.calls") == [(True,)]
