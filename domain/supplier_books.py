"""Decisions about suppliers' reports: take one in once, and accept a difference."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain import ids
from domain.decision import Decision
from domain.errors import ConflictError
from domain.ports import Books
from domain.price_book import PriceBook
from domain.supplier import Supplier, key_of
from domain.supplier_report import Draft, ReportCurrencyError, SupplierReport


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import came to; the days that older reports no longer speak for, by report."""

    report_id: UUID
    new: bool
    superseded: Mapping[str, list[str]]


def import_report(shard: int, draft: Draft, *, actor: str) -> Decision[Taken]:
    """Take a report in, or find that it is here already; of two for a day the later one speaks."""
    report_id, supplier_id = draft.report_id(shard), Supplier.id_of(shard, draft.provider)
    book_id = ids.price_book_id(shard)

    def decide(books: Books) -> Taken:
        known = books.find(SupplierReport, report_id)
        if known is not None:
            _check_same_format(known, draft)
            return Taken(report_id, new=False, superseded={})
        _check_currency(books.find(PriceBook, book_id), draft)
        books.add(SupplierReport.take(books.at, shard, draft, actor=actor))
        supplier = books.find(Supplier, supplier_id)
        if supplier is None:
            supplier = Supplier.register(books.at, shard, draft.provider, actor=actor)
            books.add(supplier)
        ended = supplier.cover(books.at, report_id.hex, draft.kinds, draft.days, actor=actor)
        superseded: dict[str, list[str]] = {}
        for fact in ended:
            superseded.setdefault(fact.report_id, []).extend(fact.days)
        return Taken(report_id, new=True, superseded=superseded)

    return Decision((report_id, supplier_id, book_id), decide)


@dataclass(frozen=True, slots=True)
class NewResolution:
    """An item of the matching as it stands, and why it is accepted."""

    resolution_id: UUID
    provider: str
    day: str
    model: str
    credential: str
    state: str
    reason: str
    note_hash: str | None
    ours: Mapping[str, int]
    theirs: Mapping[str, int]
    actor: str


def resolve_difference(shard: int, new: NewResolution) -> Decision[UUID]:
    """Accept a difference; raises ConflictError if these very figures are accepted already."""
    supplier_id = Supplier.id_of(shard, new.provider)

    def decide(books: Books) -> UUID:
        supplier = books.find(Supplier, supplier_id)
        if supplier is None:
            supplier = Supplier.register(books.at, shard, new.provider, actor=new.actor)
            books.add(supplier)
        key = key_of(new.day, new.model, new.credential)
        if supplier.accepted(key) == [dict(new.ours), dict(new.theirs)]:
            message = "This difference is resolved already."
            raise ConflictError(message)
        supplier.resolve(
            books.at,
            new.resolution_id.hex,
            key=(new.day, new.model, new.credential),
            state=new.state,
            reason=new.reason,
            note_hash=new.note_hash,
            ours=new.ours,
            theirs=new.theirs,
            actor=new.actor,
        )
        return new.resolution_id

    return Decision((supplier_id,), decide)


def _check_same_format(known: SupplierReport, draft: Draft) -> None:
    if known.format != draft.format:
        message = f"This file was imported already, as {known.format}."
        raise ConflictError(message)


def _check_currency(book: PriceBook | None, draft: Draft) -> None:
    """Suppliers' costs are in the catalogue's currency, which is the price book's."""
    if book is not None and draft.currency not in {None, book.currency}:
        raise ReportCurrencyError(draft.currency or "", book.currency)
