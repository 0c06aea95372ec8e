"""A worker process that asks a bucket many times at once, and prints how often it was let through.

Reads one line before it begins, so that all workers race.
"""

import asyncio
import random
import sys
from uuid import UUID

from adapters.ledger.connection import open_pool
from adapters.rate_limits.bucket import Bucket, Taking
from adapters.rate_limits.postgres import PostgresBuckets

CALLERS = 4


async def ask(url: str, holder: str, limit: int, times: int) -> int:
    pool = await open_pool(url, 4)
    buckets = PostgresBuckets(pool)
    requests = Taking(Bucket(UUID(holder), "requests"), limit, 1)
    tokens = Taking(Bucket(UUID(holder), "tokens"), limit * 100, 100)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    try:
        callers = [_caller(buckets, [requests, tokens], times // CALLERS) for _ in range(CALLERS)]
        admitted = await asyncio.gather(*callers)
    finally:
        await buckets.close(5)
        await pool.close()
    return sum(admitted)


async def _caller(buckets: PostgresBuckets, takings: list[Taking], times: int) -> int:
    """Ask with the answer to the last; in any order, and whoever locked in that would deadlock."""
    admitted = 0
    for _ in range(times):
        random.shuffle(takings)
        admitted += (await buckets.take(takings)).refused is None
    return admitted


if __name__ == "__main__":
    url, holder, limit, times = sys.argv[1:]
    sys.stdout.write(f"{asyncio.run(ask(url, holder, int(limit), int(times)))}\n")
