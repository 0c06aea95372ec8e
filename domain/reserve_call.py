"""The reserve: the one decision that may refuse a call, made on wallet, key and price at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain import ids
from domain.api_key import INFERENCE, ApiKey
from domain.candidates import Candidate
from domain.check_limits import check_limits
from domain.credential import Credential
from domain.customer import Customer
from domain.errors import (
    IdempotencyInProgressError,
    InvalidApiKeyError,
    ModelNotFoundError,
    RefusalError,
)
from domain.find import must_find
from domain.fit_funds import Fitting, Funds, Priced, fit, fully_priced
from domain.idempotency import Idempotency
from domain.inference_request import InferenceRequest
from domain.limits import CallLimits
from domain.money import Nanos
from domain.ports import Books
from domain.price_book import PriceBook
from domain.quota import window_of
from domain.routing_policy import ANY_ROUTE, RoutingPolicy, RoutingPolicyError
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
    requested: str
    """The model as the caller named it."""
    kept: tuple[Fitting, ...]
    """The candidates that may answer, best first, on the routes that they may take."""
    amount: Nanos
    currency: str
    price_version: str
    expires_at: datetime
    policy: RoutingPolicy
    limits: CallLimits = CallLimits()  # noqa: RUF009  # it never changes
    """What limits the key's calls, as of this hold."""

    @property
    def model(self) -> str:
        """The model first held for."""
        return self.kept[0].candidate.model.id

    @property
    def output_cap(self) -> int:
        """Its output cap."""
        return self.kept[0].output_cap

    @property
    def choices(self) -> int:
        """How many answers are asked for."""
        return self.kept[0].candidate.quote.choices


