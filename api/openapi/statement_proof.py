"""GET /openapi/v1/billing/monthly-statement/proof: a statement that can be checked offline."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from adapters.seal import proofs
from api.call_proof import NotSealedError
from api.document.operation import documented_file
from api.document.parameters import required
from api.envelope import OK, headers_of
from api.errors import InvalidFieldError
from api.lending import lent_for_long
from api.openapi.caller import Caller
from api.openapi.query import Query
from api.pieces import chunked
from api.statements import draw_issued
from domain.errors import NotFoundError
from domain.statement import Statement
from projections.freshness import catch_up
from projections.read_statements import months, statement
from projections.statement.document import Document
from projections.statement.draw import MODELS
from projections.statement.number import format_number

ISSUED: Final = ("statement.issued",)

router = APIRouter()


@router.get(
    "/billing/monthly-statement/proof",
    **documented_file(
        "application/json",
        "The canonical text, and the proof that it was issued.",
        query=(required("month"),),
    ),
)
async def get_statement_proof(request: Request, caller: Caller) -> Response:
    """Hand out the canonical text with the sealed event that issued it, as one file.

    It is proved besides that the log only grew since the head that the statement was drawn from.
    """
    month = Query(request, {"month"}).month()
    if month is None:
        raise InvalidFieldError("'month' is missing: give one such as 2026-11.", "month")
    async with lent_for_long(request) as conn:
        await catch_up(conn, MODELS)
        row = await statement(conn, caller.wallet_id, month)
        if row is None:
            what = f"statement: {month} is not closed"
            raise NotFoundError(what)
        (wallet,) = await months(conn, caller.customer_id)
        document = await draw_issued(conn, row, wallet.calendar)
        event_id = Statement.id_of(caller.wallet_id, month)
        issued = await proofs.positions_of(conn, event_id, ISSUED)
        bundle = await proofs.prove_bundle(conn, issued, earlier=row.tree_size)
    if bundle is None or not bundle["events"]:
        document.close()
        raise NotSealedError
    name = f"{format_number(row.number)}.proof.json"
    headers = {
        **headers_of(request),
        "content-disposition": f'attachment; filename="{name}"',
    }
    pieces = _written(document, {**bundle, "sha256": row.sha256})
    return StreamingResponse(chunked(pieces), OK, headers, "application/json")


def _written(document: Document, bundle: dict[str, Any]) -> Iterator[bytes]:
    """Write the text as a string inside the proof, piece by piece: it may be of any length."""
    with closing(document):
        yield orjson.dumps(bundle)[:-1] + b',"document":"'
        for piece in document.text():
            yield orjson.dumps(piece.decode())[1:-1]
        yield b'"}'
