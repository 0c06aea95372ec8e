"""Decisions about suppliers' reports: take one in once, and accept a difference."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from domain import ids
from domain.decision import Decision
from domain.errors import ConflictError
from domain.ports import Books
from domain.price_book import PriceBook
from domain.supplier import Supplier, key_of
from domain.supplier_report import Draft, ReportCurrencyError, SupplierReport


class Taken(NamedTuple):
    """What an import comes to."""

    report_id: UUID
    new: bool
    superseded: tuple[tuple[str, str, list[str]], ...]
    """The reports that no longer speak for some days: which, in what figures, and for which."""


def import_report(shard: int, draft: Draft, *, actor: str) -> Decision[Taken]:
    """Take a report in, or find that it is here already; of two for a day the later one speaks."""
    report_id, supplier_id, book_id = _named(shard, draft)

    def decide(books: Books) -> Taken:
        taken = _look(books, shard, draft)
        if not taken.new:
            return taken
        books.add(SupplierReport.take(books.at, shard, draft, actor=actor))
        supplier = books.find(Supplier, supplier_id)
        if supplier is None:
            supplier = Supplier.register(books.at, shard, draft.provider, actor=actor)
            books.add(supplier)
        for kind in draft.kinds:
            supplier.cover(books.at, report_id.hex, kind, draft.days, actor=actor)
        return taken

    return Decision((report_id, supplier_id, book_id), decide)


def look_at_report(shard: int, draft: Draft) -> Decision[Taken]:
    """Tell what importing would come to, and change nothing."""
    return Decision(_named(shard, draft), lambda books: _look(books, shard, draft))


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


def _named(shard: int, draft: Draft) -> tuple[UUID, UUID, UUID]:
    supplier_id = Supplier.id_of(shard, draft.provider)
    return draft.report_id(shard), supplier_id, ids.price_book_id(shard)


def _look(books: Books, shard: int, draft: Draft) -> Taken:
    """Decide without a fact; raises ConflictError or ReportCurrencyError."""
    report_id, supplier_id, book_id = _named(shard, draft)
    known = books.find(SupplierReport, report_id)
    if known is not None:
        _check_same_format(known, draft)
        return Taken(report_id, new=False, superseded=())
    _check_currency(books.find(PriceBook, book_id), draft)
    supplier = books.find(Supplier, supplier_id)
    overlapping = supplier.overlapping if supplier else _nothing
    superseded = [
        (older, kind, days)
        for kind in draft.kinds
        for older, days in overlapping(kind, draft.days).items()
    ]
    return Taken(report_id, new=True, superseded=tuple(superseded))


def _nothing(kind: str, days: Iterable[str]) -> dict[str, list[str]]:
    """Overlap with nothing: the supplier is new."""
    return {}


def _check_same_format(known: SupplierReport, draft: Draft) -> None:
    if known.format != draft.format:
        message = f"This file was imported already, as {known.format}."
        raise ConflictError(message)


def _check_currency(book: PriceBook | None, draft: Draft) -> None:
    """Suppliers' costs are in the catalogue's currency, which is the price book's."""
    if book is not None and draft.currency not in {None, book.currency}:
        raise ReportCurrencyError(draft.currency or "", book.currency)
