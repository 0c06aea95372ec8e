"""A statement over many charges, and its CSV line by line: `python bench_statement.py [CALLS]`.

The read models are filled with made-up rows; a fresh process then draws the statement with all its
forms and every call behind it, and tells its time and its memory, also for a tenth of the calls.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import IO
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from adapters.ledger.connection import GATEWAY_ROLE, open_pool  # the path comes first
from adapters.ledger.embedded import EmbeddedServer  # the path comes first
from adapters.ledger.schema import migrate  # the path comes first
from api.openapi import billing_detail  # the path comes first
from domain.usage import METERED  # the path comes first
from projections.catalogue import ALL  # the path comes first
from projections.read_calls import Filters, all_calls  # the path comes first
from projections.read_statements import months, statement  # the path comes first
from projections.shelf import install  # the path comes first
from projections.statement.draw import cover_of, draw  # the path comes first
from projections.statement.page import Party, page  # the path comes first
from projections.statement.table import table  # the path comes first

WALLET = UUID(int=1 << 16)
MONTH = "2026-10"
POOL = 4
CORRECTED = 10
"""One call in so many is corrected: each correction is a line of the statement."""

FILL = """
    INSERT INTO read.customers VALUES (%(wallet)s, %(wallet)s, 'USD', '2026-10-01Z', 1);
    INSERT INTO read.calls (request_id, customer_id, wallet_id, key_id, model, requested, surface,
        status, basis, period, price_version, hold, amount, absorbed, corrected, total, usage,
        estimated_tokens, input_tokens, output_tokens, flags, tags, reason, client_request_id,
        created_at, ended_at, milliseconds, first_byte_ms, created_position, position)
    SELECT gen_random_uuid(), %(wallet)s, %(wallet)s, ('00000000-0000-0000-0000-00000000000'
        || n %% 4)::uuid, 'model-' || n %% 5, 'model-' || n %% 5, 'chat', 'charged',
        'reported', %(month)s, 'pv_1',
        9000, 1000 + n %% 7, 0, 0, 1000 + n %% 7, '{"input": 100, "output": 50}', 100, 100, 50,
        '{}', jsonb_build_object('cost_center', 'c' || n %% 50), NULL, NULL,
        '2026-10-01Z'::timestamptz + n * interval '2 seconds',
        '2026-10-01Z'::timestamptz + n * interval '2 seconds', 700, 90, n * 5, n * 5
    FROM generate_series(1, %(calls)s) AS n;
    INSERT INTO read.usage_days
    SELECT wallet_id, created_at::date, period, key_id, model, tags, count(*), count(*), 0,
           sum(amount), 0, METERED, max(position)
    FROM read.calls GROUP BY 1, 2, 3, 4, 5, 6;
    INSERT INTO read.transactions (wallet_id, position, entry, type, available, posted,
        available_after, request_id, key_id, period, created_at)
    SELECT wallet_id, position, 0, 'charge', 0, -amount, 0, request_id, key_id, period, ended_at
    FROM read.calls;
    INSERT INTO read.transactions (wallet_id, position, entry, type, available, posted,
        available_after, request_id, correction_id, period, corrects, created_at)
    SELECT wallet_id, position + 1, 0, 'correction', 1, 1, 0, request_id, request_id, period,
           period, ended_at
    FROM read.calls WHERE position %% %(corrected)s = 0;
    INSERT INTO read.roll_forward
    SELECT wallet_id, period, 'paid', type, sum(posted), max(position)
    FROM read.transactions GROUP BY wallet_id, period, type;
    INSERT INTO read.statements (wallet_id, period, number, zone, opening, closing, open_holds,
        held, actor, closed_at, closed_position, position)
    SELECT wallet_id, period, 1, 'UTC', 0, sum(nanos), 0, 0, 'bench', '2026-11-02Z', 1, 1
    FROM read.roll_forward GROUP BY wallet_id, period;
"""


SUMS = {"input": "sum(input_tokens)", "output": "sum(output_tokens)"}


def fill(dsn: str, calls: int) -> None:
    """Make a database with a closed month of so many calls."""
    migrate(dsn)
    values = {"wallet": WALLET, "month": MONTH, "calls": calls, "corrected": CORRECTED * 5}
    with psycopg.connect(dsn, autocommit=True) as conn:
        install(conn, ALL, GATEWAY_ROLE)
        sums = ", ".join(SUMS.get(name, "0") for name in METERED)
        for text in FILL.replace("METERED", sums).split(";\n")[:-1]:
            conn.execute(text.encode(), values if "%" in text else None)
        conn.execute("ANALYZE")


async def measure(dsn: str, sink: IO[bytes]) -> None:
    """Draw the statement in every form, then its lines of detail; print figures as JSON."""
    pool = await open_pool(dsn, POOL)
    began = time.perf_counter()
    async with pool.connection() as conn:
        (wallet,) = await months(conn)
        row = await statement(conn, WALLET, MONTH)
        assert row is not None, "the month was closed"
        cover = cover_of(row, wallet.calendar, None)
        with closing(await draw(conn, cover, wallet.calendar)) as document:
            sha256 = document.sha256()
            for form in (document.text(), table(document), page(document, Party(), sha256)):
                sink.writelines(form)
    drawn = time.perf_counter()
    rows = all_calls(pool.connection, WALLET, Filters(), upto=2**60)
    async for lines in billing_detail._lines(rows, "USD"):  # noqa: SLF001  # the route's own
        sink.writelines(lines)
    await pool.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "statement_seconds": round(drawn - began, 1),
        "detail_seconds": round(time.perf_counter() - drawn, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_memory_mb": round(used.ru_maxrss / 1024),
    }
    print(json.dumps(figures))


def main() -> None:
    """Measure a tenth of the calls, then all of them, each in a process of its own."""
    if sys.argv[1:2] == ["measure"]:
        with Path(os.devnull).open("wb") as sink:
            asyncio.run(measure(sys.argv[2], sink))
        return
    most = int(sys.argv[1]) if sys.argv[1:] else 1_000_000
    found = {}
    with tempfile.TemporaryDirectory() as name, EmbeddedServer(Path(name) / "postgres") as server:
        url = server.start()
        for calls in (most // 10, most):
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute(f"CREATE DATABASE calls_{calls}".encode())
            dsn = make_conninfo(url, dbname=f"calls_{calls}")
            fill(dsn, calls)
            command = [sys.executable, __file__, "measure", dsn]
            found[calls] = json.loads(subprocess.check_output(command))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
