"""Billing detail: one row a call, in the order in which calls were held for.

The columns are those of the customer API's, with the customer before them.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, LiteralString

from psycopg import sql

from domain.usage import METERED
from projections.balances import Balances
from projections.calls import Calls
from projections.exports.columns import Column, Kind, Row, amounts, text
from projections.exports.selection import Selection, Task
from projections.exports.sheets import SHEETS
from projections.exports.sidecar import Control
from projections.projection import Projection

MODELS: Final[tuple[Projection, ...]] = (Balances(), Calls())
FORMATS: Final = tuple(SHEETS)
FETCHED: Final = 2_000
"""Rows in memory at once."""


def _whole(*names: str) -> list[Column]:
    return [Column(name, Kind.WHOLE) for name in names]


COLUMNS: Final[list[Column]] = [
    *text("customer_id", "request_id", "client_request_id", "conversation_id"),
    Column("created_at", Kind.TIME),
    Column("ended_at", Kind.TIME),
    *text("period", "status", "model", "surface", "api_key_id", "basis", "price_version"),
    *text("price_list", "service_tier"),
    *_whole("input_tokens", "output_tokens", *METERED),
    *text("currency"),
    *amounts("hold", "amount", "absorbed", "corrected", "total"),
    *text("flags", "reason", "tags"),
    *_whole("milliseconds", "first_byte_ms"),
]
_AMOUNTS: Final = ("amount", "absorbed", "corrected", "total")
_NAMES: Final = [column.name for column in COLUMNS]


def write_billing_detail(task: Task) -> Control:
    """Write the calls and tell what they come to; the read models are at the task's position."""
    control, sheet = Control(), SHEETS[task.form](task.out, COLUMNS)
    conditions, values = _conditions(task.selection)
    count = sql.SQL(_COUNT).format(conditions=conditions)
    found = task.conn.execute(count, values).fetchone()
    assert found is not None, "a count always has a row"
    query = sql.SQL(_CALLS).format(
        components=sql.SQL(", ").join(sql.SQL(_COMPONENT).format(c) for c in METERED),
        conditions=conditions,
    )
    with task.conn.cursor("billing_detail") as cursor:
        cursor.execute(query, values)
        while rows := cursor.fetchmany(FETCHED):
            sheet.write(_counted(rows, control))
            task.progress(control.rows, found[0])
    sheet.finish()
    return control


def _counted(rows: Iterable[Row], control: Control) -> Iterator[Row]:
    currency, figures = _NAMES.index("currency"), [_NAMES.index(name) for name in _AMOUNTS]
    for row in rows:
        sums = {name: row[at] for name, at in zip(_AMOUNTS, figures, strict=True)}
        control.add(row[currency], **sums)
        yield row


def _conditions(selection: Selection) -> tuple[sql.Composable, dict[str, Any]]:
    asked: dict[str, Any] = {}
    conditions: list[LiteralString] = ["TRUE"]
    if selection.wallet_id is not None:
        conditions.append("call.wallet_id = %(wallet_id)s")
        asked["wallet_id"] = selection.wallet_id
    if selection.month is not None:
        conditions.append("call.period = %(month)s")
        asked["month"] = selection.month
    return sql.SQL(" AND ").join(map(sql.SQL, conditions)), asked


_COUNT: Final[LiteralString] = "SELECT count(*) FROM read.calls AS call WHERE {conditions}"
_COMPONENT: Final[LiteralString] = "coalesce((call.usage->>{})::bigint, 0)"
_CALLS: Final[LiteralString] = """
    SELECT 'cus_' || encode(uuid_send(call.customer_id), 'hex'),
           'req_' || encode(uuid_send(call.request_id), 'hex'), call.client_request_id,
           'conv_' || encode(uuid_send(call.conversation_id), 'hex'),
           call.created_at, call.ended_at, call.period, call.status, call.model, call.surface,
           'key_' || encode(uuid_send(call.key_id), 'hex'), call.basis, call.price_version,
           call.price_list, call.service_tier, call.input_tokens, call.output_tokens,
           {components}, balance.currency,
           call.hold, call.amount, call.absorbed, call.corrected, call.total,
           array_to_string(call.flags, ' '), call.reason,
           (SELECT coalesce(string_agg(name || '=' || value, ' ' ORDER BY name COLLATE "C"), '')
            FROM jsonb_each_text(call.tags) AS tag (name, value)),
           call.milliseconds, call.first_byte_ms
    FROM read.calls AS call JOIN read.balances AS balance USING (wallet_id)
    WHERE {conditions}
    ORDER BY call.created_position
"""
