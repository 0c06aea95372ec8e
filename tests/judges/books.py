"""The books that are judged: a generated year, exported by the program as an operator would."""

import os
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from adapters.ledger.embedded import EmbeddedServer
from domain import wallet_events as wallet
from projections.statement.number import format_number
from tests.projections.history import rows
from tests.year.database import stored_year
from tests.year.story import Year

TOLLBOOK = Path(sys.executable).with_name("tollbook")
EXPORTS = {
    "journal.csv": "journal --format csv",
    "journal.parquet": "journal --format parquet",
    "journal.beancount": "journal --format beancount",
    "journal.hledger": "journal --format hledger",
    "june.beancount": "journal --format beancount --month 2025-06",
    "june.hledger": "journal --format hledger --month 2025-06",
    "focus.csv": "focus --format csv",
    "focus.parquet": "focus --format parquet",
    "detail.csv": "billing-detail --format csv",
    "detail.parquet": "billing-detail --format parquet",
}


@dataclass
class Books:
    """The files, and what the ledger says that they must come to."""

    folder: Path
    closings: dict[str, str]
    """Wallet and month ▶ what was posted when the month was closed."""
    payable: dict[str, Decimal]
    """Statement ▶ what was paid for in its month, less refunds."""
    charged: dict[str, str]
    """Customer and month ▶ charges."""
    standing: dict[str, tuple[Decimal, Decimal]]
    """Wallet ▶ posted and held."""


def told(folder: Path, calls: int) -> Books:
    """Tell a year, store it and export it into the folder."""
    year = Year(calls=calls).tell()
    server = EmbeddedServer(folder / "server", {"fsync": "off", "full_page_writes": "off"})
    url = server.start()
    try:
        with stored_year(url, year) as books:
            for name, words in EXPORTS.items():
                export(books, folder, name, words)
            return Books(folder, closings(year), payable(books), charged(books), standing(books))
    finally:
        server.stop()


def export(url: str, folder: Path, name: str, words: str) -> None:
    """Run the program, as anybody would."""
    command = [TOLLBOOK, "export", *words.split(), "--out", folder / name, "--data-dir", folder]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TOLLBOOK_")}
    subprocess.run(command, env={**clean, "TOLLBOOK_DATABASE_URL": url}, check=True)


def closings(year: Year) -> dict[str, str]:
    """Take the aggregates' own word for it."""
    return {
        f"wal_{closed.originator_id.hex} {closed.period}": plain(closed.closing)
        for closed in year.facts(wallet.PeriodClosed)
    }


def payable(url: str) -> dict[str, Decimal]:
    query = """
        SELECT number, coalesce(sum(nanos), 0)::bigint
        FROM read.statements LEFT JOIN read.roll_forward AS rolled
            ON rolled.wallet_id = statements.wallet_id AND rolled.period = statements.period
           AND category = 'paid' AND kind IN ('grant', 'void')
        GROUP BY 1
    """
    return {format_number(number): Decimal(nanos).scaleb(-9) for number, nanos in rows(url, query)}


def charged(url: str) -> dict[str, str]:
    query = """
        SELECT customer_id, period, -sum(nanos)::bigint
        FROM read.roll_forward JOIN read.balances USING (wallet_id)
        WHERE kind = 'charge' AND category <> 'absorbed' GROUP BY 1, 2
    """
    return {f"cus_{who.hex} {period}": plain(nanos) for who, period, nanos in rows(url, query)}


def standing(url: str) -> dict[str, tuple[Decimal, Decimal]]:
    query = "SELECT wallet_id, posted, reserved FROM read.balances"
    return {
        who.hex: (Decimal(posted).scaleb(-9), Decimal(reserved).scaleb(-9))
        for who, posted, reserved in rows(url, query)
    }


def plain(nanos: int) -> str:
    return f"{Decimal(nanos).scaleb(-9):.9f}"
