"""The seal, for the customer: the newest head, the proof of a call, and what checks it offline."""

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from adapters.seal import proofs
from api.call_proof import NotSealedError, prove_call
from api.document.operation import documented, documented_file
from api.document.proofs import CallProofAnswer, PublishedHeadAnswer
from api.envelope import success
from api.openapi.caller import Caller, read_models
from api.openapi.query import Query
from domain import ids
from domain.errors import NotFoundError
from projections.calls import Calls
from projections.freshness import catch_up
from projections.read_calls import call

VERIFIER: Final = files("api.openapi").joinpath("verify_proof.txt").read_bytes()
"""scripts/verify_proof.py, one file that a customer can read before running it."""

router = APIRouter()


@router.get("/seal/head", **documented(PublishedHeadAnswer))
async def get_head(request: Request, caller: Caller) -> Response:
    """Show the newest signed head of the log; worth keeping, for nobody can take it back."""
    Query(request, ())
    async with read_models(request) as conn:
        head = await proofs.newest(conn)
        if head is None:
            raise NotSealedError
        key = await proofs.public_key(conn, head.key_id)
    return success(request, {**head.fields, "public_key": key})


@router.get(
    "/seal/verifier",
    **documented_file("text/plain", "The program that checks proofs.", public=True),
)
async def get_verifier(request: Request) -> Response:
    """Hand out the program that checks proofs; it is nobody's secret."""
    Query(request, ())
    return PlainTextResponse(
        VERIFIER, headers={"content-disposition": 'inline; filename="verify_proof.py"'}
    )


@router.get("/billing/detail/{request_id}/proof", **documented(CallProofAnswer))
async def get_proof(request: Request, request_id: str, caller: Caller) -> Response:
    """Prove what one of the caller's own calls was held and charged for."""
    Query(request, ())
    parsed = ids.parse_public(ids.REQUEST, request_id)
    async with read_models(request) as conn:
        await catch_up(conn, (Calls(),))
        if parsed is None or await call(conn, caller.wallet_id, parsed) is None:
            what = "request"
            raise NotFoundError(what)
        return success(request, await prove_call(conn, caller.wallet_id, parsed))
