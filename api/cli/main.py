"""The command line: `tollbook`."""

from pathlib import Path
from typing import Annotated, Final, NoReturn

import psycopg
import typer

from adapters.ledger.embedded import EmbeddedServer, EmbeddedServerError
from adapters.ledger.schema import SchemaError
from adapters.seal.keys import SealKeyError
from api import serve as serving
from api.catalog.file import ConfigError
from api.cli import (
    admin,
    books,
    close,
    export,
    limits,
    list_prices,
    money,
    replay,
    report,
    rerating,
    seal,
    supplier,
)
from api.cli.admin_call import REFUSED
from api.cli.options import WRONG_USAGE, DataDir, complain, load
from api.cli.progress import err, out
from domain.errors import GatewayError

UNAVAILABLE: Final = 69
"""The exit status when the database cannot be reached: EX_UNAVAILABLE of sysexits.h."""

app = typer.Typer(
    name="tollbook",
    help="An OpenAI-compatible inference gateway whose books can be trusted.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(books.verify)
app.command()(books.rebuild)
app.command()(replay.replay)
app.command("what-if")(rerating.what_if)
app.command("list-prices")(list_prices.list_prices)
app.command()(close.close)
app.command()(report.report)
app.command()(export.export)
app.command("import")(export.import_file)
app.command()(supplier.margins)
app.command()(supplier.reconcile)
app.command("seal-key")(seal.seal_key)
app.command()(seal.seal)
app.command()(seal.head)
app.command()(seal.prove)
app.command()(seal.consistency)
app.command()(seal.restore)
admin.customers.command("limits")(limits.of_customer)
admin.api_keys.command("limits")(limits.of_key)
app.add_typer(admin.customers, name="customers")
app.add_typer(admin.grants, name="grants")
app.add_typer(admin.api_keys, name="api-keys")
admin.corrections.command("batch")(rerating.batch)
admin.corrections.command("batches")(rerating.batches)
admin.corrections.command("resume")(rerating.batch_run)
app.add_typer(admin.corrections, name="corrections")
app.add_typer(rerating.prices, name="prices")
app.add_typer(money.payments, name="payments")
app.add_typer(money.deliveries, name="webhook-deliveries")
app.add_typer(supplier.supplier, name="supplier")


@app.command()
def serve(
    config: Annotated[Path | None, typer.Option(help="The catalogue: tollbook.toml.")] = None,
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port. Default: 8080; 0 takes any.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
) -> None:
    """Run the gateway; without a catalogue, on the sandbox provider with a demo customer."""
    settings = load(config=config, data_dir=data_dir, host=host, port=port)
    try:
        status = serving.serve(settings, workers, lambda text: out.print(text, markup=False))
    except (ConfigError, EmbeddedServerError, SchemaError, SealKeyError, OSError) as error:
        complain(str(error))
    raise typer.Exit(status)


@app.command("database-url")
def database_url(data_dir: DataDir = None) -> None:
    """Print the owner's DSN; the embedded server starts if need be and stays up."""
    settings = load(data_dir=data_dir)
    url = settings.database_url or EmbeddedServer(settings.data_dir / "postgres").start()
    out.print(url, markup=False)


def main() -> None:
    """Run the command line; what an operator can mend is told in a line, without a trace."""
    try:
        app()
    except psycopg.Error as error:
        leave(f"the database: {str(error).strip() or error!r}", UNAVAILABLE)
    except OSError as error:
        leave(str(error), WRONG_USAGE)
    except GatewayError as error:
        leave(f"{error.code}: {error}", REFUSED)


def leave(message: str, status: int) -> NoReturn:
    """Say why on standard error, and end with a status."""
    err.print(f"tollbook: {message}", markup=False)
    raise SystemExit(status)
