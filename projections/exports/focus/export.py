"""Writing FOCUS: wallets' months are read ahead, then the log once, row by row on its way out."""

from collections.abc import Iterable, Iterator
from typing import Final

from domain.inference_request import Charged, Reserved
from projections.events import Event
from projections.exports.columns import Row
from projections.exports.focus.about import Call
from projections.exports.focus.columns import COLUMNS, NAMES
from projections.exports.focus.focus import CALLS, CARDS, TOPICS, Calls, Focus
from projections.exports.focus.months import TOPICS as MONTHS, Months
from projections.exports.reading import looked_up, windows
from projections.exports.selection import Task
from projections.exports.sheets import CSV, PARQUET, SHEETS
from projections.exports.sidecar import Control

FORMATS: Final = (CSV, PARQUET)
_CURRENCY, _BILLED, _EFFECTIVE = map(
    NAMES.index, ("BillingCurrency", "BilledCost", "EffectiveCost")
)


def write_focus(task: Task, issuer: str) -> Control:
    """Write the table and tell what it comes to; `issuer` is who bills."""
    of = task.selection.wallet_id
    months = Months()
    for events in windows(task.half(0), MONTHS, of=of):
        months.take(events)
    control, focus = Control(), Focus(months, issuer, task.selection.month)
    sheet = SHEETS[task.form](task.out, COLUMNS)
    for events in windows(task.half(1), TOPICS, of=of, always=CARDS):
        calls = _calls(task, filter(None, map(focus.call_of, events)))
        sheet.write(_counted(focus.take(events, calls), control))
    sheet.finish()
    return control


def _calls(task: Task, wanted: Iterable[str]) -> Calls:
    found: dict[str, list[Event]] = {}
    for event in looked_up(task.conn, wanted, CALLS):
        found.setdefault(event.originator_id, []).append(event)
    return {request_id: _call(events) for request_id, events in found.items()}


def _call(events: list[Event]) -> Call:
    told = {event.topic: event.fields for event in events}
    return Call(told[Reserved.TOPIC], told.get(Charged.TOPIC, {}))


def _counted(rows: Iterable[Row], control: Control) -> Iterator[Row]:
    for row in rows:
        control.add(row[_CURRENCY], billed=row[_BILLED], effective=row[_EFFECTIVE])
        yield row
