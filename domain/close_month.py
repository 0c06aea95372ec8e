"""Closing a wallet's month, issuing its statement, and the zone whose midnights cut its months."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain import ids
from domain.decision import Decision
from domain.errors import ConflictError
from domain.find import must_find
from domain.issuer import Issuer
from domain.ports import Books
from domain.statement import Statement
from domain.wallet import Wallet


def close_month(
    wallet_id: UUID, period: str, *, grace: timedelta, actor: str
) -> Decision[int | None]:
    """Close the next month of a wallet and number its statement; decides the number.

    None if the month is closed already. Raises ConflictError while the month or its grace lasts,
    and for a month that is not the next one.
    """
    issuer_id = Issuer.id_of(ids.shard_of(wallet_id))

    def decide(books: Books) -> int | None:
        wallet = must_find(books, Wallet, wallet_id, "wallet")
        if period <= wallet.calendar.closed:
            return None
        wallet.check_closable(books.at, period, grace)
        issuer = books.find(Issuer, issuer_id)
        if issuer is None:
            issuer = Issuer.start(books.at, issuer_id, actor=actor)
            books.add(issuer)
        number = issuer.number(books.at, wallet_id=wallet_id.hex, period=period)
        wallet.close_period(books.at, period=period, number=number, actor=actor)
        return number

    return Decision((wallet_id, issuer_id), decide)


@dataclass(frozen=True, slots=True)
class Document:
    """What a closed month's statement came to; the fields are those of `Issued`."""

    number: int
    position: int
    tree_size: int | None
    sha256: str


def issue_statement(wallet_id: UUID, period: str, document: Document) -> Decision[str]:
    """Issue the statement of a closed month once; decides the hash of what was issued.

    That of an earlier document, if two tried; raises ConflictError for an open month.
    """
    statement_id = Statement.id_of(wallet_id, period)

    def decide(books: Books) -> str:
        wallet = must_find(books, Wallet, wallet_id, "wallet")
        if period > wallet.calendar.closed:
            message = f"{period} is still open."
            raise ConflictError(message)
        if issued := books.find(Statement, statement_id):
            return issued.sha256
        books.add(
            Statement.issue(
                books.at,
                statement_id,
                wallet_id=wallet_id.hex,
                customer_id=wallet.customer_id,
                period=period,
                number=document.number,
                position=document.position,
                tree_size=document.tree_size,
                sha256=document.sha256,
            )
        )
        return document.sha256

    return Decision((wallet_id, statement_id), decide)


def change_time_zone(wallet_id: UUID, *, zone: str, actor: str) -> Decision[str]:
    """Cut a wallet's months by another zone; decides the first month it applies to.

    Raises UnknownZoneError.
    """

    def decide(books: Books) -> str:
        wallet = must_find(books, Wallet, wallet_id, "wallet")
        return wallet.change_time_zone(books.at, zone=zone, actor=actor)

    return Decision((wallet_id,), decide)
