"""What can be exported, in which formats, of whom and when, and what writes it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import partial
from importlib.metadata import version
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.ledger.connection import GATEWAY_ROLE, connect
from adapters.ledger.log_export import export_log
from api.export_statement import FORMATS as STATEMENT_FORMATS, draw_statement, write_document
from projections.exports import billing_detail
from projections.exports.billing_detail import write_billing_detail
from projections.exports.errors import ExportRefusedError
from projections.exports.focus.export import FORMATS as FOCUS_FORMATS, write_focus
from projections.exports.journal.export import FORMATS as JOURNAL_FORMATS, write_journal
from projections.exports.models import models_at_one_moment
from projections.exports.reading import one_moment, wallet_of
from projections.exports.selection import Selection, Task
from projections.exports.sheets import NDJSON
from projections.exports.sidecar import About, Control
from projections.upkeep import Progress

PRODUCT: Final = f"tollbook {version('tollbook')}"


class What(StrEnum):
    """What can be exported."""

    JOURNAL = "journal"
    FOCUS = "focus"
    EVENTS = "events"
    BILLING_DETAIL = "billing-detail"
    STATEMENT = "statement"


class Ask(Enum):
    """Whether an option is for an export."""

    NEVER = auto()
    MAYBE = auto()
    ALWAYS = auto()


@dataclass(frozen=True, slots=True)
class Asked:
    """One export as somebody asked for it."""

    what: What
    form: str
    customer_id: UUID | None
    month: str | None
    issuer: str | None
    """Who bills, as FOCUS and statements name it."""


ISSUER: Final = "Tollbook"
"""Who bills where nobody has said who: FOCUS must name somebody."""

Written = tuple[Control, About]
Writer = Callable[[str, Asked, Any, Progress], Written]
"""Takes the owner's DSN, what is asked for and a stream of bytes."""


def _task(asked: Asked, conn: Connection, end: int, out: Any, progress: Progress) -> Task:
    customer_id = asked.customer_id.hex if asked.customer_id else None
    wallet_id = wallet_of(conn, customer_id) if customer_id else None
    if customer_id and wallet_id is None:
        raise ExportRefusedError(f"there is no customer cus_{customer_id}")
    selection = Selection(customer_id, wallet_id, asked.month)
    return Task(conn, end, out, asked.form, selection, progress)


def _about(asked: Asked, position: int) -> About:
    customer = f"cus_{asked.customer_id.hex}" if asked.customer_id else None
    return About(asked.what, asked.form, position, PRODUCT, customer, asked.month)


def _from_the_log(
    write: Callable[[Task, str], Control], url: str, asked: Asked, out: Any, progress: Progress
) -> Written:
    with one_moment(partial(connect, url, role=None)) as (conn, end):
        control = write(_task(asked, conn, end, out, progress), asked.issuer or ISSUER)
    return control, _about(asked, end)


def _events(url: str, asked: Asked, out: Any, progress: Progress) -> Written:
    with one_moment(partial(connect, url, role=None)) as (conn, end):
        trailer = export_log(conn, out.write, progress)
    return Control(rows=trailer.events), _about(asked, end)


def _billing_detail(url: str, asked: Asked, out: Any, progress: Progress) -> Written:
    owner = partial(connect, url, role=None)
    with models_at_one_moment(owner, GATEWAY_ROLE, billing_detail.MODELS) as (conn, end):
        control = write_billing_detail(_task(asked, conn, end, out, progress))
    return control, _about(asked, end)


def _statement(url: str, asked: Asked, out: Any, progress: Progress) -> Written:
    assert asked.customer_id is not None, "a statement is one customer's"
    assert asked.month is not None, "a statement is one month's"
    drawn = draw_statement(url, asked.customer_id, asked.month, asked.issuer)
    position = drawn[0].cover.position
    return write_document(*drawn, asked.form, out), _about(asked, position)


@dataclass(frozen=True, slots=True)
class Export:
    """What an export takes; the first of its formats is the usual one."""

    formats: tuple[str, ...]
    customer: Ask
    month: Ask
    write: Writer


EXPORTS: Final = {
    What.JOURNAL: Export(
        JOURNAL_FORMATS,
        Ask.MAYBE,
        Ask.MAYBE,
        partial(_from_the_log, lambda task, issuer: write_journal(task)),
    ),
    What.FOCUS: Export(FOCUS_FORMATS, Ask.MAYBE, Ask.MAYBE, partial(_from_the_log, write_focus)),
    What.EVENTS: Export((NDJSON,), Ask.NEVER, Ask.NEVER, _events),
    What.BILLING_DETAIL: Export(billing_detail.FORMATS, Ask.MAYBE, Ask.MAYBE, _billing_detail),
    What.STATEMENT: Export(STATEMENT_FORMATS, Ask.ALWAYS, Ask.ALWAYS, _statement),
}
