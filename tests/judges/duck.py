# ruff: noqa: S608  # its queries are over our own files
"""DuckDB on CSV and Parquet, in an environment of its own: totals as JSON, for who knows better.

Run as a program: `python duck.py FOLDER`. It imports nothing of ours.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

try:
    import duckdb
except ImportError:  # who only asks for the names has no need of it
    duckdb = None

NAMES, SUFFIXES = ("journal", "focus", "detail"), ("csv", "parquet")
OWN = "account LIKE 'Liabilities:Wallet:%' OR account LIKE 'Assets:Receivable:Overdraft:%'"
MOVED = f"""
    SELECT wallet_id, period, sum(coalesce(credit, 0) - coalesce(debit, 0))
    FROM {{journal}} WHERE {OWN} GROUP BY 1, 2
"""
TRIAL = (
    "SELECT currency, sum(coalesce(debit, 0)) - sum(coalesce(credit, 0)) FROM {journal} GROUP BY 1"
)
BILLED = """
    SELECT "InvoiceId", round(sum("BilledCost"), 9) FROM {focus}
    WHERE "InvoiceId" IS NOT NULL GROUP BY 1
"""
CHARGED = "SELECT customer_id, period, sum(amount) FROM {detail} GROUP BY 1, 2"
FILES = [f"{name}.{suffix}" for name in NAMES for suffix in SUFFIXES]
EXACT = {"debit", "credit", "hold", "amount", "absorbed", "corrected", "total"}


def main() -> None:
    """Print the totals of every file, and how many rows differ between the two formats."""
    folder = Path(sys.argv[1])
    told = {suffix: totals(folder, suffix) for suffix in SUFFIXES}
    told["different"] = {name: different(folder, name) for name in ("journal", "detail")}
    print(json.dumps(told))  # noqa: T201  # a program speaks by printing


def totals(folder: Path, suffix: str) -> dict[str, Any]:
    tables = {name: table(folder, name, suffix) for name in NAMES}
    return {
        "moved": pairs(MOVED.format(**tables)),
        "trial": pairs(TRIAL.format(**tables)),
        "billed": pairs(BILLED.format(**tables)),
        "charged": pairs(CHARGED.format(**tables)),
    }


def table(folder: Path, name: str, suffix: str) -> str:
    path = folder / f"{name}.{suffix}"
    if suffix == "parquet":
        return f"read_parquet('{path}')"
    # DuckDB guesses types from the first rows; an amount is to be exact in all of them.
    with path.open(encoding="utf-8") as file:
        columns = file.readline().strip().split(",")
    exact = {c: "DECIMAL(38, 9)" for c in columns if c in EXACT or c == "BilledCost"}
    return f"read_csv('{path}', header = true, sample_size = -1, types = {exact})"


def pairs(query: str) -> dict[str, str]:
    """Give the last column by the others, as text."""
    rows = duckdb.sql(query).fetchall()
    return {" ".join(map(str, keys)): plain(value) for *keys, value in rows}


def plain(value: Any) -> str:
    return f"{Decimal(str(value)):.9f}"


def different(folder: Path, name: str) -> int:
    """Count the rows that are in one format and not in the other, over the exact columns."""
    one, other = (table(folder, name, suffix) for suffix in SUFFIXES)
    kept = [
        c for c in duckdb.sql(f"FROM {one}").columns if c not in {"tags", "created_at", "ended_at"}
    ]
    columns = ", ".join(f"coalesce({c}::text, '')" for c in kept)
    first, second = f"SELECT {columns} FROM {one}", f"SELECT {columns} FROM {other}"
    query = f"(({first}) EXCEPT ALL ({second})) UNION ALL (({second}) EXCEPT ALL ({first}))"
    ((count,),) = duckdb.sql(f"SELECT count(*) FROM ({query})").fetchall()
    return int(count)


if __name__ == "__main__":
    main()
