"""Writing the journal: the log is read once, window by window, and every line is on its way out."""

from collections.abc import Iterable
from typing import Any, Final, Protocol

from domain import inference_request as call, payment_events as payment
from projections.exports.journal.beancount import Beancount
from projections.exports.journal.entries import Balance, Entry
from projections.exports.journal.hledger import Hledger
from projections.exports.journal.journal import HOLDS, OPERATORS, WALLETS, Journal, call_of
from projections.exports.journal.table import COLUMNS, TableJournal
from projections.exports.reading import beginnings, windows
from projections.exports.selection import Selection, Task
from projections.exports.sheets import SHEETS
from projections.exports.sidecar import Control

BEANCOUNT, HLEDGER = "beancount", "hledger"
PLAIN_TEXT: Final = {BEANCOUNT: Beancount, HLEDGER: Hledger}
FORMATS: Final = (*SHEETS, *PLAIN_TEXT)


class Writer(Protocol):
    """Takes what was booked."""

    def write(self, items: Iterable[Entry | Balance]) -> None:
        """Append it."""
        ...

    def finish(self) -> None:
        """Write what belongs at the end."""
        ...


def write_journal(task: Task) -> Control:
    """Write the journal and tell what it comes to; raises LogError where months do not tie."""
    control, selection, holds = Control(), task.selection, task.form == HLEDGER
    writer = _writer(task.out, task.form, selection, control)
    journal = Journal(selection.month, holds=holds)
    topics = WALLETS | HOLDS if holds else WALLETS
    of = selection.wallet_id
    always = OPERATORS if of is None else {payment.Opened.TOPIC}
    for events in windows(task, topics, of=of, always=always):
        calls = {call_id for event in events if (call_id := call_of(event))}
        requests = beginnings(task.conn, calls, call.Reserved.TOPIC)
        writer.write(journal.take(events, requests))
    writer.write(journal.finish())
    writer.finish()
    return control


def _writer(out: Any, form: str, selection: Selection, control: Control) -> Writer:
    if form in PLAIN_TEXT:
        return PLAIN_TEXT[form](out, control, f"Tollbook, {selection}")
    return TableJournal(SHEETS[form](out, COLUMNS), control)
