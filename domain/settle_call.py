"""Settling: what happened upstream is always recorded, whatever is left of the hold."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self
from uuid import UUID

from domain import ids
from domain.api_key import ApiKey
from domain.errors import NotFoundError
from domain.find import must_find
from domain.inference_request import CACHED, CHARGED, RELEASED, REPORTED, InferenceRequest
from domain.money import Nanos
from domain.ports import Books
from domain.price_book import PriceBook
from domain.pricing import RateCard, rate
from domain.reserve_call import Identity
from domain.service_tier import from_cache, served_at
from domain.usage import Usage, exclusive
from domain.wallet import Wallet

BEYOND_CAP, CAPPED_AT_HOLD = "output_beyond_cap", "capped_at_hold"
UNPRICED_TOOL = "tool_unpriced"
"""A provider's tool was used that has no price, so that it is free."""
UNHELD_TOOL = "tool_beyond_hold"
"""A provider's tool was used more often than was asked and held for, which is not charged."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of a supplier and what it may bill us, in nanos; None when it named no cost."""

    provider: str
    upstream_model: str
    outcome: str
    cost: Nanos | None
    cost_currency: str
    milliseconds: int

    def facts(self) -> dict[str, Any]:
        """Give the fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: a charge when it has a basis, else a release when it has a reason."""

    milliseconds: int
    basis: str | None = None
    reason: str | None = None
    usage: dict[str, int] = field(default_factory=dict[str, int])
    reported: dict[str, int] = field(default_factory=dict[str, int])
    flags: list[str] = field(default_factory=list[str])
    provider: str = ""
    first_byte_ms: int | None = None
    model: str | None = None
    """The model that answered; None for the one first held for."""
    service_tier: str | None = None
    """At which tier the upstream says that it served the call; None where it says nothing."""

    def __post_init__(self) -> None:
        assert (self.basis is None) != (self.reason is None), "a call is charged or released"


class Rated(NamedTuple):
    """What a call comes to: its usage as far as it counts, and the service tier it is rated at."""

    usage: Usage
    tier: str | None
    amount: Nanos
    flags: list[str]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the customer pays, and what is left, in nanos."""

    amount: Nanos
    available: Nanos
    currency: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class SettleCall:
    """End a call's hold once; a second settling of the same call changes nothing."""

    request_id: UUID
    identity: Identity
    outcome: Outcome
    attempts: tuple[Attempt, ...] = ()
    ids: Sequence[UUID] = field(init=False)

    def __post_init__(self) -> None:
        wallet_id = self.identity.wallet_id
        book_id = ids.price_book_id(ids.shard_of(wallet_id))
        named = (self.request_id, wallet_id, self.identity.key_id, book_id)
        object.__setattr__(self, "ids", named)

    def decide(self, books: Books) -> Settlement:
        """Charge or release on the wallet, on the key and for the request."""
        request = must_find(books, InferenceRequest, self.request_id, "request")
        wallet = must_find(books, Wallet, self.identity.wallet_id, "wallet")
        key = must_find(books, ApiKey, self.identity.key_id, "key")
        usage = Usage({})
        if request.state not in {CHARGED, RELEASED}:
            rated = None if self.outcome.basis is None else self._rated(books, request)
            for attempt in self.attempts:
                request.attempt(books.at, **attempt.facts())
            if rated is None:
                self._release(books, request, wallet, key)
            else:
                usage = self._charge(books, request, wallet, key, rated)
        return Settlement(request.total, wallet.available, wallet.currency, usage)

    def _charge(
        self,
        books: Books,
        request: InferenceRequest,
        wallet: Wallet,
        key: ApiKey,
        rated: Rated,
    ) -> Usage:
        at, outcome = books.at, self.outcome
        model = outcome.model if outcome.model != request.model else None
        charged = wallet.charge(
            at, request_id=request.id.hex, key_id=key.id.hex, rated=rated.amount
        )
        key.charge(at, request_id=request.id.hex, amount=charged.amount, window=request.window)
        request.charge(
            at,
            period=charged.period,
            model=model,
            service_tier=rated.tier,
            amount=charged.amount,
            absorbed=charged.absorbed,
            basis=outcome.basis,
            usage=dict(rated.usage.buckets),
            reported=outcome.reported,
            flags=rated.flags,
            provider=outcome.provider,
            allocations=charged.allocations,
            first_byte_ms=outcome.first_byte_ms,
            milliseconds=outcome.milliseconds,
        )
        return rated.usage

    def _rated(self, books: Books, request: InferenceRequest) -> Rated:
        """Price the usage at the hold's version; only reported usage may exceed the hold."""
        flags = list(self.outcome.flags)
        model = self.outcome.model or request.model
        cap = request.cap_of(model)
        assert cap is not None, "only a model that was held for answers"
        reported = exclusive(**self.outcome.usage)
        usage = reported.capped(cap * request.choices)
        if usage is not reported:
            flags.append(BEYOND_CAP)
        card = _card(books, request, model)
        flags += _unheld(usage, request, card)
        usage = usage.within(request.extras)
        if self.outcome.basis == CACHED:
            card, tier = from_cache(card)
        else:
            tier, odd = served_at(request.service_tier, self.outcome.service_tier, usage, card)
            flags += odd
        amount = rate(usage, card, tier)
        if self.outcome.basis != REPORTED and amount > request.hold:
            amount = request.hold
            flags.append(CAPPED_AT_HOLD)
        return Rated(usage, tier, amount, flags)

    def _release(
        self, books: Books, request: InferenceRequest, wallet: Wallet, key: ApiKey
    ) -> None:
        outcome = self.outcome
        if request.id.hex in wallet.holds:
            wallet.release(books.at, request_id=request.id.hex, reason=outcome.reason or "")
        key.release(books.at, request_id=request.id.hex)
        request.release(
            books.at,
            reason=outcome.reason,
            reported=outcome.reported,
            flags=outcome.flags,
            milliseconds=outcome.milliseconds,
        )

    def to_json(self) -> dict[str, object]:
        """Write the settling for the spool."""
        who = self.identity
        return {
            "request_id": self.request_id.hex,
            "identity": [
                who.credential_id.hex, who.key_id.hex, who.wallet_id.hex, who.customer_id.hex,
            ],
            "outcome": asdict(self.outcome),
            "attempts": [attempt.facts() for attempt in self.attempts],
        }  # fmt: skip

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            UUID(hex=written["request_id"]),
            Identity(*(UUID(hex=part) for part in written["identity"])),
            Outcome(**written["outcome"]),
            tuple(Attempt(**attempt) for attempt in written["attempts"]),
        )


def _unheld(usage: Usage, request: InferenceRequest, card: RateCard) -> list[str]:
    """Name what is odd about requests to tools that nobody held for."""
    over = [name for name, n in usage.counters.items() if n > request.extras.get(name, 0)]
    priced = [name in card.prices for name in over]
    return [*([UNHELD_TOOL] if any(priced) else []), *([] if all(priced) else [UNPRICED_TOOL])]


def _card(books: Books, request: InferenceRequest, model: str) -> RateCard:
    book = books.find(PriceBook, ids.price_book_id(ids.shard_of(request.id)))
    card = book.card(request.price_version, model, request.price_list) if book else None
    if card is None:
        what = "price version"
        raise NotFoundError(what)
    return card
