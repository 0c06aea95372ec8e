"""The processes under `serve`: workers that answer HTTP, and the one background process."""

import asyncio
import os
import signal
import socket
import sys
import threading
from functools import partial

import uvicorn
import uvloop

from adapters.answer_cache.postgres import PostgresAnswers
from adapters.call_contents.store import ContentStore
from adapters.ledger.connection import GATEWAY_ROLE, connect, open_pool
from adapters.ledger.group_commit import PostgresLedger
from adapters.ledger.settling import SettlingLedger
from adapters.ledger.spool import Spool
from adapters.traces.store import forget_traces
from api import logs
from api.app import Front, build_app
from api.background.answer_sweep import sweep_answers
from api.background.content_sweep import sweep_contents
from api.background.forgetting import forget_conversations
from api.background.notifier import Notifier
from api.background.rounds import repeat
from api.background.sweeper import Sweeper
from api.configuration import load_configuration
from api.database import database
from api.joined_writes import JoiningProtocol
from api.metrics import count_for_this_process
from api.sealing import sealing
from api.settings import Settings
from api.shard import SHARD
from api.supervisor import watch_parent
from api.webhook_endpoints import signer_of
from projections.runner import Runner

KEEP_ALIVE_SECONDS = 75
"""Longer than the clients' and proxies' own, so that they close first."""
DRAIN_MARGIN_SECONDS = 5
FORGET_SECONDS = 600
"""How often traces that are too old are deleted."""
SWITCH_SECONDS = 0.001
"""How long the ledger's thread waits for its turn, several times a commit; 5 ms by default."""


def main() -> None:
    """Run as the child that the arguments name: kind, listener's and lifeline's descriptor."""
    kind, listener, lifeline = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    logs.configure()
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = Settings.load(os.environ)
    # Until the child has its own way to stop, the default one must do.
    watch_parent(lifeline, settings.drain_seconds)
    with database(settings) as database_url:
        if kind == "worker":
            work(settings, database_url, socket.socket(fileno=listener))
        else:
            with sealing(settings, database_url):
                uvloop.run(attend(settings, database_url))


def work(settings: Settings, database_url: str, listener: socket.socket) -> None:
    """Serve HTTP until SIGTERM, then finish and settle what runs."""
    count_for_this_process()
    configuration = load_configuration(settings)
    front = build_app(settings, configuration, database_url)
    # When all is done uvicorn raises the signal it caught once more; it must find us deaf by then.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    config = uvicorn.Config(
        front,
        loop="uvloop",
        http=JoiningProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        # Nothing here asks who the client's peer was, and looking would cost every call.
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # The gateway's own drain ends the calls; uvicorn must not cancel them before it.
        timeout_graceful_shutdown=int(settings.drain_seconds) + DRAIN_MARGIN_SECONDS,
    )
    DrainingServer(config, front).run(sockets=[listener])


class DrainingServer(uvicorn.Server):
    """Begins to drain as soon as it stops listening: uvicorn alone would only wait, then cancel."""

    def __init__(self, config: uvicorn.Config, front: Front) -> None:
        super().__init__(config)
        self._front = front

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, finish or settle what runs, and only then end the application."""
        draining = asyncio.create_task(self._front.drain())
        await super().shutdown(sockets)
        await draining


async def attend(settings: Settings, database_url: str) -> None:
    """Keep the read models up, sweep, and tell customers what happened, until SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    projecting = threading.Event()
    runner = Runner(partial(connect, database_url, role=None), GATEWAY_ROLE)
    ledger = PostgresLedger(partial(connect, database_url), SHARD)
    pool = await open_pool(database_url, 4)
    contents = ContentStore(pool, settings.content_bytes)
    answers = PostgresAnswers(pool, settings.cache_bytes)
    await ledger.start()
    calls = SettlingLedger(ledger, Spool(settings.data_dir / "spool"))
    projections = asyncio.create_task(asyncio.to_thread(runner.run, projecting))
    # Should it ever end by itself, all of this ends, and the supervisor begins it anew.
    projections.add_done_callback(lambda _: stop.set())
    try:
        await asyncio.gather(
            Sweeper(ledger, calls, pool).run(settings.sweep_seconds, stop),
            repeat(partial(forget_traces, pool, settings.trace_days), FORGET_SECONDS, stop),
            repeat(partial(sweep_contents, ledger, contents), settings.sweep_seconds, stop),
            repeat(partial(sweep_answers, ledger, answers), settings.sweep_seconds, stop),
            repeat(partial(forget_conversations, ledger, pool), settings.sweep_seconds, stop),
            Notifier(ledger, pool, signer_of(settings)).run(settings.alert_seconds, stop),
        )
    finally:
        projecting.set()
        await projections
        await calls.close()
        await pool.close()
        await ledger.close()
