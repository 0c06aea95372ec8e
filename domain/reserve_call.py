"""The reserve: the one decision that may refuse a call, made on wallet, key and price at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain import ids
from domain.api_key import INFERENCE, ApiKey
from domain.credential import Credential
from domain.errors import (
    HoldsInFlightError,
    IdempotencyInProgressError,
    InsufficientBalanceError,
    InvalidApiKeyError,
    KeyQuotaExhaustedError,
    ModelNotFoundError,
    OutOfFundsError,
    WalletInDebtError,
)
from domain.find import must_find
from domain.idempotency import Idempotency
from domain.inference_request import InferenceRequest
from domain.moment import Moment
from domain.money import Nanos
from domain.ports import Books
from domain.price_book import PriceBook
from domain.pricing import RateCard
from domain.quota import window_of
from domain.quote import Quote
from domain.tags import Tags
from domain.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a credential speaks for; this never changes while the credential lives."""

    credential_id: UUID
    key_id: UUID
    wallet_id: UUID
    customer_id: UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """An idempotency key that came with the call."""

    claim_id: UUID
    body_hash: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """An open hold, and what it allows."""

    request_id: UUID
    identity: Identity
    model: str
    providers: list[str]
    amount: Nanos
    currency: str
    output_cap: int
    choices: int
    price_version: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ReserveCall:
    """Hold the worst case of one call, or refuse it; `hold_for` outlives the call's deadline."""

    request_id: UUID
    identity: Identity
    model: str
    providers: tuple[str, ...]
    quote: Quote
    surface: str
    hold_for: timedelta
    client_request_id: str | None = None
    claim: Claim | None = None
    tags: Tags = field(default_factory=Tags)
    ids: Sequence[UUID] = field(init=False)

    def __post_init__(self) -> None:
        who = self.identity
        book_id = ids.price_book_id(ids.shard_of(who.wallet_id))
        touched = (who.credential_id, who.key_id, who.wallet_id, book_id)
        named = (*touched, self.claim.claim_id) if self.claim else touched
        object.__setattr__(self, "ids", named)

    def decide(self, books: Books) -> Reservation:
        """Check everything, then hold on the wallet, on the key and for the request."""
        at = books.at
        key, providers = self._checked_key(books)
        self._check_claim(books)
        wallet = must_find(books, Wallet, self.identity.wallet_id, "wallet")
        wallet.check_not_frozen()
        price_version, card = self._priced(books, wallet)
        output_cap, amount = _fit(self.quote, card, wallet, key, at)
        reservation = Reservation(
            request_id=self.request_id,
            identity=self.identity,
            model=self.model,
            providers=providers,
            amount=amount,
            currency=wallet.currency,
            output_cap=output_cap,
            choices=self.quote.choices,
            price_version=price_version,
            expires_at=at.now + self.hold_for,
        )
        self._record(books, reservation, wallet, key)
        return reservation

    def _checked_key(self, books: Books) -> tuple[ApiKey, list[str]]:
        credential = books.find(Credential, self.identity.credential_id)
        key = books.find(ApiKey, self.identity.key_id)
        if credential is None or key is None:
            raise InvalidApiKeyError
        credential.check_valid()
        key.check_usable(books.at, INFERENCE)
        return key, key.check_allows(self.model, list(self.providers))

    def _check_claim(self, books: Books) -> None:
        if self.claim and (used := books.find(Idempotency, self.claim.claim_id)):
            used.check_same(self.claim.body_hash)
            raise IdempotencyInProgressError(used.result_id)

    def _priced(self, books: Books, wallet: Wallet) -> tuple[str, RateCard]:
        book = books.find(PriceBook, ids.price_book_id(ids.shard_of(wallet.id)))
        if book is None or book.currency != wallet.currency:
            raise ModelNotFoundError(self.model)
        price_version = book.version_at(books.at.now)
        card = book.card(price_version, self.model) if price_version else None
        if price_version is None or card is None:
            raise ModelNotFoundError(self.model)
        return price_version, card

    def _record(self, books: Books, reservation: Reservation, wallet: Wallet, key: ApiKey) -> None:
        at, request_id = books.at, self.request_id.hex
        amount, expires_at = reservation.amount, reservation.expires_at
        wallet.reserve(
            at, request_id=request_id, key_id=key.id.hex, amount=amount, expires_at=expires_at
        )
        key.reserve(at, request_id=request_id, amount=amount, expires_at=expires_at)
        request = InferenceRequest.reserve(
            at,
            self.request_id,
            customer_id=self.identity.customer_id.hex,
            wallet_id=wallet.id.hex,
            key_id=key.id.hex,
            model=self.model,
            surface=self.surface,
            amount=amount,
            price_version=reservation.price_version,
            input_tokens=self.quote.input_tokens,
            output_cap=reservation.output_cap,
            choices=self.quote.choices,
            window=window_of(at.now, key.quota_window),
            expires_at=expires_at,
            period=wallet.holds[request_id].period,
            tags={**key.tags, **self.tags},
            client_request_id=self.client_request_id,
        )
        books.add(request)
        if self.claim:
            result_id = ids.public(ids.REQUEST, self.request_id)
            books.add(
                Idempotency.claim(
                    at, self.claim.claim_id, body_hash=self.claim.body_hash, result_id=result_id
                )
            )


def _fit(
    quote: Quote, card: RateCard, wallet: Wallet, key: ApiKey, at: Moment
) -> tuple[int, Nanos]:
    """Choose the output cap and the hold, or raise the refusal that names what is short."""
    wanted = quote.hold(card, quote.output_cap)
    room = wallet.headroom(at)
    quota = key.headroom(at)
    funds = room if quota is None else min(room, quota)
    if wanted <= funds or not wanted:
        return quote.output_cap, wanted
    affordable = quote.affordable_cap(card, funds)
    if quote.clamps and affordable >= 1:
        return affordable, quote.hold(card, affordable)
    required = quote.hold(card, 1) if quote.clamps else wanted
    if required <= room:
        available, reserved = quota or 0, key.reserved(at)
    else:
        available, reserved = wallet.available_at(at), wallet.reserved_at(at)
    raise shortage(wallet, at, required=required, room=room)(
        required=required,
        available=available,
        reserved=reserved,
        currency=wallet.currency,
        max_affordable_output_tokens=max(0, affordable),
    )


def shortage(wallet: Wallet, at: Moment, *, required: Nanos, room: Nanos) -> type[OutOfFundsError]:
    """Name what is short: debt, the balance, other calls' holds, or only the key's quota."""
    if required <= room:
        return KeyQuotaExhaustedError
    if wallet.debt_at(at) > wallet.overdraft_limit:
        return WalletInDebtError
    if required <= room + wallet.reserved_at(at):
        return HoldsInFlightError
    return InsufficientBalanceError
