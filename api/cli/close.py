"""`tollbook close`: a month of every customer, closed and its statements issued, with a bar."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

import psycopg
import typer

from adapters.ledger.connection import connect, open_pool
from adapters.ledger.group_commit import PostgresLedger
from adapters.ledger.schema import check
from adapters.seal.errors import SealBrokenError
from adapters.seal.keys import SealKeyError
from api import logs
from api.cli.admin_call import REFUSED, show
from api.cli.options import DataDir, complain, load
from api.cli.progress import shown
from api.closing import Closed, Closer
from api.database import database
from api.following import following
from api.operator import ACTOR
from api.sealed import signing
from api.settings import Settings
from api.shard import SHARD
from domain import ids
from domain.errors import GatewayError
from domain.periods import parse_month
from projections.upkeep import Progress

POOL = 2

Month = Annotated[str, typer.Option(help="The month to close, such as 2026-11.")]
Customer = Annotated[str | None, typer.Option(help="Close this customer's month only.")]
Grace = Annotated[float | None, typer.Option(help="Hours after its end that a month must wait.")]


def close(
    month: Month, customer: Customer = None, grace_hours: Grace = None, data_dir: DataDir = None
) -> None:
    """Close a month, and the open ones before it, and issue their statements; safe to repeat."""
    settings = load(data_dir=data_dir, close_grace_hours=grace_hours)
    logs.configure()
    try:
        period = parse_month(month)
    except ValueError as error:
        complain(f"--month: {error}")
    customer_id = ids.parse_public(ids.CUSTOMER, customer) if customer else None
    if customer and customer_id is None:
        complain(f"--customer: {customer!r} is no customer's id")
    with database(settings) as url, shown(f"closing {period}") as progress:
        check(url)
        try:
            closed = asyncio.run(_close(settings, url, period, customer_id, progress))
        except GatewayError as error:
            typer.echo(f"tollbook: {error.code}: {error}", err=True)
            raise typer.Exit(REFUSED) from None
        except psycopg.Error as error:
            typer.echo(f"tollbook: the database failed: {error}", err=True)
            raise typer.Exit(REFUSED) from None
        except (SealKeyError, SealBrokenError, OSError) as error:
            complain(f"no statement was issued: {error}")
    show(closed.describe())


async def _close(
    settings: Settings, url: str, period: str, customer_id: UUID | None, progress: Progress
) -> Closed:
    seal = signing(settings, url)
    ledger = PostgresLedger(partial(connect, url), SHARD)
    await ledger.start()
    pool = await open_pool(url, POOL)
    grace = timedelta(hours=settings.close_grace_hours)
    closer = Closer(ledger, pool, grace=grace, actor=ACTOR, seal=seal)
    try:
        async with following(url):
            return await closer.close(period, customer_id, progress)
    finally:
        await pool.close()
        await ledger.close()
