"""How fast the read models follow: `python bench_books.py [CALLS]` prints figures as JSON.

Client and database share one core here; the log is the year that the tests tell.
"""

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from adapters.ledger.embedded import EmbeddedServer  # the path comes first
from projections.catalogue import ALL  # the path comes first
from projections.projection import Projection  # the path comes first
from tests.projections.history import database, follow  # the path comes first
from tests.year.database import store  # the path comes first
from tests.year.story import Year  # the path comes first

LAG = """
    SELECT extract(epoch FROM clock_timestamp() - (
        SELECT (convert_from(state, 'UTF8')::json ->> 'timestamp')::timestamptz
        FROM public.ledger_events
        WHERE position > (SELECT min(position) FROM read.projection_positions)
        ORDER BY position LIMIT 1
    ))
"""


def catch_up(url: str, projections: tuple[Projection, ...], facts: list[object]) -> float:
    """Fold the whole log and give events a second."""
    with database(url) as fresh:
        store(fresh, facts)
        began = time.perf_counter()
        follow(fresh, projections)
        return len(facts) / (time.perf_counter() - began)


@contextmanager
def watched_lag(dsn: str, seen: list[float]) -> Iterator[None]:
    """Note every 50 ms by how many seconds the last read model is behind the log."""
    stop = threading.Event()

    def watch() -> None:
        with psycopg.connect(dsn, autocommit=True) as conn:
            while not stop.wait(0.05):
                row = conn.execute(LAG).fetchone()
                seen.append(float(row[0]) if row and row[0] is not None else 0.0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def main() -> None:
    """Measure each read model alone, then all of them."""
    os.sched_setaffinity(0, {0})
    facts = Year(calls=int(sys.argv[1]) if sys.argv[1:] else 20_000).tell().ledger.facts
    options = {"fsync": "off", "full_page_writes": "off"}
    with (
        tempfile.TemporaryDirectory() as name,
        EmbeddedServer(Path(name) / "postgres", options) as server,
    ):
        url = server.start()
        alone = {p.name: round(catch_up(url, (p,), facts)) for p in ALL}
        together = round(catch_up(url, ALL, facts))
    print(json.dumps({"events": len(facts), "all": together, "alone": alone}))


if __name__ == "__main__":
    main()
