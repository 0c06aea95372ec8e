"""Decisions of operators and customers about wallets, keys and prices."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain import ids
from domain.api_key import ApiKey
from domain.claims import claimed, with_claim
from domain.credential import Credential
from domain.customer import Customer
from domain.decision import Decision
from domain.errors import ConflictError, NotFoundError, UnpricedCurrencyError
from domain.find import must_find
from domain.idempotency import Idempotency
from domain.key_terms import KeyTerms
from domain.limits import UNLIMITED, Limits
from domain.money import Nanos
from domain.ports import Books
from domain.price_book import PriceBook
from domain.price_page import Page
from domain.quota import Quota
from domain.reserve_call import Claim
from domain.tags import Tags
from domain.wallet import Wallet


def publish_prices(shard: int, page: Page, *, currency: str, actor: str) -> Decision[str]:
    """Publish the catalogue's prices unless they are in force already; decides their version."""
    book_id = ids.price_book_id(shard)

    def decide(books: Books) -> str:
        book = books.find(PriceBook, book_id)
        if book is None:
            book = PriceBook.start(books.at, book_id, currency=currency)
            books.add(book)
        elif book.currency != currency:
            message = f"The price book is in {book.currency} and cannot change to {currency}."
            raise ConflictError(message)
        return book.publish(books.at, page, actor=actor)

    return Decision((book_id,), decide)


def draft_prices(shard: int, page: Page, *, actor: str) -> Decision[str]:
    """Keep prices that are not to come into force, for corrections to name; decides a version."""
    book_id = ids.price_book_id(shard)

    def decide(books: Books) -> str:
        return must_find(books, PriceBook, book_id, "price book").draft(books.at, page, actor=actor)

    return Decision((book_id,), decide)


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """Ids and facts of a customer to register; the wallet is opened with it."""

    customer_id: UUID
    wallet_id: UUID
    currency: str
    name_hash: str
    actor: str


def register_customer(new: NewCustomer) -> Decision[UUID]:
    """Register a customer with an empty wallet; the currency must be one with prices."""
    book_id = ids.price_book_id(ids.shard_of(new.wallet_id))

    def decide(books: Books) -> UUID:
        book = books.find(PriceBook, book_id)
        if book is None or book.currency != new.currency:
            raise UnpricedCurrencyError(new.currency)
        books.add(
            Customer.register(
                books.at,
                new.customer_id,
                wallet_id=new.wallet_id.hex,
                currency=new.currency,
                name_hash=new.name_hash,
                actor=new.actor,
            )
        )
        wallet = Wallet.open(
            books.at, new.wallet_id, customer_id=new.customer_id.hex, currency=new.currency
        )
        books.add(wallet)
        return new.customer_id

    return Decision((book_id, new.customer_id, new.wallet_id), decide)


@dataclass(frozen=True, slots=True)
class NewGrant:
    """Credit to add, in nanos; the lower the priority, the sooner it is used."""

    grant_id: UUID
    amount: Nanos
    category: str
    actor: str
    priority: int = 0
    expires_at: datetime | None = None
    reference: str | None = None


def grant_credit(wallet_id: UUID, new: NewGrant, claim: Claim | None = None) -> Decision[str]:
    """Add credit once per idempotency key; decides the grant's id, also of an earlier use."""

    def decide(books: Books) -> str:
        wallet = must_find(books, Wallet, wallet_id, "customer")
        if claim and (used := books.find(Idempotency, claim.claim_id)):
            used.check_same(claim.body_hash)
            return used.result_id
        if new.expires_at is not None and new.expires_at <= books.at.now:
            message = "The grant would have expired before it began."
            raise ConflictError(message)
        wallet.check_bounds(new.amount)
        wallet.grant(
            books.at,
            grant_id=new.grant_id.hex,
            amount=new.amount,
            category=new.category,
            actor=new.actor,
            priority=new.priority,
            expires_at=new.expires_at,
            reference=new.reference,
        )
        return claimed(books, claim, new.grant_id.hex)

    return Decision(with_claim((wallet_id,), claim), decide)


