"""A small shop to test in: one price list, one customer, one wallet and one key."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count, zip_longest
from typing import Any, TypeVar
from uuid import UUID

from domain import correct_call, ids, manage
from domain.api_key import PERMISSIONS, ApiKey
from domain.candidates import Candidate
from domain.catalog import CHAT, Model, Route
from domain.inference_request import REPORTED, InferenceRequest
from domain.metering import Estimate
from domain.moment import Moment
from domain.ports import Command
from domain.price_book import PriceBook
from domain.price_page import Cards, Lists, Page, Terms
from domain.quota import Quota
from domain.quote import Quote
from domain.reserve_call import Claim, Identity, Reservation, ReserveCall
from domain.settle_call import Outcome, SettleCall, Settlement
from domain.sweep import SweepWallet
from domain.wallet import Wallet
from tests.fakes import FakeLedger, facts_of

T = TypeVar("T")

T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)
MILLION = 1_000_000
CARDS: Cards = {
    "m": {"input": MILLION, "output": 2 * MILLION},
    "free": {"input": 0, "output": 0},
}
"""A token of `m` costs 1 nano in and 2 nanos out."""
HOLD_FOR = timedelta(minutes=10)


def candidate(
    model_id: str, providers: Iterable[str], quote: Quote, regions: Iterable[str | None] = ()
) -> Candidate:
    """A model with a route through each provider, in these regions if any are given."""
    routes = tuple(
        Route(provider, f"{model_id}-1", region=region)
        for provider, region in zip_longest(providers, regions)
    )
    model = Model(model_id, CHAT, 100_000, 100_000, routes)
    return Candidate(model, routes, quote, Estimate(1, quote.input_tokens, 100_000))


class Shop:
    """Everything in it is done by commands, as from outside."""

    def __init__(
        self,
        funds: int = 0,
        cards: Cards | None = None,
        quota: Quota | None = None,
        now: datetime = T0,
        **key: Any,
    ) -> None:
        self.now = now
        self.ledger = FakeLedger(lambda: self.now)
        self._minted = count(1)
        self.who = Identity(self.mint(), self.mint(), self.mint(), self.mint())
        self.publish(CARDS if cards is None else cards)
        self.register(quota=quota, **key)
        if funds:
            self.grant(funds)

    def register(self, **key: Any) -> None:
        who = self.who
        new = manage.NewCustomer(who.customer_id, who.wallet_id, "USD", "hash", "operator")
        self.do(manage.register_customer(new))
        self.do(manage.create_key(who.customer_id, who.wallet_id, self.new_key(**key)))

    def join(self, **key: Any) -> Identity:
        """Register one more customer with a key, and turn to it."""
        self.who = Identity(self.mint(), self.mint(), self.mint(), self.mint())
        self.register(**key)
        return self.who

    def mint(self) -> UUID:
        return ids.in_shard(UUID(int=next(self._minted) << ids.SHARD_BITS), 0)

    def do(self, command: Command[T], at: Moment | None = None) -> T:
        return self.ledger.decide(command, at)

    def tick(self, **duration: int) -> None:
        self.now += timedelta(**duration)

    def new_key(self, **changes: Any) -> manage.NewKey:
        return manage.NewKey(
            **{
                "key_id": self.who.key_id,
                "credential_id": self.who.credential_id,
                "display": "tb_1234",
                "name_hash": "hash",
                "actor": "operator",
                "allowed_models": [],
                "allowed_providers": [],
                "permissions": list(PERMISSIONS),
                **changes,
            }
        )

    def publish(
        self,
        cards: Cards,
        currency: str = "USD",
        *,
        terms: Terms | None = None,
        lists: Lists | None = None,
    ) -> str:
        page = Page(cards=cards, terms=terms or {}, lists=lists or {})
        return self.do(manage.publish_prices(0, page, currency=currency, actor="operator"))

    def grant(self, amount: int, claim: Claim | None = None, **changes: Any) -> str:
        """Give the grant's id."""
        fields = {"category": "paid", "actor": "operator", **changes}
        new = manage.NewGrant(grant_id=self.mint(), amount=amount, **fields)
        return self.do(manage.grant_credit(self.who.wallet_id, new, claim))

    def terms(self, *, limit: int | None = None, policy: str | None = None) -> None:
        self.do(
            manage.change_terms(
                self.who.wallet_id, overdraft_limit=limit, excess_policy=policy, actor="operator"
            )
        )

    def call(self, tokens: int = 10, cap: int = 20, **changes: Any) -> ReserveCall:
        """A call of `m` with these tokens; it is held for 50 nanos unless something changes."""
        clamps, choices = changes.pop("clamps", False), changes.pop("choices", 1)
        model, providers = changes.pop("model", "m"), changes.pop("providers", ("p", "q"))
        others = changes.pop("others", ())
        quote = changes.pop("quote", Quote(tokens, cap, clamps, choices))
        return ReserveCall(
            **{
                "request_id": self.mint(),
                "identity": self.who,
                "requested": "auto" if others else model,
                "candidates": tuple(candidate(m, providers, quote) for m in (model, *others)),
                "open_choice": bool(others),
                "surface": "chat",
                "hold_for": HOLD_FOR,
                **changes,
            }
        )

    def reserve(self, tokens: int = 10, cap: int = 20, **changes: Any) -> Reservation:
        return self.do(self.call(tokens, cap, **changes))

    def settle(self, held: Reservation, outcome: Outcome, **changes: Any) -> Settlement:
        return self.do(SettleCall(held.request_id, held.identity, outcome, **changes))

    def charge(
        self, held: Reservation, usage: Mapping[str, int], basis: str = REPORTED
    ) -> Settlement:
        return self.settle(held, Outcome(1, basis=basis, usage=dict(usage)))

    def release(self, held: Reservation) -> Settlement:
        return self.settle(held, Outcome(1, reason="upstream_error"))

    def sweep(self, *held: Reservation) -> int:
        requests = tuple(reservation.request_id for reservation in held)
        return self.do(SweepWallet(self.who.wallet_id, (self.who.key_id,), requests))

    def correct(self, held: Reservation, amount: int, claim: Claim | None = None) -> str:
        new = correct_call.NewCorrection(self.mint(), amount, "hash", "operator")
        return self.do(correct_call.correct_call(self.request(held), new, claim))

    def freeze(self, *, frozen: bool = True) -> None:
        self.do(manage.freeze_wallet(self.who.wallet_id, frozen=frozen, actor="operator"))

    @property
    def wallet(self) -> Wallet:
        return self.ledger.look(Wallet, self.who.wallet_id)

    @property
    def key(self) -> ApiKey:
        return self.ledger.look(ApiKey, self.who.key_id)

    @property
    def book(self) -> PriceBook:
        return self.ledger.look(PriceBook, ids.price_book_id(0))

    def request(self, held: Reservation) -> InferenceRequest:
        return self.ledger.look(InferenceRequest, held.request_id)

    def left(self, grant_id: str) -> int:
        """Give what a grant has available."""
        return self.wallet.lots[grant_id].available

    def facts(self, kind: Any) -> list[Any]:
        return facts_of(kind, self.ledger.facts)
