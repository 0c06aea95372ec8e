"""Calls: one row a request, and beside them what each day's calls came to.

And what those of each conversation came to. All are one projection, for they are folded from the
same facts, and what a late fact is to be booked under only the row of its call says.
"""

from collections.abc import Iterable, Iterator, Sequence

import orjson
from psycopg import Connection

from projections import conversation_usage, usage_days
from projections.call_changes import TOPICS, Call, fold
from projections.errors import LogError
from projections.events import Event
from projections.projection import Projection, Table, copy, statement


class Calls(Projection):
    """A call that begins and ends between two batches is written once, the others are updated."""

    name = "calls"
    version = 3
    topics = TOPICS
    tables = (
        Table(
            "calls",
            ("request_id",),
            """
            CREATE TABLE {schema}.calls (
                request_id uuid PRIMARY KEY,
                customer_id uuid NOT NULL,
                wallet_id uuid NOT NULL,
                key_id uuid NOT NULL,
                model text NOT NULL,
                requested text NOT NULL,
                surface text NOT NULL,
                status text NOT NULL,
                basis text,
                period text NOT NULL,
                price_version text NOT NULL,
                price_list text,
                service_tier text,
                hold bigint NOT NULL,
                amount bigint NOT NULL,
                absorbed bigint NOT NULL,
                corrected bigint NOT NULL,
                total bigint NOT NULL,
                usage jsonb NOT NULL,
                estimated_tokens bigint NOT NULL,
                input_tokens bigint NOT NULL,
                output_tokens bigint NOT NULL,
                flags text[] NOT NULL,
                tags jsonb NOT NULL,
                reason text,
                client_request_id text,
                conversation_id uuid,
                created_at timestamptz NOT NULL,
                ended_at timestamptz,
                milliseconds int,
                first_byte_ms int,
                created_position bigint NOT NULL,
                position bigint NOT NULL
            ) WITH (fillfactor = 85);
            CREATE INDEX ON {schema}.calls (wallet_id, created_at);
            CREATE INDEX ON {schema}.calls (wallet_id, period);
            CREATE INDEX ON {schema}.calls (conversation_id) WHERE conversation_id IS NOT NULL
            """,  # room on a page for the ends of calls that were open for some batches
        ),
        usage_days.TABLE,
        conversation_usage.TABLE,
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Add the calls that begin, change the earlier ones, and sum both up."""
        if not events:
            return
        calls = fold(events).values()
        begun = [call for call in calls if call.created_position is not None]
        late = {call.request_id: call for call in calls if call.created_position is None}
        copy(conn, schema, _ADD, _rows(begun))
        if late:
            _change(conn, schema, late)
        usage_days.add(conn, schema, calls)
        conversation_usage.add(conn, schema, calls)


def _change(conn: Connection, schema: str, late: dict[str, Call]) -> None:
    """Change rows of earlier batches, and learn from them what their calls are booked under."""
    written = orjson.dumps(list(late.values())).decode()
    # Planned each time: a plan that was right for a small table would read all of a large one.
    rows = conn.execute(statement(schema, _CHANGE), (written,), prepare=False).fetchall()
    if len(rows) != len(late):
        position = max(call.position for call in late.values())
        raise LogError(position, "by here a call has changed that was never held")
    for request_id, wallet_id, key_id, tags, period, model, held_on, hold_period, joined in rows:
        call = late[request_id]
        call.conversation_id = joined
        call.wallet_id, call.key_id, call.tags, call.period = wallet_id, key_id, tags, period
        call.model, call.created_at, call.hold_period = model, held_on, hold_period


def _rows(calls: Iterable[Call]) -> Iterator[tuple[object, ...]]:
    for call in calls:
        amount = call.amount or 0
        yield (
            call.request_id, call.customer_id, call.wallet_id, call.key_id, call.booked,
            call.requested, call.surface, call.status, call.basis, call.period, call.price_version,
            call.price_list, call.service_tier, call.hold,
            amount, call.absorbed or 0, call.corrected, amount - call.corrected,
            orjson.dumps(call.usage).decode() if call.usage else "{}",
            call.estimated_tokens, call.input_tokens or 0, call.output_tokens or 0,
            "{" + ",".join(call.flags) + "}" if call.flags else "{}",
            orjson.dumps(call.tags).decode() if call.tags else "{}",
            call.reason, call.client_request_id, call.conversation_id, call.created_at,
            call.ended_at, call.milliseconds, call.first_byte_ms, call.created_position,
            call.position,
        )  # fmt: skip


_ADD = """
    COPY {schema}.calls
        (request_id, customer_id, wallet_id, key_id, model, requested, surface, status, basis,
         period, price_version, price_list, service_tier, hold, amount, absorbed, corrected, total,
         usage, estimated_tokens, input_tokens, output_tokens, flags, tags, reason,
         client_request_id, conversation_id, created_at, ended_at, milliseconds, first_byte_ms,
         created_position, position)
    FROM STDIN
"""
_CHANGE = """
    UPDATE {schema}.calls AS old
    SET status = coalesce(new.status, old.status),
        model = coalesce(new.answered, old.model),
        basis = coalesce(new.basis, old.basis),
        service_tier = CASE new.status WHEN 'charged' THEN new.service_tier
                       ELSE old.service_tier END,
        period = coalesce(new.period, old.period),
        amount = coalesce(new.amount, old.amount),
        absorbed = coalesce(new.absorbed, old.absorbed),
        corrected = old.corrected + new.corrected,
        total = coalesce(new.amount, old.amount) - old.corrected - new.corrected,
        usage = coalesce(new.usage, old.usage),
        input_tokens = coalesce(new.input_tokens, old.input_tokens),
        output_tokens = coalesce(new.output_tokens, old.output_tokens),
        flags = coalesce(new.flags, old.flags),
        reason = coalesce(new.reason, old.reason),
        ended_at = coalesce(new.ended_at, old.ended_at),
        milliseconds = coalesce(new.milliseconds, old.milliseconds),
        first_byte_ms = coalesce(new.first_byte_ms, old.first_byte_ms),
        position = new.position
    FROM json_to_recordset(%s::json) AS new (
        request_id uuid, status text, answered text, service_tier text, basis text, period text,
        amount bigint, absorbed bigint, corrected bigint, usage jsonb, input_tokens bigint,
        output_tokens bigint, flags text[], reason text, ended_at timestamptz, milliseconds int,
        first_byte_ms int, position bigint
    )
    JOIN {schema}.calls AS before ON before.request_id = new.request_id
    WHERE old.request_id = new.request_id
    RETURNING encode(uuid_send(old.request_id), 'hex'), encode(uuid_send(old.wallet_id), 'hex'),
              encode(uuid_send(old.key_id), 'hex'), old.tags, old.period,
              before.model, (before.created_at AT TIME ZONE 'UTC')::date::text, before.period,
              encode(uuid_send(old.conversation_id), 'hex')
"""
