"""Which database: the operator's own, or the embedded server in the data directory."""

from collections.abc import Generator
from contextlib import contextmanager

from adapters.ledger.embedded import EmbeddedServer
from api.settings import Settings


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """Give the owner's DSN; the embedded server runs as long as somebody is in here."""
    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedServer(settings.data_dir / "postgres")
    try:
        yield server.start()
    finally:
        server.stop()
