"""The seal, for the operator: heads, and proofs of any event and between any two heads."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from adapters.seal import proofs
from api.admin.auth import gateway_of
from api.admin.find import find, parse_id
from api.admin.query import lent_connection
from api.call_proof import NotSealedError, prove_call
from api.document.operation import documented
from api.document.parameters import parameter
from api.document.proofs import (
    CallProofAnswer,
    ConsistencyProofAnswer,
    InclusionProofAnswer,
    PublishedHeadAnswer,
)
from api.envelope import success
from api.errors import InvalidFieldError
from domain import ids
from domain.errors import NotFoundError
from domain.inference_request import InferenceRequest
from domain.tree_head import TreeHead

NUMBER_DIGITS: Final = 18
NUMBER: Final = {"type": "integer", "minimum": 1}

router = APIRouter(prefix="/seal")


@router.get("/head", **documented(PublishedHeadAnswer))
async def get_head(request: Request) -> Response:
    """Show the newest head."""
    _numbers(request)
    async with lent_connection(request) as conn:
        head = await _newest(conn)
        return success(request, await describe_head(conn, head))


@router.get(
    "/inclusion",
    **documented(
        InclusionProofAnswer,
        query=({**parameter("position", "The event's.", NUMBER), "required": True},),
    ),
)
async def get_inclusion(request: Request) -> Response:
    """Prove that the event at a position is under the newest head."""
    position = _numbers(request, "position")["position"]
    async with lent_connection(request) as conn:
        head = await _newest(conn)
        if position > head.position:
            raise NotSealedError
        bundle = await proofs.prove_bundle(conn, [position])
    if bundle is None or not bundle["events"]:
        what = "event"
        raise NotFoundError(what)
    return success(request, bundle)


@router.get(
    "/consistency",
    **documented(
        ConsistencyProofAnswer,
        query=(
            {
                **parameter("from", "How many events the earlier head has.", NUMBER),
                "required": True,
            },
            parameter("to", "How many the later one has; the newest head if left out.", NUMBER),
        ),
    ),
)
async def get_consistency(request: Request) -> Response:
    """Prove that the log under one head begins the log under a later one, or the newest."""
    asked = _numbers(request, "from", optional="to")
    async with lent_connection(request) as conn:
        newest = await _newest(conn)
        first = await _head_of(conn, asked["from"])
        second = await _head_of(conn, asked["to"]) if "to" in asked else newest
        if first.tree_size > second.tree_size:
            raise InvalidFieldError("'to' must not be smaller than 'from'.", "to")
        return success(request, await proofs.prove_consistency(conn, first, second))


@router.get("/requests/{request_id}/proof", **documented(CallProofAnswer))
async def get_call_proof(request: Request, request_id: str) -> Response:
    """Prove a call as its customer may see it."""
    parsed = parse_id(ids.REQUEST, request_id, gateway_of(request).shard, "request")
    call = await find(request, InferenceRequest, parsed, "request")
    async with lent_connection(request) as conn:
        return success(request, await prove_call(conn, UUID(call.wallet_id), parsed))


async def describe_head(conn: AsyncConnection[Any], head: TreeHead) -> dict[str, Any]:
    """Show a head with the public key that it can be checked with."""
    return {**head.fields, "public_key": await proofs.public_key(conn, head.key_id)}


async def _newest(conn: AsyncConnection[Any]) -> TreeHead:
    head = await proofs.newest(conn)
    if head is None:
        raise NotSealedError
    return head


async def _head_of(conn: AsyncConnection[Any], tree_size: int) -> TreeHead:
    head = await proofs.head_of(conn, tree_size)
    if head is None:
        what = f"head of {tree_size} events"
        raise NotFoundError(what)
    return head


def _numbers(request: Request, *names: str, optional: str | None = None) -> dict[str, int]:
    """Read whole numbers from 1 on, all of which but one must be there."""
    known = {*names, *([optional] if optional else [])}
    for name, _ in request.query_params.multi_items():
        if name not in known:
            raise InvalidFieldError(f"There is no parameter '{name[:100]}'.", name[:100])
    found: dict[str, int] = {}
    for name in known:
        text = request.query_params.get(name)
        if text is None and name == optional:
            continue
        if text is None or not (text.isascii() and text.isdecimal()) or not int(text[:19]):
            raise InvalidFieldError(f"'{name}' must be a whole number from 1 on.", name)
        if len(text) > NUMBER_DIGITS:
            raise InvalidFieldError(f"'{name}' is beyond any log.", name)
        found[name] = int(text)
    return found
