"""Every export of a log with many charges: `python bench_exports.py [CALLS]`.

The log is filled with made-up calls; the program then writes each export in a process of its own,
whose time and memory are told, also for a tenth of the calls.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from adapters.ledger.embedded import EmbeddedServer  # the path comes first
from adapters.ledger.schema import migrate  # the path comes first

TOLLBOOK = Path(sys.executable).with_name("tollbook")
EXPORTS = {
    "events": ("events", "ndjson"),
    "journal as CSV": ("journal", "csv"),
    "journal for beancount": ("journal", "beancount"),
    "journal for hledger": ("journal", "hledger"),
    "FOCUS as CSV": ("focus", "csv"),
    "FOCUS as Parquet": ("focus", "parquet"),
    "calls as CSV": ("billing-detail", "csv"),
    "calls as Parquet": ("billing-detail", "parquet"),
}
BEGINNING = """
    INSERT INTO ledger_events (originator_id, originator_version, topic, state) VALUES
    ('00000000-0000-0000-0000-000000020000', 1, 'price_book.published.2', %b),
    ('00000000-0000-0000-0000-000000010000', 1, 'wallet.opened.1', %b),
    ('00000000-0000-0000-0000-000000010000', 2, 'wallet.granted.2', %b),
    ('00000000-0000-0000-0000-000000010000', 3, 'wallet.granted.2', %b)
"""
CALLS = """
    INSERT INTO ledger_events (originator_id, originator_version, topic, state)
    SELECT originator_id::uuid, version, topic, convert_to(state::text, 'UTF8')
    FROM (
        SELECT n, lpad(to_hex(n + 100), 28, '0') || '0000' AS call,
               to_char('2026-10-01'::timestamp + n * interval '2 seconds',
                       'YYYY-MM-DD"T"HH24:MI:SS+00:00') AS at
        FROM generate_series(1, %(calls)s::bigint) AS n
    ) AS made
    CROSS JOIN LATERAL (VALUES
        (1, %(wallet)s::text, 3 + n * 2 - 1, 'wallet.reserved.2', jsonb_build_object(
            'timestamp', at, 'period', left(at, 7), 'request_id', call, 'key_id', %(key)s::text,
            'amount', 900,
            'allocations', jsonb_build_array(jsonb_build_array(grant_of(n), 900)),
            'overdraft', 0, 'expires_at', at)),
        (2, call, 1, 'inference_request.reserved.3', jsonb_build_object('timestamp', at,
            'customer_id', %(wallet)s::text, 'wallet_id', %(wallet)s::text,
            'key_id', %(key)s::text, 'model', 'm', 'requested', 'm', 'alternatives', '{}'::jsonb,
            'surface', 'chat', 'amount', 900, 'price_version', 'pv_1', 'price_list', null,
            'service_tier', null, 'input_tokens', 100, 'extras', '{}'::jsonb, 'output_cap', 400,
            'choices', 1, 'window', '', 'expires_at', at, 'period', left(at, 7),
            'tags', jsonb_build_object('cost_center', 'c' || n %% 50), 'client_request_id', null)),
        (3, call, 2, 'inference_request.attempted.1', jsonb_build_object('timestamp', at,
            'provider', 'south', 'upstream_model', 'm', 'outcome', 'ok', 'cost', 300,
            'cost_currency', 'USD', 'milliseconds', 700)),
        (4, %(wallet)s::text, 3 + n * 2, 'wallet.charged.2', jsonb_build_object('timestamp', at,
            'period', left(at, 7), 'request_id', call, 'key_id', %(key)s::text, 'held', 900,
            'amount', 400, 'absorbed', 0, 'allocations',
            jsonb_build_array(jsonb_build_array(grant_of(n), 400)), 'overdraft', 0,
            'returned', jsonb_build_array(jsonb_build_array(grant_of(n), 500)),
            'expired', '[]'::jsonb, 'repaid', '[]'::jsonb)),
        (5, call, 3, 'inference_request.charged.3', jsonb_build_object('timestamp', at,
            'period', left(at, 7), 'model', null, 'service_tier', null, 'amount', 400,
            'absorbed', 0, 'basis', 'reported', 'usage',
            jsonb_build_object('input', 100, 'output', 150), 'reported', '{}'::jsonb,
            'flags', '[]'::jsonb, 'provider', 'south', 'allocations',
            jsonb_build_array(jsonb_build_array(grant_of(n), 400)), 'first_byte_ms', 90,
            'milliseconds', 700))
    ) AS event (place, originator_id, version, topic, state)
    ORDER BY n, place
