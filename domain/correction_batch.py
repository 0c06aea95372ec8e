"""A batch of corrections: announced with its figures, then one linked correction a call."""

from typing import Any, NamedTuple, Self
from uuid import UUID

from domain import ids
from domain.aggregate import Fact, FirstFact, Recorded
from domain.correct_call import NewCorrection, correct
from domain.decision import Decision
from domain.errors import ConflictError, NotFoundError
from domain.find import must_find
from domain.inference_request import CHARGED, InferenceRequest
from domain.moment import Moment
from domain.money import Nanos
from domain.ports import Books
from domain.price_book import PriceBook
from domain.price_page import card_again
from domain.rerating import due
from domain.wallet import Wallet


class Opened(FirstFact):
    """So many calls are to be re-rated at a price version; `selector` says how they were chosen."""

    TOPIC = "correction_batch.opened.1"
    price_version: str
    selector: dict[str, str]
    upto: int
    """The log's position of the dry run: calls held after it are not of this batch."""
    count: int
    amount: Nanos
    reason_hash: str
    actor: str


class Completed(Fact):
    """Every call of the batch has been looked at again; so many were corrected, and by how much."""

    TOPIC = "correction_batch.completed.1"
    count: int
    amount: Nanos


class CorrectionBatch(Recorded):
    """Its control totals, and whether it has run to its end."""

    TOPIC = "correction_batch"

    class Event(Recorded.Event):
        """The base of this aggregate's facts."""

    def __init__(self) -> None:
        self.price_version = ""
        self.selector: dict[str, str] = {}
        self.upto = 0
        self.count = 0
        self.amount: Nanos = 0
        self.reason_hash = ""
        self.actor = ""
        self.completed = False

    @classmethod
    def open(cls, at: Moment, batch_id: UUID, **facts: Any) -> Self:
        """Announce the batch; the fields are those of `Opened`."""
        return cls.begin(Opened, at, batch_id, **facts)

    def complete(self, at: Moment, *, count: int, amount: Nanos) -> None:
        """Record that it has run to its end, once."""
        if not self.completed:
            self.record(Completed, at, count=count, amount=amount)

    def when_opened(self, fact: Opened) -> None:
        """Take what each correction needs."""
        for name in (
            "price_version",
            "selector",
            "upto",
            "count",
            "amount",
            "reason_hash",
            "actor",
        ):
            setattr(self, name, getattr(fact, name))

    def when_completed(self, fact: Completed) -> None:
        """End."""
        self.completed = True


def rerated_by(request: InferenceRequest, book: PriceBook, price_version: str) -> Nanos:
    """Tell what re-rating a call gives back, in nanos; what it was given otherwise is kept.

    Nothing for a call that was not charged, that is rated so already, or whose model or price list
    is not in that version.
    """
    original = book.card(request.price_version, request.model, request.price_list)
    page = book.page(price_version)
    card = page and card_again(page, request.model, request.price_list)
    rated_so = request.rated_at == price_version
    if request.state != CHARGED or rated_so or original is None or card is None:
        return 0
    return request.total - max(0, due(request, original, card) - request.goodwill)


class Concerned(NamedTuple):
    """A call, and the wallet and the key that it is booked on."""

    request_id: UUID
    wallet_id: UUID
    key_id: UUID


def rerate_call(call: Concerned, batch_id: UUID, correction_id: UUID) -> Decision[Nanos]:
    """Re-rate one call of an open batch; decides by how much, zero if that was done before."""
    book_id = ids.price_book_id(ids.shard_of(call.request_id))

    def decide(books: Books) -> Nanos:
        batch = must_find(books, CorrectionBatch, batch_id, "correction batch")
        book = must_find(books, PriceBook, book_id, "price book")
        if batch.completed:
            return 0
        current = must_find(books, InferenceRequest, call.request_id, "request")
        amount = rerated_by(current, book, batch.price_version)
        if not amount:
            return 0
        must_find(books, Wallet, call.wallet_id, "wallet").check_bounds(amount)
        new = NewCorrection(
            correction_id,
            amount,
            batch.reason_hash,
            batch.actor,
            batch_id.hex,
            batch.price_version,
        )
        correct(books, current, new)
        return amount

    return Decision((*call, batch_id, book_id), decide)


def open_batch(batch_id: UUID, **facts: Any) -> Decision[None]:
    """Announce a batch; the fields are those of `Opened`. Raises for an unknown price version."""
    book_id = ids.price_book_id(ids.shard_of(batch_id))

    def decide(books: Books) -> None:
        book = must_find(books, PriceBook, book_id, "price book")
        if facts["price_version"] not in book.versions:
            what = "price version"
            raise NotFoundError(what)
        if not facts["count"]:
            message = "No call would be corrected."
            raise ConflictError(message)
        books.add(CorrectionBatch.open(books.at, batch_id, **facts))

    return Decision((batch_id, book_id), decide)


def complete_batch(batch_id: UUID, *, count: int, amount: Nanos) -> Decision[None]:
    """Record that every call of a batch has been looked at."""

    def decide(books: Books) -> None:
        batch = must_find(books, CorrectionBatch, batch_id, "correction batch")
        batch.complete(books.at, count=count, amount=amount)

    return Decision((batch_id,), decide)