def void_grant(
    wallet_id: UUID,
    grant_id: str,
    *,
    reason: str,
    actor: str,
    amount: Nanos | None = None,
    claim: Claim | None = None,
) -> Decision[Nanos]:
    """Take back what is unused of a grant, or so much of it, once per idempotency key.

    Decides how much that was, in nanos, also of an earlier use.
    """

    def decide(books: Books) -> Nanos:
        wallet = must_find(books, Wallet, wallet_id, "customer")
        if claim and (used := books.find(Idempotency, claim.claim_id)):
            used.check_same(claim.body_hash)
            return int(used.result_id)
        voided = wallet.void_grant(
            books.at, grant_id=grant_id, reason=reason, actor=actor, amount=amount
        )
        claimed(books, claim, str(voided))
        return voided

    return Decision(with_claim((wallet_id,), claim), decide)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to create and the credential that opens it."""

    key_id: UUID
    credential_id: UUID
    display: str
    name_hash: str
    actor: str
    allowed_models: list[str]
    allowed_providers: list[str]
    permissions: list[str]
    tags: Tags = field(default_factory=Tags)
    quota: Quota | None = None
    expires_at: datetime | None = None
    limits: Limits = UNLIMITED

    @property
    def terms(self) -> KeyTerms:
        """What it may do."""
        return KeyTerms(
            permissions=tuple(self.permissions),
            allowed_models=tuple(self.allowed_models),
            allowed_providers=tuple(self.allowed_providers),
            quota=self.quota,
            expires_at=self.expires_at,
            tags=self.tags,
            limits=self.limits,
        )


def create_key(customer_id: UUID, wallet_id: UUID, new: NewKey) -> Decision[UUID]:
    """Create a key of a customer together with its first credential."""

    def decide(books: Books) -> UUID:
        must_find(books, Customer, customer_id, "customer")
        begin_key(books, customer_id, wallet_id, new)
        return new.key_id

    return Decision((customer_id, new.key_id, new.credential_id), decide)


def begin_key(books: Books, customer_id: UUID, wallet_id: UUID, new: NewKey) -> None:
    """Begin a key and the credential that opens it."""
    key = ApiKey.create(
        books.at,
        new.key_id,
        customer_id=customer_id.hex,
        wallet_id=wallet_id.hex,
        name_hash=new.name_hash,
        actor=new.actor,
        credential_id=new.credential_id.hex,
        allowed_models=new.allowed_models,
        allowed_providers=new.allowed_providers,
        quota=new.quota,
        permissions=new.permissions,
        tags=new.tags,
        expires_at=new.expires_at,
    )
    key.change_limits(books.at, new.limits, actor=new.actor)
    credential = Credential.issue(
        books.at,
        new.credential_id,
        key_id=new.key_id.hex,
        wallet_id=wallet_id.hex,
        customer_id=customer_id.hex,
        display=new.display,
    )
    books.add(key)
    books.add(credential)


def disable_key(key_id: UUID, *, actor: str) -> Decision[None]:
    """Disable a key; the next call of any worker sees it."""

    def decide(books: Books) -> None:
        must_find(books, ApiKey, key_id, "key").disable(books.at, actor=actor)

    return Decision((key_id,), decide)


def freeze_wallet(wallet_id: UUID, *, frozen: bool, actor: str) -> Decision[None]:
    """Stop or allow new holds."""

    def decide(books: Books) -> None:
        wallet = must_find(books, Wallet, wallet_id, "customer")
        change = wallet.freeze if frozen else wallet.unfreeze
        change(books.at, actor=actor)

    return Decision((wallet_id,), decide)


def change_terms(
    wallet_id: UUID, *, overdraft_limit: Nanos | None, excess_policy: str | None, actor: str
) -> Decision[None]:
    """Change a wallet's overdraft limit or excess policy; None leaves it."""

    def decide(books: Books) -> None:
        wallet = must_find(books, Wallet, wallet_id, "customer")
        if overdraft_limit is not None:
            wallet.change_overdraft_limit(books.at, limit=overdraft_limit, actor=actor)
        if excess_policy is not None:
            wallet.change_excess_policy(books.at, policy=excess_policy, actor=actor)

    return Decision((wallet_id,), decide)


def change_price_list(
    wallet_id: UUID, *, price_list: str | None, actor: str
) -> Decision[str | None]:
    """Put a customer on a price list, or with None back on the public prices; decides the list.

    Raises NotFoundError unless the prices in force know the list.
    """
    book_id = ids.price_book_id(ids.shard_of(wallet_id))

    def decide(books: Books) -> str | None:
        wallet = must_find(books, Wallet, wallet_id, "customer")
        book = must_find(books, PriceBook, book_id, "price book")
        if price_list is not None and price_list not in book.lists_at(books.at.now):
            what = "price list"
            raise NotFoundError(what)
        wallet.change_price_list(books.at, price_list=price_list, actor=actor)
        return wallet.price_list

    return Decision((wallet_id, book_id), decide)
