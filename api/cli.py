"""The command line: `tollbook`."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.ledger.embedded import EmbeddedServer, EmbeddedServerError
from adapters.ledger.schema import SchemaError
from api import serve as serving
from api.catalog_file import ConfigError
from api.settings import Settings, SettingsError

app = typer.Typer(
    name="tollbook",
    help="An OpenAI-compatible inference gateway whose books can be trusted.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

DataDir = Annotated[
    Path | None, typer.Option(help="Where the ledger lives. Default: .tollbook", show_default=False)
]


def load(**options: Any) -> Settings:
    """Read the settings, or explain on standard error and leave with status 2."""
    try:
        settings = Settings.load(os.environ, **options)
    except SettingsError as error:
        err.print(f"tollbook: {error}", markup=False)
        raise typer.Exit(2) from None
    return settings.model_copy(update={"data_dir": settings.data_dir.resolve()})


@app.command()
def serve(
    config: Annotated[Path | None, typer.Option(help="The catalogue: tollbook.toml.")] = None,
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port. Default: 8080; 0 takes any")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
) -> None:
    """Run the gateway; without a catalogue, on the sandbox provider with a demo customer."""
    settings = load(config=config, data_dir=data_dir, host=host, port=port)
    try:
        status = serving.serve(settings, workers, lambda text: out.print(text, markup=False))
    except (ConfigError, EmbeddedServerError, SchemaError, OSError) as error:
        err.print(f"tollbook: {error}", markup=False)
        raise typer.Exit(2) from None
    raise typer.Exit(status)


@app.command("database-url")
def database_url(data_dir: DataDir = None) -> None:
    """Print the owner's DSN; the embedded server starts if need be and stays up."""
    settings = load(data_dir=data_dir)
    url = settings.database_url or EmbeddedServer(settings.data_dir / "postgres").start()
    out.print(url, markup=False)


def main() -> None:
    """Run the command line."""
    app()
