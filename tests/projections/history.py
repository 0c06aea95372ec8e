"""Histories with everything in them: made by commands on a clock of our own, then stored."""

import random
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from adapters.ledger.connection import GATEWAY_ROLE, connect
from adapters.ledger.event_codec import encode
from adapters.ledger.schema import migrate
from domain import manage
from domain.errors import GatewayError
from domain.inference_request import CACHED, ESTIMATED, PARTIAL, REPORTED
from domain.quote import Quote
from domain.reserve_call import Identity, Reservation
from domain.settle_call import Attempt, Outcome
from domain.wallet import Wallet
from projections.advance import step
from projections.catalogue import ALL
from projections.events import WINDOW
from projections.projection import Projection
from projections.shelf import LIVE, Shelf, install
from tests.domain.shop import CARDS, Shop
from tests.projections.talks import Talks


class History(Shop):
    """A shop with several customers, where anything may happen."""

    def __init__(self, seed: int = 0, customers: int = 3, **shop: Any) -> None:
        super().__init__(funds=100_000, **shop)
        self.random = random.Random(seed)  # noqa: S311  a story, not a secret
        self.tastes = random.Random(seed)  # noqa: S311  drawn apart, so that stories stay the same
        self.talks = Talks(random.Random(seed))  # noqa: S311  a story, not a secret
        self.everyone = [self.who]
        self.held: list[tuple[Identity, Reservation]] = []
        self.stored = 0
        for _ in range(customers - 1):
            self.join()

    def join(self, **key: Any) -> Identity:
        """Register one more customer with a key, and turn to it."""
        who = super().join(**key)
        self.everyone.append(who)
        return who

    def live(self, steps: int) -> None:
        """Let so many things happen, some of which are refused."""
        self.price()
        self.happen(steps, LIFE)

    def price(self, output: int = 2_000_000) -> None:
        """Publish prices with all that they can say, and put some customer on a list."""
        model = {"input": 1_000_000, "output": output, "web_search": 7_000_000}
        free = {**CARDS["free"], "web_search": 0}
        self.publish({**CARDS, "m": model, "free": free}, terms=TERMS, lists=LISTS)
        who, price_list = self.tastes.choice(self.everyone), self.tastes.choice([None, *LISTS])
        self.do(manage.change_price_list(who.wallet_id, price_list=price_list, actor="operator"))

    def happen(self, steps: int, life: "Sequence[Happening]") -> None:
        for _ in range(steps):
            self.who = self.random.choice(self.everyone)
            happening = self.random.choices(*zip(*life, strict=True))[0]
            with suppress(GatewayError):
                happening(self)

    def pick(self) -> Reservation:
        """Choose a call, most often a recent one, and turn to its customer."""
        if not self.held:
            self.held.append((self.who, self.reserve()))
        self.who, held = self.random.choice(self.held[-8:])
        return held

    def store(self, url: str) -> None:
        """Append what has happened since the last time, as a writer does."""
        append(url, self.ledger.facts[self.stored :])
        self.stored = len(self.ledger.facts)

    def aggregates(self, kind: type[Any]) -> list[Any]:
        return [held for held in self.ledger._held.values() if isinstance(held, kind)]


CACHED_SHARE = 0.1
TERMS = {
    "m": {
        "above": [[300, {"input": 1_300_001}]],
        "service_tiers": {
            "flex": {"multiplier": [1, 2]},
            "fast": {"prices": {"output": 5_000_000}, "above": [[200, {"input": 2_000_001}]]},
            "cached": {"multiplier": [1, 10]},
        },
    },
    "free": {"service_tiers": {"flex": {"multiplier": [1, 2]}, "fast": {"multiplier": [3, 1]}}},
}
LISTS = {
    "gold": {"multiplier": [333_333_333, 10**9], "models": ["m"], "cards": {}, "terms": {}},
    "own": {
        "multiplier": None,
        "models": None,
        "cards": {"free": {"input": 400_000, "output": 0, "web_search": 1_000_001}},
        "terms": {
            "free": {"multiplier": [3, 5], "service_tiers": {"flex": {"multiplier": [1, 2]}}}
        },
    },
}


def _quote(shop: History) -> Quote:
    """A size; now and then at a service tier, or with searches that may be made."""
    tokens, cap = shop.random.randint(0, 400), shop.random.randint(1, 4_000)
    clamps, choices = shop.random.random() < 0.3, shop.random.choice([1, 1, 2])
    tier = shop.tastes.choice([None, None, None, "flex", "fast"])
    extras = shop.tastes.choice([{}, {}, {"web_search": 3}])
    if not shop.book.lists_at(shop.now):
        return Quote(tokens, cap, clamps, choices)
    return Quote(tokens, cap, clamps, choices, tier, extras)


