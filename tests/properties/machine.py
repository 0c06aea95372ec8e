"""Any history of a wallet, its keys and its calls, against the reference and the audit.

A subclass names the ledger: `new_ledger` makes one, `log` reads its facts in order, `reopen`
makes it forget what it has in memory. Everything else goes through `domain.ports.Ledger`.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant

from domain import ids, manage
from domain.api_key import PERMISSIONS, ApiKey
from domain.decision import Decision
from domain.errors import RefusalError
from domain.inference_request import InferenceRequest
from domain.ports import Books, Command, Ledger
from domain.price_book import PriceBook
from domain.price_page import plain_page
from domain.quota import DAY, Quota, window_of
from domain.reserve_call import Identity
from domain.wallet import Wallet
from tests.fakes import FakeLedger, written
from tests.properties.audit import Audit
from tests.properties.reference import Reference
from tests.strategies import CARDS

T = TypeVar("T")

QUOTA = 150


class BooksMachine(RuleBasedStateMachine):
    """The shop, the clock and the checks; `rules.BooksRules` has what can happen."""

    begins: ClassVar[datetime] = datetime(2026, 11, 30, 23, 40, tzinfo=UTC)
    """Near the end of a day and a month, so that windows end in most histories."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = self.begins
        self.ledger = self.new_ledger(lambda: self.clock)
        self.minted = count(1)
        self.reference, self.audit = Reference(), Audit()
        self.read_so_far = 0
        self.card = CARDS[0]
        self.open_shop()

    def new_ledger(self, clock: Callable[[], datetime]) -> Ledger:
        """A ledger that is empty, or at least has never heard of this history's ids."""
        return FakeLedger(clock)

    def log(self) -> Sequence[Any]:
        """Give every fact of this history, in order."""
        assert isinstance(self.ledger, FakeLedger)
        return self.ledger.facts

    def reopen(self, *, from_snapshots: bool) -> None:
        """Forget what is in memory, if this ledger keeps anything there."""
        assert isinstance(self.ledger, FakeLedger)
        if from_snapshots:
            self.ledger.restart_from_snapshots()
        else:
            self.ledger.rebuild()

    def teardown(self) -> None:
        self.runner.close()

    def open_shop(self) -> None:
        self.wallet_id, self.customer_id = self.mint(), self.mint()
        self.publish(self.card)
        self.do(
            manage.register_customer(
                manage.NewCustomer(self.customer_id, self.wallet_id, "USD", "h", "op")
            )
        )
        self.free_key, self.limited_key = self.new_key(None), self.new_key(Quota(QUOTA, DAY))
        self.quotas = {self.free_key.key_id: None, self.limited_key.key_id: QUOTA}

    def new_key(self, quota: Quota | None) -> Identity:
        who = Identity(self.mint(), self.mint(), self.wallet_id, self.customer_id)
        new = manage.NewKey(
            key_id=who.key_id,
            credential_id=who.credential_id,
            display="tb_",
            name_hash="h",
            actor="op",
            allowed_models=[],
            allowed_providers=[],
            permissions=list(PERMISSIONS),
            quota=quota,
        )
        self.do(manage.create_key(self.customer_id, self.wallet_id, new))
        return who

    def mint(self) -> UUID:
        return ids.in_shard(UUID(int=next(self.minted) << ids.SHARD_BITS), 0)

    def publish(self, card: dict[str, int]) -> None:
        self.card = card
        self.do(manage.publish_prices(0, plain_page({"m": card}), currency="USD", actor="op"))

    def do(self, command: Command[T]) -> T:
        return self.runner.run(self.ledger.execute(command))

    def refused(self, command: Command[Any], code: str) -> RefusalError:
        """Run a command that must be refused, and leave everything as it was."""
        before = self.states(), len(self.log())
        with pytest.raises(RefusalError) as refusal:
            self.do(command)
        assert refusal.value.code == code
        assert (self.states(), len(self.log())) == before, "a refusal changes nothing"
        return refusal.value

    def unchanged(self, command: Command[T]) -> T:
        """Run a command that must append nothing."""
        before = self.states(), len(self.log())
        outcome = self.do(command)
        assert (self.states(), len(self.log())) == before, "nothing is done twice"
        return outcome

    def look(self, see: Callable[[Books], T]) -> T:
        calls = tuple(UUID(hex=name) for name in self.reference.calls)
        keys = (self.free_key.key_id, self.limited_key.key_id)
        named = (self.wallet_id, ids.price_book_id(0), *keys, *calls)
        return self.runner.run(self.ledger.read(Decision(named, see)))

    def states(self) -> list[dict[str, Any]]:
        """Give the state of everything, as JSON would have it."""

        def see(books: Books) -> list[dict[str, Any]]:
            kinds = [(Wallet, self.wallet_id), (PriceBook, ids.price_book_id(0))]
            kinds += [(ApiKey, key_id) for key_id in self.quotas]
            kinds += [(InferenceRequest, UUID(hex=name)) for name in self.reference.calls]
            return [written(found) for k, i in kinds if (found := books.find(k, i)) is not None]

        return self.look(see)

    @property
    def now(self) -> datetime:
        """The ledger's time: the clock, but never below the log's last."""
        return max(self.clock, self.log()[-1].timestamp)

    def window(self, key_id: UUID) -> str:
        return window_of(self.now, DAY) if self.quotas[key_id] else "all"

    def after(self, duration: timedelta | None) -> datetime | None:
        return None if duration is None else self.now + duration

    @invariant()
    def every_new_fact_passes_the_audit(self) -> None:
        log = self.log()
        self.audit.read(log[self.read_so_far :])
        self.read_so_far = len(log)

    @invariant()
    def the_wallet_agrees_with_the_reference_and_the_audit(self) -> None:
        self.look(lambda books: self.compare_wallet(books.find(Wallet, self.wallet_id)))

    def compare_wallet(self, wallet: Wallet | None) -> None:
        assert wallet is not None
        expected, accounts = self.reference, self.audit.accounts
        assert wallet.available == expected.posted - expected.held == accounts["available"]
        assert wallet.reserved == expected.held == accounts["held"]
        assert wallet.debt == max(0, expected.lacking)
        assert wallet.debt == 0 or wallet.credit == 0, "a debt implies no credit"
        assert wallet.holds.keys() == expected.holds.keys() == self.audit.open.keys()
        left = {name: lot["left"] for name, lot in expected.lots.items()}
        assert {name: lot.available for name, lot in wallet.lots.items()} == left
        in_order = sorted((n for n in left if left[n]), key=lambda n: expected.lots[n]["rank"])
        assert [lot.grant_id for lot in wallet.lots_in_order] == in_order
        sums = expected.sums
        assert -accounts["granted"] == sums["granted"]
        assert (accounts["expired"], accounts["voided"]) == (sums["expired"], sums["voided"])
        assert accounts["charged"] == sums["charged"] - sums["corrected"]

    @invariant()
    def the_keys_agree_with_the_reference(self) -> None:
        def see(books: Books) -> dict[UUID, int | None]:
            keys = {key_id: books.find(ApiKey, key_id) for key_id in self.quotas}
            return {key_id: key.headroom(books.at) for key_id, key in keys.items() if key}

        for key_id, headroom in self.look(see).items():
            window, quota = self.window(key_id), self.quotas[key_id]
            left = self.reference.quota_left(key_id.hex, quota, window, self.now)
            assert headroom == (None if quota is None else left)

    @invariant()
    def the_calls_agree_with_the_reference(self) -> None:
        def see(books: Books) -> dict[str, tuple[str, int, Any]]:
            found = {n: books.find(InferenceRequest, UUID(hex=n)) for n in self.reference.calls}
            return {n: (r.state, r.total, list(map(tuple, r.drawn))) for n, r in found.items() if r}

        calls = self.reference.calls
        expected = {n: (c["state"], c["total"], c["drawn"]) for n, c in calls.items()}
        assert self.look(see) == expected
