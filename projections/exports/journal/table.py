"""The journal as a table for a general ledger: one row a posting."""

from collections.abc import Iterable, Iterator
from typing import Final

from projections.exports.columns import Column, Kind, Row, amounts, text
from projections.exports.journal.dimensions import NAMES, dimensions
from projections.exports.journal.entries import Balance, Entry
from projections.exports.sheets import Sheet
from projections.exports.sidecar import Control

COLUMNS: Final[list[Column]] = [
    Column("date", Kind.DATE),
    Column("journal_no", Kind.WHOLE),
    *text("account"),
    *amounts("debit", "credit"),
    *text("currency", "memo", "period", *NAMES),
    Column("tags", Kind.OBJECT),
]


class TableJournal:
    """Writes entries as rows of a sheet; openings and balances are no transactions."""

    def __init__(self, sheet: Sheet, control: Control) -> None:
        self._sheet = sheet
        self._control = control

    def write(self, items: Iterable[Entry | Balance]) -> None:
        """Append what was booked."""
        self._sheet.write(
            row
            for entry in items
            if isinstance(entry, Entry) and not entry.opens
            for row in self._rows(entry)
        )

    def finish(self) -> None:
        """Write what belongs at the end."""
        self._sheet.finish()

    def _rows(self, entry: Entry) -> Iterator[Row]:
        about = (*dimensions(entry), entry.tags)
        for account, nanos in entry.postings:
            debit, credit = max(nanos, 0), max(-nanos, 0)
            self._control.add(entry.currency, debit=debit, credit=credit)
            yield (
                entry.day, entry.position, account, debit or None, credit or None,
                entry.currency, entry.what, entry.period, *about,
            )  # fmt: skip
