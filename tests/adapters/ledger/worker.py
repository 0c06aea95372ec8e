"""A gateway's worker reduced to its ledger: `python -m tests.adapters.ledger.worker`.

Takes a DSN, whom to reserve for, and how many calls. It says `ready`, waits for a line, makes all
calls at once, and says how each of them ended.
"""

import asyncio
import sys
from uuid import UUID

from domain.errors import RefusalError
from domain.reserve_call import Identity
from tests.adapters.ledger.till import Till, opened


async def work(url: str, who: Identity, calls: int) -> None:
    till = Till(who)
    async with opened(url) as ledger:
        await ledger.execute(till.wallet)  # so that it knows the wallet as it was before the race
        print("ready", flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.readline)
        outcomes = await asyncio.gather(
            *(ledger.execute(till.call()) for _ in range(calls)), return_exceptions=True
        )
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, RefusalError):
            raise outcome
        print(type(outcome).__name__)  # noqa: T201


if __name__ == "__main__":
    url, who, calls = sys.argv[1:]
    asyncio.run(work(url, Identity(*map(UUID, who.split(","))), int(calls)))