def _reserve(shop: History) -> None:
    model = shop.random.choice(["m", "m", "m", "free"])
    others = shop.tastes.choice([(), (), ("free" if model == "m" else "m",)])
    call = shop.call(
        quote=_quote(shop),
        model=model,
        others=others,
        hold_for=timedelta(seconds=shop.random.choice([30, 600])),
        conversation_id=shop.talks.join(shop),
    )
    shop.held.append((shop.who, shop.do(call)))


def _charge(shop: History) -> None:
    held, basis = shop.pick(), shop.random.choice([REPORTED, REPORTED, ESTIMATED, PARTIAL])
    basis = CACHED if shop.tastes.random() < CACHED_SHARE else basis
    usage = {
        "input": shop.random.randint(0, 600),
        "cached_input": shop.random.randint(0, 9),
        "output": shop.random.randint(0, 5_000),
        "reasoning": shop.random.choice([0, 0, 50]),
        "web_search": shop.tastes.choice([0, 0, 2]),
    }
    served = shop.tastes.choice([None, None, "standard", "flex", "fast"])
    attempts = () if basis == CACHED else (Attempt("p", "up", "ok", 5, "USD", 12),)
    model = shop.tastes.choice(held.kept).candidate.model.id
    outcome = Outcome(1, basis=basis, usage=usage, provider="p", model=model, service_tier=served)
    shop.settle(held, outcome, attempts=attempts)


def _release(shop: History) -> None:
    shop.release(shop.pick())


def _grant(shop: History) -> None:
    lasts = shop.random.choice([None, None, 60, 900, 3_600])
    shop.grant(
        shop.random.randint(1, 20_000),
        category=shop.random.choice(["paid", "promotional"]),
        priority=shop.random.choice([0, 0, 1]),
        expires_at=None if lasts is None else shop.now + timedelta(seconds=lasts),
    )


def _void(shop: History) -> None:
    grant_id = shop.random.choice([*shop.wallet.lots, "none"])
    shop.do(manage.void_grant(shop.who.wallet_id, grant_id, reason="wrong", actor="operator"))


def _correct(shop: History) -> None:
    held = shop.pick()
    total = shop.request(held).total
    shop.correct(held, shop.random.choice([-70, total, total // 2 or 1]))


def _sweep(shop: History) -> None:
    shop.sweep(*(held for who, held in shop.held if who == shop.who))


def _tick(shop: History) -> None:
    shop.tick(seconds=shop.random.choice([0, 1, 20, 400]))


def _freeze(shop: History) -> None:
    shop.freeze(frozen=shop.random.random() < 0.3)


def _terms(shop: History) -> None:
    shop.terms(
        limit=shop.random.choice([0, 0, 5_000]), policy=shop.random.choice(["absorbed", "debt"])
    )


def _publish(shop: History) -> None:
    shop.price(shop.random.choice([2_000_000, 2_500_000]))


Happening = tuple[Callable[[History], None], int]
LIFE: list[Happening] = [
    (_reserve, 40), (_charge, 30), (_release, 6), (_grant, 8), (_void, 1),
    (_correct, 4), (_sweep, 6), (_tick, 12), (_freeze, 1), (_terms, 2), (_publish, 1),
]  # fmt: skip


@contextmanager
def database(server_url: str, template: str = "template1") -> Iterator[str]:
    """A database for a while: a copy of another, or fresh with today's schema."""
    name = f"told_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    url = make_conninfo(server_url, dbname=name)
    migrate(url)
    yield url
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def append(url: str, facts: Iterable[Any]) -> None:
    rows = [encode(fact) for fact in facts]
    with psycopg.connect(url) as conn, conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
            " VALUES (%s, %s, %s, %s)",
            [(e.originator_id, e.originator_version, e.topic, e.state) for e in rows],
        )


def owner(url: str) -> Connection:
    return connect(url, role=None)


@contextmanager
def installed(url: str, projections: Sequence[Projection] = ALL) -> Iterator[Connection]:
    with owner(url) as conn:
        conn.execute("SET synchronous_commit = off")  # as the runner does
        install(conn, projections, GATEWAY_ROLE)
        yield conn


def follow(url: str, projections: Sequence[Projection] = ALL, window: int = WINDOW) -> None:
    """Bring the read models up to the log."""
    with installed(url, projections) as conn:
        while not step(conn, Shelf(LIVE), projections, window=window):
            pass


def rows(url: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode(), parameters or None).fetchall()


def everything(url: str, projections: Sequence[Projection] = ALL) -> dict[str, list[Any]]:
    """Every row of every read model, in order."""
    names = [table.name for projection in projections for table in projection.tables]
    return {name: sorted(rows(url, f"TABLE read.{name}"), key=str) for name in names}


def figures(wallet: Wallet) -> tuple[Any, ...]:
    """What a wallet says of itself, as a row of balances."""
    holds = [hold for hold in wallet.holds.values() if hold.amount]
    return (
        wallet.id,
        UUID(wallet.customer_id),
        wallet.currency,
        wallet.available + wallet.reserved,
        wallet.reserved,
        wallet.available,
        wallet.debt,
        len(holds),
    )
