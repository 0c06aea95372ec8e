"""Payments: what came in from providers, whose credit it became, and what still needs a person."""

from collections.abc import Callable, Sequence
from typing import LiteralString

from psycopg import Connection

from domain import payment_events as payment
from projections.errors import LogError
from projections.events import Event
from projections.projection import Projection, Table, statement


class Payments(Projection):
    """One row a payment.

    A payment that only a refund or a dispute has told of is `announced`. What needs a person is
    money that nobody has, a shortfall, and any question.
    """

    name = "payments"
    tables = (
        Table(
            "payments",
            ("payment_id",),
            """
            CREATE TABLE {schema}.payments (
                payment_id uuid PRIMARY KEY,
                provider text NOT NULL,
                reference text NOT NULL,
                status text NOT NULL DEFAULT 'announced',
                amount bigint,
                currency text,
                problem text,
                customer_id uuid,
                refunded bigint NOT NULL DEFAULT 0,
                voided bigint NOT NULL DEFAULT 0,
                shortfall bigint NOT NULL DEFAULT 0,
                questions text[] NOT NULL DEFAULT ARRAY[]::text[],
                needs_attention bool NOT NULL GENERATED ALWAYS AS (
                    status = 'unapplied' OR shortfall > 0 OR cardinality(questions) > 0
                ) STORED,
                created_at timestamptz NOT NULL,
                updated_at timestamptz NOT NULL,
                position bigint NOT NULL
            );
            CREATE INDEX ON {schema}.payments (position);
            CREATE INDEX ON {schema}.payments (position) WHERE needs_attention;
            CREATE INDEX ON {schema}.payments (customer_id, position)
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Change row by row: payments are few beside calls."""
        for event in events:
            query, parameters = CHANGES[event.topic]
            values = (*parameters(event), event.fields["timestamp"], event.originator_id)
            text = _OPEN if event.topic == payment.Opened.TOPIC else _UPDATE + query + _WHICH
            if not conn.execute(statement(schema, text), values, prepare=True).rowcount:
                raise LogError(event.position, "a payment goes on that was never opened")


def _opened(event: Event) -> tuple[object, ...]:
    fact = event.fields
    return fact["provider"], fact["reference"], event.position, fact["timestamp"]


def _received(event: Event) -> tuple[object, ...]:
    return event.fields["amount"], event.fields["currency"], event.fields["problem"]


def _applied(event: Event) -> tuple[object, ...]:
    return (event.fields["customer_id"],)


def _refunded(event: Event) -> tuple[object, ...]:
    return event.fields["amount"], event.fields["voided"], event.fields["shortfall"]


def _questioned(event: Event) -> tuple[object, ...]:
    return (f"{event.fields['code']} {event.fields['item']}",)


CHANGES: dict[str, tuple[LiteralString, Callable[[Event], tuple[object, ...]]]] = {
    payment.Opened.TOPIC: ("", _opened),
    payment.Received.TOPIC: (
        "status = 'unapplied', amount = %s, currency = %s, problem = %s",
        _received,
    ),
    payment.Applied.TOPIC: ("status = 'applied', problem = NULL, customer_id = %s", _applied),
    payment.Refunded.TOPIC: (
        "refunded = refunded + %s, voided = voided + %s, shortfall = shortfall + %s",
        _refunded,
    ),
    payment.Questioned.TOPIC: ("questions = questions || ARRAY[%s::text]", _questioned),
}

Payments.topics = frozenset(CHANGES)

_OPEN: LiteralString = """
    INSERT INTO {schema}.payments
        (provider, reference, position, created_at, updated_at, payment_id)
    VALUES (%s, %s, %s, %s, %s, %s)
"""
_UPDATE: LiteralString = "UPDATE {schema}.payments SET "
_WHICH: LiteralString = ", updated_at = %s WHERE payment_id = %s"
