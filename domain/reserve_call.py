"""The reserve: the one decision that may refuse a call, made on wallet, key and price at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain import ids
from domain.access import check_access
from domain.admission import Asked, admit, may_answer, price
from domain.api_key import INFERENCE, ApiKey
from domain.call_policy import PLAIN, PolicyChangedError
from domain.candidates import Candidate
from domain.change_conversation import own_conversation
from domain.check_limits import check_limits
from domain.customer import Customer
from domain.errors import IdempotencyInProgressError
from domain.find import must_find
from domain.fit_funds import Fitting, Funds
from domain.idempotency import Idempotency
from domain.inference_request import InferenceRequest
from domain.limits import CallLimits
from domain.money import Nanos
from domain.ports import Books
from domain.price_book import PriceBook
from domain.quota import window_of
from domain.routing_policy import RoutingPolicy
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
    policy_version: int = PLAIN.version
    """Of the customer's policies, as the call was prepared by them."""
    conversation_id: UUID | None = None
    """The customer's conversation that the call belongs to."""
    ids: Sequence[UUID] = field(init=False)

    def __post_init__(self) -> None:
        who = self.identity
        book_id = ids.price_book_id(ids.shard_of(who.wallet_id))
        touched = (who.credential_id, who.key_id, who.wallet_id, who.customer_id, book_id)
        claim_id = self.claim.claim_id if self.claim else None
        named = (*touched, *filter(None, (claim_id, self.conversation_id)))
        object.__setattr__(self, "ids", named)

    @property
    def asked(self) -> Asked:
        """What the call asks for, apart from who asks and how."""
        return Asked(self.requested, self.candidates, self.open_choice, self.request_id)

    def decide(self, books: Books) -> Reservation:
        """Check everything, then hold on the wallet, on the key and for the request."""
        at = books.at
        who = self.identity
        key = check_access(books, who.credential_id, who.key_id, INFERENCE)
        self._check_claim(books)
        wallet = must_find(books, Wallet, self.identity.wallet_id, "wallet")
        wallet.check_not_frozen()
        customer = must_find(books, Customer, self.identity.customer_id, "customer")
        if customer.policy_version != self.policy_version:
            raise PolicyChangedError
        if self.conversation_id:
            own_conversation(books, customer.id, self.conversation_id).check_active()
        limits = check_limits(at, key, customer, wallet)
        policy = customer.routing
        book = books.find(PriceBook, ids.price_book_id(ids.shard_of(wallet.id)))
        asked = self.asked
        admitted = admit(asked, key, customer)
        price_version, priced = price(asked, admitted, book, wallet, at.now)
        kept = may_answer(priced, Funds(wallet, key, at), customer)
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

    def _check_claim(self, books: Books) -> None:
        if self.claim and (used := books.find(Idempotency, self.claim.claim_id)):
            used.check_same(self.claim.body_hash)
            raise IdempotencyInProgressError(used.result_id)

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
            conversation_id=self.conversation_id and self.conversation_id.hex,
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
