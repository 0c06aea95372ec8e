"""The proof of one call: its own events under the newest head, and nothing of a supplier's."""

from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from adapters.seal import proofs
from domain import ids
from domain.errors import ConflictError
from projections.freshness import catch_up
from projections.pages import LIMIT_MAX
from projections.read_balances import Filters, transactions
from projections.transactions import Transactions

ON_WALLET: Final = (
    "wallet.reserved",
    "wallet.charged",
    "wallet.released",
    "wallet.hold_expired",
    "wallet.corrected",
)
ON_REQUEST: Final = (
    "inference_request.reserved",
    "inference_request.charged",
    "inference_request.released",
    "inference_request.outcome_unknown",
    "inference_request.corrected",
)
"""What a customer may see of a call; what is not named here, such as an attempt, never leaves."""


class NotSealedError(ConflictError):
    """The events are not under a head yet."""

    code = "not_sealed_yet"
    retry_after = 60

    def __init__(self) -> None:
        super().__init__("Nothing of this is sealed yet; the log is signed every so often.")


async def prove_call(
    conn: AsyncConnection[Any], wallet_id: UUID, request_id: UUID
) -> dict[str, Any]:
    """Prove what a call did to its wallet; raises NotSealedError if none of it is sealed.

    The caller has made sure that the call is this wallet's.
    """
    await catch_up(conn, (Transactions(),))
    page = await transactions(conn, wallet_id, Filters(request_id=request_id), limit=LIMIT_MAX)
    moved = {entry.position for entry in page.items}
    on_request = await proofs.positions_of(conn, request_id, ON_REQUEST)
    bundle = await proofs.prove_bundle(conn, sorted(moved.union(on_request)))
    if bundle is None or not bundle["events"]:
        raise NotSealedError
    return {"request_id": ids.public(ids.REQUEST, request_id), **bundle}
