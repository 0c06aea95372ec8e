"""Statements: the register, with every gap explained, and each statement as it was issued."""

from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request, Response

from api.admin.answers.money import StatementsAnswer
from api.admin.auth import gateway_of
from api.admin.fields import write_time
from api.admin.query import ListQuery, lent_connection
from api.document.operation import documented
from api.document.proofs import StatementAnswer
from api.envelope import success
from api.errors import InvalidFieldError
from api.lending import lent_for_long
from api.statements import CSV, HTML, JSON, TEXT, draw_issued, statement_answer
from domain import ids
from domain.errors import NotFoundError
from domain.money import format_amount
from projections.freshness import catch_up
from projections.pages import CursorError
from projections.read_customers import CUSTOMER_NAME
from projections.read_statements import (
    Gap,
    StatementRow,
    gaps,
    months,
    statement_numbered,
    statements,
)
from projections.statement.draw import MODELS
from projections.statement.number import format_number, parse_number
from projections.statement.page import Party

KINDS: Final = {"": JSON, "json": TEXT, "csv": CSV, "html": HTML}
"""What is asked for, by the suffix of the number."""

router = APIRouter()


class Asked(NamedTuple):
    """A statement and the form it is to come in."""

    number: int
    kind: str


@router.get(
    "/statements", **documented(StatementsAnswer, query=("customer_id", "month", "cursor", "limit"))
)
async def list_statements(request: Request) -> Response:
    """List statements, the newest number first, by pages; and every number that has none."""
    query = ListQuery(request, ("customer_id", "month"))
    async with lent_connection(request) as conn:
        await catch_up(conn, MODELS)
        try:
            page = await statements(
                conn,
                customer_id=query.customer_id(),
                period=query.month(),
                cursor=query.cursor,
                limit=query.limit,
            )
        except CursorError as error:
            raise InvalidFieldError(str(error), "cursor") from None
        missing = await gaps(conn)
    data = {
        "items": [describe(row) for row in page.items],
        "next_cursor": page.next_cursor,
        "gaps": [_explain(gap) for gap in missing],
    }
    return success(request, data)


@router.get(
    "/statements/{name}",
    **documented(
        StatementAnswer,
        files={
            "application/json": "With `.json` after the number: the text whose hash was issued.",
            "text/csv": "With `.csv` after the number.",
            "text/html": "With `.html` after the number.",
        },
    ),
)
async def get_statement(request: Request, name: str) -> Response:
    """Draw an issued statement again: in the envelope, or as `.json`, `.csv` or `.html`."""
    ListQuery(request, (), paged=False)
    asked, gateway = _asked(name), gateway_of(request)
    async with lent_for_long(request) as conn:
        await catch_up(conn, MODELS)
        row = await statement_numbered(conn, asked.number)
        if row is None:
            raise _no_statement()
        (wallet,) = await months(conn, row.customer_id)
        document = await draw_issued(conn, row, wallet.calendar)
    customer = await gateway.texts.get(row.customer_id, CUSTOMER_NAME)
    party = Party(gateway.settings.issuer_name, customer)
    return statement_answer(request, document, row, asked.kind, party)


def describe(row: StatementRow) -> dict[str, Any]:
    """Tell a statement's place in the register."""
    return {
        "number": format_number(row.number),
        "customer_id": ids.public(ids.CUSTOMER, row.customer_id),
        "wallet_id": ids.public(ids.WALLET, row.wallet_id),
        "month": row.period,
        "zone": row.zone,
        "currency": row.currency,
        "opening": format_amount(row.opening),
        "closing": format_amount(row.closing),
        "closed_at": write_time(row.closed_at),
        "issued_at": write_time(row.issued_at),
        "position": row.closed_position,
        "tree_size": row.tree_size,
        "sha256": row.sha256,
    }


def _explain(gap: Gap) -> dict[str, str]:
    return {"number": format_number(gap.number), "reason": gap.reason}


def _asked(name: str) -> Asked:
    text, _, suffix = name.partition(".")
    number = parse_number(text)
    if number is None or suffix not in KINDS:
        raise _no_statement()
    return Asked(number, KINDS[suffix])


def _no_statement() -> NotFoundError:
    what = "statement"
    return NotFoundError(what)
