"""Claiming an idempotency key in the commit of what it guards."""

from uuid import UUID

from domain.idempotency import Idempotency
from domain.ports import Books
from domain.reserve_call import Claim


def with_claim(touched: tuple[UUID, ...], claim: Claim | None) -> tuple[UUID, ...]:
    """Name the claim among what a command touches."""
    return (*touched, claim.claim_id) if claim else touched


def claimed(books: Books, claim: Claim | None, result_id: str) -> str:
    """Claim the key for a result, if there is one; returns the result."""
    if claim:
        books.add(
            Idempotency.claim(
                books.at, claim.claim_id, body_hash=claim.body_hash, result_id=result_id
            )
        )
    return result_id
