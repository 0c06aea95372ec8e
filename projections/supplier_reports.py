"""Suppliers' reports: what they say by day, which of them speaks for a day, and what was accepted.

No customer ever sees any of this.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from psycopg import Connection

from domain import supplier, supplier_report as report
from domain.usage import TOKEN_COMPONENTS
from projections.events import Event, Fields
from projections.projection import Projection, Table, run


class SupplierReports(Projection):
    """Rare and small: a few files a month."""

    name = "supplier_reports"
    tables = (
        Table(
            "supplier_reports",
            ("report_id",),
            """
            CREATE TABLE {schema}.supplier_reports (
                report_id uuid PRIMARY KEY,
                provider text NOT NULL,
                format text NOT NULL,
                sha256 text NOT NULL,
                kinds text[] NOT NULL,
                currency text,
                days date[] NOT NULL,
                partial_days date[] NOT NULL,
                read_count bigint NOT NULL,
                line_count bigint NOT NULL,
                actor text NOT NULL,
                imported_at timestamptz NOT NULL,
                position bigint NOT NULL
            );
            CREATE INDEX ON {schema}.supplier_reports (provider, position)
            """,
        ),
        Table(
            "supplier_lines",
            ("report_id", "number"),
            """
            CREATE TABLE {schema}.supplier_lines (
                report_id uuid NOT NULL,
                number int NOT NULL,
                day date NOT NULL,
                model text NOT NULL,
                credential text NOT NULL,
                component text NOT NULL,
                usage jsonb,
                requests bigint,
                amount bigint,
                position bigint NOT NULL,
                PRIMARY KEY (report_id, number)
            );
            CREATE INDEX ON {schema}.supplier_lines (report_id, day)
            """,
        ),
        Table(
            "supplier_coverage",
            ("supplier_id", "kind", "day"),
            """
            CREATE TABLE {schema}.supplier_coverage (
                supplier_id uuid NOT NULL,
                kind text NOT NULL,
                day date NOT NULL,
                report_id uuid NOT NULL,
                position bigint NOT NULL,
                PRIMARY KEY (supplier_id, kind, day)
            )
            """,
        ),
        Table(
            "supplier_resolutions",
            ("supplier_id", "day", "model", "credential"),
            """
            CREATE TABLE {schema}.supplier_resolutions (
                supplier_id uuid NOT NULL,
                day date NOT NULL,
                model text NOT NULL,
                credential text NOT NULL,
                resolution_id uuid NOT NULL,
                state text NOT NULL,
                reason text NOT NULL,
                ours jsonb NOT NULL,
                theirs jsonb NOT NULL,
                actor text NOT NULL,
                resolved_at timestamptz NOT NULL,
                position bigint NOT NULL,
                PRIMARY KEY (supplier_id, day, model, credential)
            )
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Write what is new; of two that speak for one thing the later one stays."""
        for text, rows_of in WRITERS:
            run(conn, schema, text, rows_of(events))


def reports(events: Iterable[Event]) -> list[Fields]:
    """Give the new reports as rows."""
    return [
        {
            **event.fields,
            "report_id": event.originator_id,
            "imported_at": event.fields["timestamp"],
            "position": event.position,
        }
        for event in events
        if event.topic == report.Imported.TOPIC
    ]


def lines(events: Iterable[Event]) -> list[Fields]:
    """Give their lines as rows, numbered through the report."""
    return [
        {
            **_told(*line),
            "report_id": event.originator_id,
            "number": number,
            "position": event.position,
        }
        for event in events
        if event.topic == report.LinesListed.TOPIC
        for number, line in enumerate(event.fields["lines"], event.fields["first"])
    ]


def _told(day: str, model: str, credential: str, component: str, figures: dict[str, int]) -> Fields:
    usage = {name: quantity for name, quantity in figures.items() if name in TOKEN_COMPONENTS}
    return {
        "day": day,
        "model": model,
        "credential": credential,
        "component": component,
        "usage": usage if "tokens" in figures else None,
        "requests": figures.get("requests"),
        "amount": figures.get("amount"),
    }


def coverage(events: Iterable[Event]) -> list[Fields]:
    """Give which report speaks for which day, as these events leave it."""
    covered: dict[tuple[str, ...], Fields] = {}
    for position, topic, supplier_id, fact in events:
        if topic == supplier.Covered.TOPIC:
            for day in fact["days"]:
                covered[supplier_id, fact["kind"], day] = {
                    "supplier_id": supplier_id,
                    "kind": fact["kind"],
                    "day": day,
                    "report_id": fact["report_id"],
                    "position": position,
                }
    return list(covered.values())


def resolutions(events: Iterable[Event]) -> list[Fields]:
    """Give what was accepted last of each day, model and credential."""
    accepted: dict[tuple[str, ...], Fields] = {}
    for position, topic, supplier_id, fact in events:
        if topic == supplier.Resolved.TOPIC:
            accepted[supplier_id, fact["day"], fact["model"], fact["credential"]] = {
                **fact,
                "supplier_id": supplier_id,
                "resolved_at": fact["timestamp"],
                "position": position,
            }
    return list(accepted.values())


SupplierReports.topics = frozenset(
    {
        report.Imported.TOPIC, report.LinesListed.TOPIC, supplier.Covered.TOPIC,
        supplier.Resolved.TOPIC,
    }
)  # fmt: skip

_REPORT = """
    INSERT INTO {schema}.supplier_reports
    SELECT * FROM json_populate_recordset(NULL::{schema}.supplier_reports, %s::json)
"""
_LINE = """
    INSERT INTO {schema}.supplier_lines
    SELECT * FROM json_populate_recordset(NULL::{schema}.supplier_lines, %s::json)
"""
_COVER = """
    INSERT INTO {schema}.supplier_coverage
    SELECT * FROM json_populate_recordset(NULL::{schema}.supplier_coverage, %s::json)
    ON CONFLICT (supplier_id, kind, day)
    DO UPDATE SET report_id = excluded.report_id, position = excluded.position
"""
_RESOLVE = """
    INSERT INTO {schema}.supplier_resolutions
    SELECT * FROM json_populate_recordset(NULL::{schema}.supplier_resolutions, %s::json)
    ON CONFLICT (supplier_id, day, model, credential)
    DO UPDATE SET resolution_id = excluded.resolution_id, state = excluded.state,
        reason = excluded.reason, ours = excluded.ours, theirs = excluded.theirs,
        actor = excluded.actor, resolved_at = excluded.resolved_at, position = excluded.position
"""
WRITERS: tuple[tuple[Any, Callable[[Iterable[Event]], list[Fields]]], ...] = (
    (_REPORT, reports),
    (_LINE, lines),
    (_COVER, coverage),
    (_RESOLVE, resolutions),
)
