"""`tollbook replay`: every wallet as of any instant or position, from the log alone."""

import asyncio
from collections.abc import Iterable
from typing import Annotated

import typer

from adapters.ledger.connection import connect, open_pool
from adapters.ledger.past import Prefix, wallets_at
from adapters.ledger.schema import check
from api.cli.options import DataDir, complain, load
from api.cli.progress import out, shown
from api.database import database
from api.errors import InvalidFieldError
from api.looking_back import prefix_at
from domain import ids
from domain.money import format_amount
from domain.wallet import Wallet

At = Annotated[str, typer.Option(help="A time with a zone, as in RFC 3339, or a log position.")]


def replay(at: At, data_dir: DataDir = None) -> None:
    """Fold the log up to an instant or a position, and print what every wallet came to."""
    settings = load(data_dir=data_dir)
    with database(settings) as url:
        check(url)
        prefix = asyncio.run(_prefix(url, at))
        with shown("replaying") as progress, connect(url, role=None) as conn:
            wallets = wallets_at(conn, prefix.position, progress)
    out.print(f"position {prefix.position}, recorded at {prefix.recorded_at.isoformat()}")
    for wallet in sorted(wallets.values(), key=lambda found: found.id):
        out.print(_line(wallet), markup=False)
    out.print(f"{len(wallets)} wallets; in all {_in_all(wallets.values())}", markup=False)


async def _prefix(url: str, at: str) -> Prefix:
    pool = await open_pool(url, 1)
    try:
        async with pool.connection() as conn:
            return await prefix_at(conn, at)
    except InvalidFieldError as error:
        complain(str(error))
    finally:
        await pool.close()


def _line(wallet: Wallet) -> str:
    figures = {
        "available": wallet.available,
        "reserved": wallet.reserved,
        "posted": wallet.available + wallet.reserved,
        "debt": wallet.debt,
    }
    written = "  ".join(f"{name} {format_amount(nanos)}" for name, nanos in figures.items())
    open_holds = sum(hold.amount > 0 for hold in wallet.holds.values())
    customer = f"{ids.CUSTOMER}_{wallet.customer_id}"
    return f"{customer}  {wallet.currency}  {written}  open holds {open_holds}"


def _in_all(wallets: Iterable[Wallet]) -> str:
    """Sum what is posted, by currency."""
    posted: dict[str, int] = {}
    for wallet in wallets:
        figure = wallet.available + wallet.reserved
        posted[wallet.currency] = posted.get(wallet.currency, 0) + figure
    return ", ".join(f"{c} {format_amount(n)}" for c, n in sorted(posted.items())) or "nothing"
