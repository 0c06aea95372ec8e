"""The command line: `tollbook`."""

from pathlib import Path
from typing import Annotated, Final, NoReturn

import psycopg
import typer

from adapters.ledger.embedded import EmbeddedServer, EmbeddedServerError
from adapters.ledger.schema import SchemaError
from adapters.seal.keys import SealKeyError
from api import (
    admin_cli,
    books_cli,
    close_cli,
    export_cli,
    limits_cli,
    list_prices_cli,
    money_cli,
    replay_cli,
    report_cli,
    rerating_cli,
    seal_cli,
    serve as serving,
    supplier_cli,
)
from api.admin_call import REFUSED
from api.catalog_file import ConfigError
from api.options import WRONG_USAGE, DataDir, complain, load
from api.progress import err, out
from domain.errors import GatewayError

UNAVAILABLE: Final = 69
"""The exit status when the database cannot be reached: EX_UNAVAILABLE of sysexits.h."""

app = typer.Typer(
    name="tollbook",
    help="An OpenAI-compatible inference gateway whose books can be trusted.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(books_cli.verify)
app.command()(books_cli.rebuild)
app.command()(replay_cli.replay)
app.command("what-if")(rerating_cli.what_if)
app.command("list-prices")(list_prices_cli.list_prices)
app.command()(close_cli.close)
app.command()(report_cli.report)
app.command()(export_cli.export)
app.command("import")(export_cli.import_file)
app.command()(supplier_cli.margins)
app.command()(supplier_cli.reconcile)
app.command("seal-key")(seal_cli.seal_key)
app.command()(seal_cli.seal)
app.command()(seal_cli.head)
app.command()(seal_cli.prove)
app.command()(seal_cli.consistency)
app.command()(seal_cli.restore)
admin_cli.customers.command("limits")(limits_cli.of_customer)
admin_cli.api_keys.command("limits")(limits_cli.of_key)
app.add_typer(admin_cli.customers, name="customers")
app.add_typer(admin_cli.grants, name="grants")
app.add_typer(admin_cli.api_keys, name="api-keys")
admin_cli.corrections.command("batch")(rerating_cli.batch)
admin_cli.corrections.command("batches")(rerating_cli.batches)
admin_cli.corrections.command("resume")(rerating_cli.batch_run)
app.add_typer(admin_cli.corrections, name="corrections")
app.add_typer(rerating_cli.prices, name="prices")
app.add_typer(money_cli.payments, name="payments")
app.add_typer(money_cli.deliveries, name="webhook-deliveries")
app.add_typer(supplier_cli.supplier, name="supplier")


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
