"""What can happen to a wallet: every command, every way a call ends, and time."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, multiple, rule

from domain import correct_call, ids, manage
from domain.errors import OutOfFundsError
from domain.grants import PAID, PROMOTIONAL
from domain.idempotency import Idempotency
from domain.inference_request import InferenceRequest
from domain.ports import Books
from domain.reserve_call import Claim, Identity, ReserveCall
from domain.settle_call import Outcome, SettleCall
from domain.sweep import SweepWallet
from domain.wallet import Wallet
from tests.domain.shop import candidate
from tests.properties.machine import BooksMachine
from tests.properties.reference import NEVER
from tests.strategies import CARDS, TICK, amounts, claims, durations, quotes, usages

BASES = st.sampled_from(["reported", "reported", "estimated", "partial"])
WHEN = st.sampled_from(["now", "now", "at the end of its hold", "after a sweep"])


class BooksRules(BooksMachine):
    """The rules; each asks the reference first what the books must say."""

    grants = Bundle("grants")
    calls = Bundle("calls")
    settled = Bundle("settled")

    @initialize(target=grants, lasts=durations, policy=st.sampled_from(["absorbed", "debt"]))
    def begin_with_funds(self, lasts: timedelta, policy: str) -> Any:
        self.change_terms(0, policy)
        lots = [(80, PAID, None), (60, PROMOTIONAL, lasts), (160, PAID, None)]
        return multiple(*(self.give(n, kind, 1, ends, None) for n, kind, ends in lots))

    @rule(
        target=grants,
        amount=amounts,
        category=st.sampled_from([PAID, PROMOTIONAL]),
        priority=st.integers(0, 1),
        lasts=st.one_of(st.none(), durations),
        claimed=claims,
    )
    def grant(
        self, amount: int, category: str, priority: int, lasts: timedelta | None, claimed: Any
    ) -> Any:
        return self.give(amount, category, priority, lasts, claimed)

    def give(
        self, amount: int, category: str, priority: int, lasts: timedelta | None, claimed: Any
    ) -> Any:
        grant_id, ends = self.mint(), self.after(lasts)
        new = manage.NewGrant(grant_id, amount, category, "op", priority, ends)
        claim = self.claim("grants", claimed)
        command = manage.grant_credit(self.wallet_id, new, claim)
        if claim and (used := self.reference.claims.get(claim.claim_id.hex)):
            if used[0] != claim.body_hash:
                self.refused(command, "idempotency_key_reused")
            else:
                assert self.unchanged(command) == used[1]
            return multiple()
        assert self.do(command) == grant_id.hex
        rank = (priority, ends or NEVER, category == PAID)
        self.reference.grant(grant_id.hex, amount, rank, ends)
        self.remember(claim, grant_id.hex)
        return grant_id.hex

    @rule(grant=grants)
    def void(self, grant: str) -> None:
        left = self.reference.lots[grant]["left"]
        command = manage.void_grant(self.wallet_id, grant, reason="fraud", actor="op")
        if not left:
            self.refused(command, "conflict")
            return
        assert self.do(command) == left
        self.reference.lots[grant]["left"] = 0
        self.reference.sums["voided"] += left

    @rule(target=calls, sizes=st.lists(quotes, min_size=1, max_size=3), lasts=durations)
    def reserve(self, sizes: list[Any], lasts: timedelta) -> Any:
        held = [self.hold(self.free_key, quote, lasts) for quote in sizes]
        return multiple(*filter(None, held))

    @rule(target=calls, quote=quotes, lasts=durations, claimed=claims)
    def reserve_by_the_limited_key(self, quote: Any, lasts: timedelta, claimed: Any) -> Any:
        held = self.hold(self.limited_key, quote, lasts, self.claim("calls", claimed))
        return multiple(*filter(None, [held]))

    @rule(
        target=settled,
        made=st.lists(st.tuples(quotes, usages), min_size=1, max_size=3),
        limited=st.booleans(),
        lasts=durations,
    )
    def call_side_by_side(self, made: list[Any], limited: bool, lasts: timedelta) -> Any:
        who = self.limited_key if limited else self.free_key
        held = [(self.hold(who, quote, lasts), usage) for quote, usage in made]
        ended = [self.charge_by(call, usage, "reported") for call, usage in held if call]
        return multiple(*ended)

    def hold(
        self, who: Identity, quote: Any, lasts: timedelta, claim: Claim | None = None
    ) -> str | None:
        """Open a hold and name it, or be refused as the reference says."""
        request_id = self.mint()
        command = ReserveCall(
            request_id, who, "m", (candidate("m", "p", quote),), "chat", lasts, claim=claim
        )
        if claim and (used := self.reference.claims.get(claim.claim_id.hex)):
            same = used[0] == claim.body_hash
            self.refused(command, "idempotency_conflict" if same else "idempotency_key_reused")
            return None
        now, window = self.now, self.window(who.key_id)
        left = self.reference.quota_left(who.key_id.hex, self.quotas[who.key_id], window, now)
        cap, amount = self.reference.fit(quote, self.card, left, now)
        if isinstance(cap, str):
            refusal = self.refused(command, cap)
            assert isinstance(refusal, OutOfFundsError)
            assert refusal.max_affordable_output_tokens == amount
            return None
        held = self.do(command)
        assert (held.output_cap, held.amount) == (cap, amount)
        call = {"key": who.key_id.hex, "window": window, "card": self.card, "who": who}
        call["cap"] = cap * quote.choices
        self.reference.reserve(request_id.hex, amount, now + lasts, now, call)
        self.remember(claim, ids.public(ids.REQUEST, request_id))
        return request_id.hex

    @rule(target=settled, call=calls, usage=usages, basis=BASES, when=WHEN)
    def charge(self, call: str, usage: dict[str, int], basis: str, when: str) -> str:
        if when != "now" and call in self.reference.holds:
            self.clock = max(self.clock, self.reference.holds[call]["ends"])
        if when == "after a sweep":
            self.sweep(keys=True, requests=True)
        return self.charge_by(call, usage, basis)

    def charge_by(self, call: str, usage: dict[str, int], basis: str) -> str:
        def charge() -> None:
            self.reference.charge(call, usage, basis, self.now)

        self.settle(call, Outcome(1, basis=basis, usage=usage, provider="p"), charge)
        return call

    @rule(target=settled, call=calls)
    def release(self, call: str) -> str:
        def release() -> None:
            self.reference.release(call, self.now)

        self.settle(call, Outcome(1, reason="upstream_error"), release)
        return call

    def settle(self, call: str, outcome: Outcome, expect: Any) -> None:
        """Settle a call that may be held, expired, lost or settled already."""
        expected = self.reference.calls[call]
        command = SettleCall(UUID(hex=call), expected["who"], outcome)
        if expected["state"] in {"charged", "released"}:
            settled = self.unchanged(command)
        else:
            settled = self.do(command)
            expect()
        assert settled.amount == expected["total"]

    @rule(keys=st.booleans(), requests=st.booleans())
    def sweep_now(self, keys: bool, requests: bool) -> None:
        self.sweep(keys=keys, requests=requests)

    @rule()
    def everything_comes_to_rest(self) -> None:
        """Nobody comes back; one sweep after the last deadline, nothing is open anywhere."""
        self.clock = self.now + timedelta(minutes=11)
        self.sweep(keys=True, requests=True)

        def see(books: Books) -> tuple[int, int, set[str]]:
            wallet = books.find(Wallet, self.wallet_id)
            found = [books.find(InferenceRequest, UUID(hex=n)) for n in self.reference.calls]
            assert wallet is not None
            return wallet.reserved, len(wallet.holds), {r.state for r in found if r}

        reserved, holds, states = self.look(see)
        assert (reserved, holds) == (0, 0)
        assert "reserved" not in states

    def sweep(self, *, keys: bool, requests: bool) -> None:
        now, reference = self.now, self.reference
        named = tuple(UUID(hex=name) for name in reference.calls) if requests else ()
        lost = self.do(SweepWallet(self.wallet_id, tuple(self.quotas) if keys else (), named))
        reference.expire(now)
        gone = [
            call
            for name, call in reference.calls.items()
            if requests and call["state"] == "reserved" and name not in reference.holds
        ]
        for call in gone:
            call["state"] = "unknown"
        assert lost == len(gone)

    @rule(call=st.one_of(settled, settled, calls), share=st.integers(-60, 110))
    def correct(self, call: str, share: int) -> None:
        expected = self.reference.calls[call]
        amount = expected["total"] * share // 100 or (1 if share > 0 else -7)
        request = self.look(lambda books: books.find(InferenceRequest, UUID(hex=call)))
        assert request is not None
        new = correct_call.NewCorrection(self.mint(), amount, "h", "op")
        command = correct_call.correct_call(request, new)
        if expected["state"] not in {"charged", "released"} or amount > expected["total"]:
            self.refused(command, "conflict")
            return
        assert self.do(command) == new.correction_id.hex
        self.reference.correct(call, amount, new.correction_id.hex, self.now)

    @rule(
        card=st.one_of(st.none(), st.sampled_from(CARDS)),
        limit=st.sampled_from([0, 0, 20, 100]),
        policy=st.sampled_from(["absorbed", "debt"]),
        quote=quotes,
    )
    def operator_changes_something(
        self, card: dict[str, int] | None, limit: int, policy: str, quote: Any
    ) -> None:
        if card is not None:
            self.publish(card)
            return
        for frozen in (True, False):
            self.do(manage.freeze_wallet(self.wallet_id, frozen=frozen, actor="op"))
            if frozen:
                who, lasts = self.free_key, timedelta(seconds=1)
                command = ReserveCall(
                    self.mint(), who, "m", (candidate("m", "p", quote),), "chat", lasts
                )
                self.refused(command, "wallet_frozen")
        self.change_terms(limit, policy)

    def change_terms(self, limit: int, policy: str) -> None:
        terms = manage.change_terms(
            self.wallet_id, overdraft_limit=limit, excess_policy=policy, actor="op"
        )
        self.do(terms)
        self.reference.limit, self.reference.policy = limit, policy

    @rule(duration=durations)
    def time_passes(self, duration: timedelta) -> None:
        self.clock += duration

    @rule(early=st.sampled_from([timedelta(0), TICK]))
    def time_reaches_the_next_deadline(self, early: timedelta) -> None:
        reference = self.reference
        ends = [e["ends"] for e in (*reference.holds.values(), *reference.lots.values())]
        coming = [end for end in ends if end is not None and end > self.clock]
        self.clock = min(coming, default=self.clock) - early

    @rule(from_snapshots=st.booleans(), duration=st.one_of(st.just(timedelta(0)), durations))
    def start_again(self, from_snapshots: bool, duration: timedelta) -> None:
        """Come up again on a machine whose clock may be behind."""
        before = self.states()
        self.reopen(from_snapshots=from_snapshots)
        assert self.states() == before, "what is in memory can be thrown away"
        self.clock -= duration

    def claim(self, route: str, claimed: tuple[str, str] | None) -> Claim | None:
        if claimed is None:
            return None
        key, body = claimed
        return Claim(Idempotency.id_of(0, scope=self.wallet_id.hex, route=route, key=key), body)

    def remember(self, claim: Claim | None, result: str) -> None:
        if claim:
            self.reference.claims[claim.claim_id.hex] = (claim.body_hash, result)
