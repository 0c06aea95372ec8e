"""Writes the golden log of a release: `uv run python -m tests.adapters.ledger.golden 0.1.0`.

The log of a published release is never written again: what customers have stored cannot change
either. A later release that reads it differently has broken their books.
"""

import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from adapters.ledger.aggregates import Row, fold
from adapters.ledger.event_codec import encode
from domain import manage
from domain.aggregate import Recorded
from domain.change_call_policy import change_context, change_security
from domain.change_key import KeyChange, NewName, change_key
from domain.change_profile import Contact, ProfileChange, change_profile
from domain.change_routing import change_routing
from domain.create_key import NewSecret
from domain.credential import Credential
from domain.decision import Decision
from domain.manager import Manager
from domain.ports import Books
from domain.quota import MONTH, Quota
from domain.quote import Quote
from domain.reserve_call import Claim
from domain.rotate_key import Opened, rotate_key
from domain.settle_call import Attempt, Outcome
from domain.wallet_state import DEBT
from tests.adapters.ledger.golden_books import tell_books
from tests.domain.payments import PaidShop
from tests.domain.shop import Shop, candidate

FOLDER = Path(__file__).resolve().parents[2] / "golden"


def one_of_each() -> list[Any]:
    """Every fact there is, in stories that end a call in every way it can end."""
    shop = PaidShop(funds=1_000, quota=Quota(100_000, MONTH))
    claim = Claim(shop.mint(), "body hash")
    shop.grant(500, claim, category="promotional", priority=-1, reference="invoice 7")
    shop.grant(40, expires_at=shop.now + timedelta(minutes=5))
    shop.terms(limit=100, policy=DEBT)
    shop.freeze()
    shop.freeze(frozen=False)

    charged = shop.reserve(client_request_id="theirs")
    attempts = (
        Attempt("q", "m-1", "timeout", None, "USD", 30),
        Attempt("p", "m-1", "ok", 12, "USD", 90),
    )
    outcome = Outcome(
        120, basis="reported", usage={"input": 8, "cached_input": 2, "output": 9},
        reported={"prompt_tokens": 10}, flags=["looked_odd"], provider="p", first_byte_ms=7,
    )  # fmt: skip
    shop.settle(charged, outcome, attempts=attempts)
    shop.correct(charged, 5)
    shop.correct(charged, -3)
    shop.release(shop.reserve())

    lost = shop.reserve()
    shop.tick(minutes=11)
    shop.sweep(lost)
    late = shop.reserve()
    shop.tick(minutes=11)
    shop.sweep(late)
    shop.charge(late, {"input": 10, "output": 20})

    _choose(shop)
    void = shop.grant(70)
    shop.do(manage.void_grant(shop.who.wallet_id, void, reason="mistake", actor="operator"))
    _revoke(shop)
    shop.do(manage.disable_key(shop.who.key_id, actor="operator"))
    shop.publish({"m": {"input": 3_000_000, "output": 4_000_000}})
    tell_books(shop)
    facts: list[Any] = shop.ledger.facts
    return facts


def _choose(shop: Shop) -> None:
    """A policy, and a call that another model answers than was first held for."""
    fields = {"rollout": {"m": 100}, "retries": 1}
    shop.do(change_routing(shop.who.customer_id, fields, actor="operator"))
    quote = Quote(10, 20, clamps=False)
    found = (candidate("m", "p", quote), candidate("free", "q", quote))
    held = shop.do(shop.call(requested="auto", candidates=found, open_choice=True))
    shop.settle(held, Outcome(1, basis="reported", usage={"input": 3}, model="free"))
    _price(shop)
    _guard(shop)


def _guard(shop: Shop) -> None:
    """What calls are prepared by, and whom bills are for."""
    who = shop.who.customer_id
    shop.do(change_security(who, {"masks": ("card",), "logs_content": True}, actor="operator"))
    shop.do(change_context(who, {"window_tokens": 8000}, actor="operator"))
    named = ProfileChange(changes_contact=True, contact=Contact(shop.mint(), "hash"))
    shop.do(change_profile(shop.who, named, Manager("operator")))


def _price(shop: Shop) -> None:
    """Prices with terms and lists, a customer on one, and a call at a service tier with tools."""
    card = {"input": 1_000_000, "output": 2_000_000, "web_search": 5_000_000}
    tiers = {"flex": {"multiplier": [1, 2]}, "fast": {"prices": {"output": 3_000_000}}}
    terms = {"m": {"multiplier": [3, 5], "above": [[8, card]], "service_tiers": tiers}}
    gold = {"multiplier": [4, 5], "models": ["m"], "cards": {}, "terms": {}}
    shop.publish({"m": card}, terms=terms, lists={"gold": gold})
    wallet_id = shop.who.wallet_id
    shop.do(manage.change_price_list(wallet_id, price_list="gold", actor="operator"))
    quote = Quote(10, 4, clamps=False, service_tier="flex", extras={"web_search": 2})
    usage = {"input": 9, "output": 4, "web_search": 1}
    served = Outcome(1, basis="reported", usage=usage, service_tier="flex")
    shop.settle(shop.reserve(quote=quote), served)
    shop.do(manage.change_price_list(wallet_id, price_list=None, actor="operator"))


def _rotate(shop: Shop) -> None:
    """Another secret, other terms and another name."""
    key_id, manager = shop.who.key_id, Manager("operator")
    new, grace = NewSecret(shop.mint(), "tb_2345"), timedelta(minutes=1)
    opened = Opened(shop.who.credential_id)
    shop.do(rotate_key(key_id, opened, new, manager, grace=grace))
    change = KeyChange({"tags": {"team": "sales"}}, NewName(shop.mint(), "hash"))
    shop.do(change_key(key_id, change, manager))


def _revoke(shop: Shop) -> None:
    """All that a key's secrets go through."""
    _rotate(shop)

    def decide(books: Books) -> None:
        credential = books.find(Credential, shop.who.credential_id)
        assert credential is not None
        credential.revoke(books.at, actor="operator")

    shop.do(Decision((shop.who.credential_id,), decide))


def states(rows: Iterable[Row]) -> dict[str, Any]:
    """What a log adds up to: kind, version and state of every aggregate, as JSON says it."""
    aggregates: dict[Any, Recorded] = {}
    fold(rows, aggregates)
    written = {
        str(aggregate.id): {
            "kind": aggregate.TOPIC,
            "version": aggregate.version,
            "state": aggregate.to_state(),
        }
        for aggregate in aggregates.values()
    }
    read: dict[str, Any] = orjson.loads(orjson.dumps(written))
    return read


def write(release: str) -> None:
    stored = [encode(fact) for fact in one_of_each()]
    lines = [
        orjson.dumps(
            {
                "topic": event.topic,
                "originator_id": event.originator_id,
                "version": event.originator_version,
                "state": event.state.decode(),
            }
        )
        for event in stored
    ]
    (FOLDER / f"{release}.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    look = states(read(release))
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    (FOLDER / f"{release}.states.json").write_bytes(orjson.dumps(look, option=options))


def read(release: str) -> list[Row]:
    lines = map(orjson.loads, (FOLDER / f"{release}.ndjson").read_bytes().splitlines())
    return [
        Row(UUID(line["originator_id"]), line["version"], line["topic"], line["state"].encode())
        for line in lines
    ]


if __name__ == "__main__":
    write(sys.argv[1])
