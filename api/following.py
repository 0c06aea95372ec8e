"""Read models kept up beside a command, in case no `serve` does."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from adapters.ledger.connection import GATEWAY_ROLE, connect
from projections.catalogue import ALL
from projections.runner import Runner
from projections.shelf import install


@asynccontextmanager
async def following(url: str) -> AsyncGenerator[None]:
    """Run a runner of one's own until the end; it waits its turn if another is at work."""
    await asyncio.to_thread(_install, url)
    stop = threading.Event()
    runner = Runner(partial(connect, url, role=None), GATEWAY_ROLE)
    running = asyncio.create_task(asyncio.to_thread(runner.run, stop))
    try:
        yield
    finally:
        stop.set()
        await running


def _install(url: str) -> None:
    with connect(url, role=None) as conn:
        install(conn, ALL, GATEWAY_ROLE)