@dataclass(frozen=True, slots=True)
class ReserveCall:
    """Hold the worst case of one call, or refuse it; `hold_for` outlives the call's deadline.

    What is held covers the dearest candidate that may answer.
    """

    request_id: UUID
    identity: Identity
    requested: str
    candidates: tuple[Candidate, ...]
    """At least one, best first."""
    surface: str
    hold_for: timedelta
    client_request_id: str | None = None
    claim: Claim | None = None
    tags: Tags = field(default_factory=Tags)
    open_choice: bool = False
    """Whether the caller left the model to us."""
    ids: Sequence[UUID] = field(init=False)

    def __post_init__(self) -> None:
        who = self.identity
        book_id = ids.price_book_id(ids.shard_of(who.wallet_id))
        touched = (who.credential_id, who.key_id, who.wallet_id, who.customer_id, book_id)
        named = (*touched, self.claim.claim_id) if self.claim else touched
        object.__setattr__(self, "ids", named)

    def decide(self, books: Books) -> Reservation:
        """Check everything, then hold on the wallet, on the key and for the request."""
        at = books.at
        key = self._checked_key(books)
        self._check_claim(books)
        wallet = must_find(books, Wallet, self.identity.wallet_id, "wallet")
        wallet.check_not_frozen()
        customer = books.find(Customer, self.identity.customer_id)
        limits = check_limits(at, key, customer, wallet)
        policy = ANY_ROUTE if customer is None else customer.routing
        price_version, priced = self._priced(books, wallet, self._admitted(key, policy))
        kept = fit(priced, Funds(wallet, key, at))[: None if policy.fallback else 1]
        reservation = Reservation(
            request_id=self.request_id,
            identity=self.identity,
            requested=self.requested,
            kept=tuple(kept),
            amount=max(found.amount for found in kept),
            currency=wallet.currency,
            price_version=price_version,
            expires_at=at.now + self.hold_for,
            policy=policy,
            limits=limits,
        )
        self._record(books, reservation, wallet, key)
        return reservation

    def _checked_key(self, books: Books) -> ApiKey:
        credential = books.find(Credential, self.identity.credential_id)
        key = books.find(ApiKey, self.identity.key_id)
        if credential is None or key is None:
            raise InvalidApiKeyError
        credential.check_valid()
        key.check_usable(books.at, INFERENCE)
        return key

    def _check_claim(self, books: Books) -> None:
        if self.claim and (used := books.find(Idempotency, self.claim.claim_id)):
            used.check_same(self.claim.body_hash)
            raise IdempotencyInProgressError(used.result_id)

    def _admitted(self, key: ApiKey, policy: RoutingPolicy) -> list[Candidate]:
        """Keep what the key's scope and the customer's policy allow, or raise the first refusal."""
        admitted: list[Candidate] = []
        refusal: RefusalError | None = None
        for candidate in self.candidates:
            try:
                admitted.append(self._admit(candidate, key, policy))
            except RefusalError as refused:
                refusal = refusal or refused
        if refusal and not admitted:
            raise refusal
        return admitted

    def _admit(self, candidate: Candidate, key: ApiKey, policy: RoutingPolicy) -> Candidate:
        """Narrow a candidate to the routes that it may take, or raise why there are none."""
        model, routes = candidate.model, candidate.routes
        providers = key.check_allows(model.id, list(dict.fromkeys(r.provider for r in routes)))
        if not policy.allows(model, self.request_id, chosen=not self.open_choice):
            raise RoutingPolicyError(self.requested)
        narrowed = tuple(r for r in policy.routes(routes) if r.provider in providers)
        if not narrowed:
            raise RoutingPolicyError(self.requested)
        return candidate if narrowed == routes else replace(candidate, routes=narrowed)

    def _priced(
        self, books: Books, wallet: Wallet, admitted: list[Candidate]
    ) -> tuple[str, list[Priced]]:
        """Keep the candidates with a price now for all that the call may use, or raise."""
        book = books.find(PriceBook, ids.price_book_id(ids.shard_of(wallet.id)))
        if book is None or book.currency != wallet.currency:
            raise ModelNotFoundError(self.requested)
        price_version = book.version_at(books.at.now)
        if price_version is None:
            raise ModelNotFoundError(self.requested)
        priced = [
            Priced(candidate, card)
            for candidate in admitted
            if (card := book.card(price_version, candidate.model.id, wallet.price_list)) is not None
        ]
        if not priced:
            raise ModelNotFoundError(self.requested)
        return price_version, fully_priced(priced)

    def _record(self, books: Books, reservation: Reservation, wallet: Wallet, key: ApiKey) -> None:
        at, request_id = books.at, self.request_id.hex
        amount, expires_at = reservation.amount, reservation.expires_at
        wallet.reserve(
            at, request_id=request_id, key_id=key.id.hex, amount=amount, expires_at=expires_at
        )
        key.reserve(at, request_id=request_id, amount=amount, expires_at=expires_at)
        first, *others = reservation.kept
        quote = first.candidate.quote
        request = InferenceRequest.reserve(
            at,
            self.request_id,
            customer_id=self.identity.customer_id.hex,
            wallet_id=wallet.id.hex,
            key_id=key.id.hex,
            model=reservation.model,
            requested=self.requested,
            surface=self.surface,
            amount=amount,
            price_version=reservation.price_version,
            price_list=wallet.price_list,
            service_tier=quote.service_tier,
            input_tokens=quote.input_tokens,
            extras={name: most for name, most in quote.extras.items() if most},
            output_cap=first.output_cap,
            alternatives={found.candidate.model.id: found.output_cap for found in others},
            choices=reservation.choices,
            window=window_of(at.now, key.quota_window),
            expires_at=expires_at,
            period=wallet.holds[request_id].period,
            tags={**key.tags, **self.tags},
            client_request_id=self.client_request_id,
        )
        books.add(request)
        if self.claim:
            self._record_claim(books, self.claim)

    def _record_claim(self, books: Books, claim: Claim) -> None:
        result_id = ids.public(ids.REQUEST, self.request_id)
        books.add(
            Idempotency.claim(
                books.at, claim.claim_id, body_hash=claim.body_hash, result_id=result_id
            )
        )