"""
WALLET, KEY = "00000000000000000000000000010000", "00000000000000000000000000030000"
PAID, PROMOTIONAL = "00000000000000000000000000040000", "00000000000000000000000000050000"
AT = "2026-10-01T00:00:00+00:00"


def fill(dsn: str, calls: int) -> None:
    """Make a log of so many charges; every tenth is paid with promotional credit."""
    migrate(dsn)
    granted = {
        "timestamp": AT, "period": "2026-10", "amount": 10**15, "priority": 0, "expires_at": None,
        "repaid": 0, "reference": None, "actor": "bench",
    }  # fmt: skip
    facts = [
        {"timestamp": AT, "price_version": "pv_1", "effective_at": AT, "actor": "bench",
         "cards": {"m": {"input": 1_000_000, "output": 2_000_000}}, "terms": {}, "lists": {}},
        {"timestamp": AT, "originator_topic": "wallet", "customer_id": WALLET, "currency": "USD",
         "excess_policy": "absorbed"},
        {**granted, "grant_id": PAID, "category": "paid"},
        {**granted, "grant_id": PROMOTIONAL, "category": "promotional"},
    ]  # fmt: skip
    chosen = f"CASE WHEN n % 10 = 0 THEN '{PROMOTIONAL}' ELSE '{PAID}' END"
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "CREATE FUNCTION pg_temp.grant_of(n bigint) RETURNS text LANGUAGE sql AS"
            f" $$ SELECT {chosen} $$".encode()
        )
        conn.execute(BEGINNING, [json.dumps(fact).encode() for fact in facts])
        values = {"calls": calls, "wallet": WALLET, "key": KEY}
        conn.execute(CALLS.replace("grant_of", "pg_temp.grant_of").encode(), values)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE ledger_events")


def measure(dsn: str, folder: Path, what: str, form: str) -> dict[str, float]:
    """Run the program and tell what it took."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TOLLBOOK_")}
    target = folder / "exported"
    words = ("export", what, "--format", form, "--out", target, "--data-dir", folder, "--force")
    began = time.perf_counter()
    running = subprocess.Popen(
        [TOLLBOOK, *words],
        stdout=subprocess.DEVNULL,
        env={**clean, "TOLLBOOK_DATABASE_URL": dsn},
    )
    _, status, used = os.wait4(running.pid, 0)
    assert status == 0, f"{what} as {form} was not written"
    rows = json.loads((folder / "exported.json").read_bytes())["rows"]
    return {
        "rows": rows,
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_memory_mb": round(used.ru_maxrss / 1024),
        "file_mb": round(target.stat().st_size / 2**20),
    }


def main() -> None:
    """Measure a tenth of the calls, then all of them."""
    most = int(sys.argv[1]) if sys.argv[1:] else 1_000_000
    found: dict[int, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name, EmbeddedServer(Path(name) / "postgres") as server:
        url = server.start()
        for calls in (most // 10, most):
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute(f"CREATE DATABASE calls_{calls}".encode())
            dsn = make_conninfo(url, dbname=f"calls_{calls}")
            fill(dsn, calls)
            found[calls] = {
                title: measure(dsn, Path(name), *words) for title, words in EXPORTS.items()
            }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
