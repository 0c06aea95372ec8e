"""`tollbook serve`: the parent prepares the ledger and tends the workers and the background."""

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial

import psycopg

from adapters.ledger.connection import GATEWAY_ROLE
from adapters.ledger.schema import migrate
from api import bootstrap, logs
from api.catalog.file import Configured
from api.configuration import environment_of, load_configuration
from api.database import database
from api.sealing import check_key
from api.settings import Settings
from api.shard import SHARD
from api.supervisor import Supervisor, bind
from domain import ids
from projections.catalogue import ALL
from projections.shelf import install

BIND_MARGIN_SECONDS = 10
"""A predecessor may hold the port for as long as it drains."""

_log = logging.getLogger("tollbook")

Say = Callable[[str], None]


def serve(settings: Settings, workers: int, say: Say) -> int:
    """Serve until a signal comes; returns the exit status. `say` writes for the operator."""
    logs.configure()
    configuration = load_configuration(settings)
    check_key(settings)
    with (
        database(settings) as database_url,
        bind(
            settings.host, settings.port, settings.drain_seconds + BIND_MARGIN_SECONDS
        ) as listener,
        tempfile.TemporaryDirectory(prefix="tollbook-metrics-") as metrics_folder,
    ):
        host, port = listener.getsockname()[:2]
        prepare(settings, configuration, database_url, say, f"http://{host}:{port}")
        os.environ.update(environment_of(settings))
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder
        say(f"Tollbook listens on http://{host}:{port}")
        supervisor = Supervisor(
            workers=workers,
            worker_command=partial(_command, "worker", str(listener.fileno())),
            background_command=partial(_command, "background", "-1"),
            listener=listener,
            drain_seconds=settings.drain_seconds,
        )
        return supervisor.run()


def prepare(
    settings: Settings, configuration: Configured, database_url: str, say: Say, address: str
) -> None:
    """Prepare the ledger and, the first time without a catalogue, the demo customer."""
    prepare_ledger(database_url, configuration)
    if settings.config is None:
        demo = asyncio.run(bootstrap.make_demo(database_url, configuration))
        if demo is not None:
            say(_welcome(demo, address))


def prepare_ledger(
    database_url: str, configuration: Configured | None, *, replaces_prices: bool = True
) -> None:
    """Bring the schema, the read models and, given a catalogue, its prices into being.

    Unless they are to replace those in force, only a ledger without any prices takes them.
    """
    migrate(database_url)
    with psycopg.connect(database_url, autocommit=True) as conn:
        install(conn, ALL, GATEWAY_ROLE)
        priced = conn.execute(_PRICED, (ids.price_book_id(SHARD),)).fetchone() is not None
    if configuration is not None and (replaces_prices or not priced):
        asyncio.run(bootstrap.publish(database_url, configuration))


_PRICED = "SELECT 1 FROM ledger_events WHERE originator_id = %s LIMIT 1"


def _command(kind: str, listener: str, lifeline: int) -> Sequence[str]:
    """Start a child without the current folder on its path: it may have a `domain` of its own."""
    start = "from api.children import main; main()"
    return [sys.executable, "-P", "-c", start, kind, listener, str(lifeline)]


def _welcome(demo: bootstrap.Demo, address: str) -> str:
    return f"""
A demo customer with 10.00 of credit was made. Its API key, shown only now:

    {demo.secret}

Try it:

    curl {address}/v1/chat/completions \\
      -H "Authorization: Bearer {demo.secret}" \\
      -H "Content-Type: application/json" \\
      -d '{{"model": "{demo.model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
"""
