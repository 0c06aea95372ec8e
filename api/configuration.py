"""What a process runs with: the catalogue file, and the settings handed on to children."""

import os
from typing import cast

from api.catalog.file import Configured, default_catalog, read_catalog
from api.settings import PREFIX, Settings


def load_configuration(settings: Settings) -> Configured:
    """Read the catalogue file, or take the sandbox when there is none; may raise ConfigError."""
    if settings.config is None:
        return default_catalog()
    return read_catalog(settings.config, os.environ)


def environment_of(settings: Settings) -> dict[str, str]:
    """Write settings as the variables that a child process reads them from."""
    given = settings.model_dump(exclude_none=True)
    return {PREFIX + name.upper(): _written(value) for name, value in given.items()}


def _written(value: object) -> str:
    """Write a list as it is read: with commas."""
    return (
        ",".join(map(str, cast("tuple[object, ...]", value)))
        if isinstance(value, tuple)
        else str(value)
    )
