"""Writing the journal: the log is read once, window by window, and every line is on its way out."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

from psycopg import Connection

from domain import inference_request as call, wallet_events as wallet
from projections.events import Event, Fields
from projections.exports.journal.beancount import Beancount
from projections.exports.journal.entries import Balance, Entry
from projections.exports.journal.hledger import Hledger
from projections.exports.journal.journal import (
    HOLDS,
    OPERATORS,
    WALLETS,
    Journal,
    Requests,
    call_of,
)
from projections.exports.journal.operator import PAYMENTS
from projections.exports.journal.table import COLUMNS, TableJournal
from projections.exports.reading import looked_up, windows
from projections.exports.selection import Selection, Task
from projections.exports.sheets import SHEETS
from projections.exports.sidecar import Control

BEANCOUNT, HLEDGER = "beancount", "hledger"
PLAIN_TEXT: Final = {BEANCOUNT: Beancount, HLEDGER: Hledger}
CALLS: Final = (call.Reserved.TOPIC, call.Charged.TOPIC)
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
    for events in _told(task, topics):
        calls = {call_id for event in events if (call_id := call_of(event))}
        requests = _requests(task.conn, calls)
        writer.write(journal.take(events, requests))
    writer.write(journal.finish())
    writer.finish()
    return control


def _requests(conn: Connection, calls: Iterable[str]) -> Requests:
    """Find how calls began, under the model that answered."""
    requests: dict[str, Fields] = {}
    for event in looked_up(conn, calls, CALLS):
        charged = event.topic == call.Charged.TOPIC
        if not charged:
            requests[event.originator_id] = event.fields
        elif (model := event.fields["model"]) is not None:
            requests[event.originator_id] = {**requests[event.originator_id], "model": model}
    return requests


def _told(task: Task, topics: frozenset[str]) -> Iterator[list[Event]]:
    """Read what is to be booked; a customer's payments are those that became the wallet's grants.

    They are told of before the wallet is, so which they are is looked up first.
    """
    of = task.selection.wallet_id
    if of is None:
        yield from windows(task, topics, always=OPERATORS)
        return
    grants = looked_up(task.conn, [of], {wallet.Granted.TOPIC})
    whose = {of, *(event.fields["grant_id"] for event in grants)}
    for events in windows(task, topics, of=of, always=PAYMENTS):
        yield [event for event in events if event.originator_id in whose]


def _writer(out: Any, form: str, selection: Selection, control: Control) -> Writer:
    if form in PLAIN_TEXT:
        return PLAIN_TEXT[form](out, control, f"Tollbook, {selection}")
    return TableJournal(SHEETS[form](out, COLUMNS), control)
