"""The ledger alone: reserve and charge cycles a second, and how fast the log is replayed.

bench_ledger.py DSN CALLERS SECONDS
"""

import asyncio
import json
import sys
import time
from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
import uvloop

from adapters.ledger.aggregates import Row, fold
from adapters.ledger.connection import connect
from adapters.ledger.group_commit import PostgresLedger
from api.minting import mint
from api.shard import SHARD
from domain import ids
from domain.aggregate import Recorded
from domain.api_key import PERMISSIONS
from domain.candidates import Candidate
from domain.catalog import CHAT, Model, Route
from domain.manage import (
    NewCustomer,
    NewGrant,
    NewKey,
    create_key,
    grant_credit,
    publish_prices,
    register_customer,
)
from domain.metering import Estimate
from domain.price_page import plain_page
from domain.quote import Quote
from domain.reserve_call import Identity, ReserveCall
from domain.settle_call import Attempt, Outcome, SettleCall

PRICES = {"bench": {"input": 150_000_000, "output": 600_000_000}}
CREDIT = 10**15
USAGE = {"input": 50, "output": 20}
REPLAYED = 200_000
MODEL = Model("bench", CHAT, 100_000, 100_000, (Route("up", "bench"),))
CANDIDATES = (
    Candidate(MODEL, MODEL.routes, Quote(100, 1_000, clamps=False), Estimate(100, 100, 100_000)),
)


async def open_account(ledger: PostgresLedger, secret: str) -> Identity:
    """Make a customer with more credit than a benchmark can spend, and a key for this secret."""
    customer_id, wallet_id, key_id = mint(SHARD), mint(SHARD), mint(SHARD)
    credential_id = ids.credential_id(secret, SHARD)
    await ledger.execute(
        register_customer(NewCustomer(customer_id, wallet_id, "USD", "-", "bench"))
    )
    await ledger.execute(grant_credit(wallet_id, NewGrant(mint(SHARD), CREDIT, "paid", "bench")))
    key = NewKey(key_id, credential_id, secret[:11], "-", "bench", [], [], list(PERMISSIONS))
    await ledger.execute(create_key(customer_id, wallet_id, key))
    return Identity(credential_id, key_id, wallet_id, customer_id)


async def cycle(ledger: PostgresLedger, who: Identity) -> None:
    """Hold for one call and charge it."""
    request_id = mint(SHARD)
    reserve = ReserveCall(request_id, who, "bench", CANDIDATES, "bench", timedelta(seconds=660))
    await ledger.execute(reserve)
    outcome = Outcome(5, basis="reported", usage=USAGE, reported=USAGE, provider="up")
    attempt = Attempt("up", "bench", "ok", 15_600, "USD", 3)
    await ledger.execute(SettleCall(request_id, who, outcome, (attempt,)))


async def main(dsn: str, callers: int, seconds: float) -> None:
    """Print one JSON line of figures."""
    sizes: list[int] = []
    ledger = PostgresLedger(partial(connect, dsn), SHARD, lambda size, _: sizes.append(size))
    await ledger.start()
    await ledger.execute(publish_prices(SHARD, plain_page(PRICES), currency="USD", actor="bench"))
    who = await open_account(ledger, f"tb_0000bench{mint(SHARD).hex}")
    done = 0
    began = time.monotonic()

    async def call() -> None:
        nonlocal done
        while time.monotonic() < began + seconds:
            await cycle(ledger, who)
            done += 1

    sizes.clear()
    await asyncio.gather(*(call() for _ in range(callers)))
    took = time.monotonic() - began
    await ledger.close()
    replayed = await asyncio.to_thread(replay, dsn)
    print(
        json.dumps(
            {
                "cycles_per_second": round(done / took),
                "batch": round(sum(sizes) / len(sizes), 1),
                "replayed_per_second": replayed,
            }
        )
    )


def replay(dsn: str) -> int:
    """Rebuild every aggregate from its events; gives events a second."""
    aggregates: dict[UUID, Recorded] = {}
    with psycopg.connect(dsn) as conn:
        rows = conn.execute(
            "SELECT originator_id, originator_version, topic, state FROM ledger_events"
            " ORDER BY position LIMIT %s",
            (REPLAYED,),
            binary=True,
        ).fetchall()
    began = time.perf_counter()
    fold((Row(*row) for row in rows), aggregates)
    return round(len(rows) / (time.perf_counter() - began))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
