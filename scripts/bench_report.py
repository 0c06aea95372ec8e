"""What a bench prints: the table, then each target beside its figure."""

from typing import Any

import psycopg

Figures = dict[str, float]
Rows = dict[tuple[str, str], Figures]


def report(rows: Rows, ledger: Figures, half: tuple[Figures, Figures], per_call: float) -> None:
    """Print the table, then each target beside its figure."""
    print(f"\n{'':8} {'':14} {'calls/s':>8} {'CPU µs':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for (kind, name), row in rows.items():
        figures = f"{row['rate']:8.0f} {row['cpu_us']:8.0f} {row['p50']:8.1f} {row['p99']:8.1f}"
        print(f"{kind:8} {name:14} {figures}")

    def ratio(kind: str, name: str, base: str, figure: str) -> float:
        return rows[kind, name][figure] / rows[kind, base][figure]

    targets = [
        ("JSON throughput / aiohttp", ratio("json", "tollbook", "aiohttp", "rate"), ">=", 0.18),
        ("JSON CPU / aiohttp", ratio("json", "tollbook", "aiohttp", "cpu_us"), "<=", 6),
        ("JSON throughput / httpx", ratio("json", "tollbook", "httpx", "rate"), ">=", 1.5),
        ("stream throughput / aiohttp", ratio("stream", "tollbook", "aiohttp", "rate"), ">=", 0.3),
        ("stream CPU / aiohttp", ratio("stream", "tollbook", "aiohttp", "cpu_us"), "<=", 4),
        ("one hot wallet / 1000", ratio("json", "tollbook", "1000 wallets", "rate"), ">=", 0.9),
        ("two workers / one", ratio("json", "two workers", "tollbook", "rate"), ">=", 0.9),
        ("ledger cycles/s", ledger["cycles_per_second"], ">=", 4000),
    ]
    print_targets(targets)
    bare, ours = half
    added = {name: round(ours[name] - bare[name], 2) for name in ("p50", "p95", "p99")}
    print(f"\nadded at half load, ms: {added}; commands in a commit: {ledger['batch']}")
    print(
        f"bytes of log a call: {per_call:.0f}; replayed: {ledger['replayed_per_second']} events/s"
    )


def bytes_per_call(dsn: str) -> float:
    """Divide the size of the events of calls by the number of calls."""
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "SELECT sum(length(state) + length(topic) + 32)::float"
            " / count(*) FILTER (WHERE topic = 'inference_request.reserved.3') FROM ledger_events"
            " WHERE topic ~ '(reserved|charged|released|attempted)'"
        ).fetchone()
    return float(row[0]) if row else 0.0


def report_books(books: dict[str, Any], statement: dict[str, Figures], lag: list[float]) -> None:
    """Print how the read models follow, and what a large statement takes."""
    print(f"\nread models alone, events/s on one core: {books['alone']}")
    small, large = statement["100000"], statement["1000000"]
    seconds = large["statement_seconds"] + large["detail_seconds"]
    growth = large["peak_memory_mb"] / small["peak_memory_mb"]
    p99 = sorted(lag)[int(0.99 * (len(lag) - 1))]
    print_targets(
        [
            ("all read models, events/s", books["all"], ">=", 20_000),
            ("lag at full load, p99 s", p99, "<=", 1),
            ("1,000,000 charges and CSV, s", seconds, "<=", 60),
            ("their memory, MB", large["peak_memory_mb"], "<=", 500),
            ("memory, 1,000,000 / 100,000", growth, "<=", 1.2),
        ]
    )


def report_conversion(found: dict[str, Figures]) -> None:
    """Print what a chunk costs in each lane, and converting against passing through."""
    lanes = ", ".join(f"{lane} {figure}" for lane, figure in found["us_per_chunk"].items())
    print(f"\nCPU per chunk of a long stream, µs: {lanes}")
    print_targets([(lane, figure, "<=", 2) for lane, figure in found["ratios"].items()])


def print_targets(targets: list[tuple[str, float, str, float]]) -> None:
    """Print each figure with its target, and whether that was reached."""
    print()
    for name, figure, sign, target in targets:
        reached = figure >= target if sign == ">=" else figure <= target
        print(f"{name:30} {figure:9.2f} {sign} {target:<6} {'reached' if reached else 'MISSED'}")
