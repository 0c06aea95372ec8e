"""Options that every command takes, and how a command reads its settings."""

import os
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from api.settings import Settings, SettingsError

WRONG_USAGE = 2

DataDir = Annotated[
    Path | None, typer.Option(help="Where the ledger lives. Default: .tollbook", show_default=False)
]


def load(**options: Any) -> Settings:
    """Read the settings, or explain on standard error and leave with status 2."""
    try:
        settings = Settings.load(os.environ, **options)
    except SettingsError as error:
        complain(str(error))
    return settings.model_copy(update={"data_dir": settings.data_dir.resolve()})


def complain(message: str) -> NoReturn:
    """Say what is wrong and leave with status 2."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"tollbook: {message}", markup=False
    )
    raise typer.Exit(WRONG_USAGE)
