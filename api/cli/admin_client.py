"""The admin API inside this process, on the ledger of a data directory."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import httpx

from adapters.ledger.connection import GATEWAY_ROLE, connect
from api.app import build_app
from api.configuration import load_configuration
from api.database import database
from api.gateway import open_gateway
from api.serve import prepare_ledger
from api.settings import Settings
from projections.runner import Runner


@asynccontextmanager
async def admin_client(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """Open the application without a server; the read models are kept up meanwhile."""
    configuration = load_configuration(settings)
    with database(settings) as url:
        # Only `serve` puts prices in force; without any there could be no customer.
        given = configuration if settings.config else None
        await asyncio.to_thread(prepare_ledger, url, given, replaces_prices=False)
        stop = threading.Event()
        runner = Runner(partial(connect, url, role=None), GATEWAY_ROLE)
        running = asyncio.create_task(asyncio.to_thread(runner.run, stop))
        gateway = await open_gateway(settings, configuration, url)
        front = build_app(settings, configuration, url)
        front.mount(gateway)
        transport = httpx.ASGITransport(front)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://tollbook") as client:
                yield client
        finally:
            await gateway.close()
            stop.set()
            await running
