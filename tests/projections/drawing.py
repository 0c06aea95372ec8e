"""Drawing statements in tests: each as its text, its table and its page."""

import csv
from contextlib import closing
from typing import Any, NamedTuple

import orjson

from projections.read_statements import StatementRow, WalletMonths, months, statements
from projections.statement import draw
from projections.statement.document import Document
from projections.statement.page import Party, page
from projections.statement.table import table
from tests.projections.looking import Looking, ask

PARTY = Party("Tollbook & Co", "Ada <Lovelace>")


class Drawn(NamedTuple):
    """One statement in all its forms."""

    row: StatementRow
    text: bytes
    sha256: str
    table: list[dict[str, str]]
    page: str

    @property
    def fields(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.text)
        return found


def wallets(url: str) -> list[WalletMonths]:
    return list(ask(url, months))


def draw_all(url: str) -> list[Drawn]:
    """Draw every closed month, in the order of numbers."""

    async def asked(conn: Looking) -> list[Drawn]:
        calendars = {wallet.wallet_id: wallet.calendar for wallet in await months(conn)}
        found = []
        for row in reversed((await statements(conn, limit=1_000)).items):
            calendar = calendars[row.wallet_id]
            cover = draw.cover_of(row, calendar, row.tree_size)
            with closing(await draw.draw(conn, cover, calendar)) as document:
                found.append(Drawn(row, *written(document)))
        return found

    return ask(url, asked)


def draft(url: str, wallet: WalletMonths, period: str) -> tuple[dict[str, Any], str]:
    """Draw a month that is open; gives its fields and its page."""

    async def asked(conn: Looking) -> tuple[dict[str, Any], str]:
        with closing(await draw.draft(conn, wallet, period)) as document:
            text, _, _, html = written(document)
            return orjson.loads(text), html

    return ask(url, asked)


def written(document: Document) -> tuple[bytes, str, list[dict[str, str]], str]:
    lines = b"".join(table(document)).decode().splitlines()
    html = b"".join(page(document, PARTY, document.sha256())).decode()
    return b"".join(document.text()), document.sha256(), list(csv.DictReader(lines)), html
