"""A ledger of either kind, for the contract that both keep."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from adapters.ledger import sql
from adapters.ledger.aggregates import Row
from adapters.ledger.memory import MemoryLedger
from domain.ports import Ledger
from tests.adapters.ledger.database import log_of
from tests.adapters.ledger.till import opened


class Under(NamedTuple):
    """A ledger under test, its log, and a hand on its clock."""

    ledger: Ledger
    log: Callable[[], list[Row]]
    set_back: Callable[[timedelta], None]


Open = Callable[[], AbstractAsyncContextManager[Under]]


@pytest.fixture(params=["memory", "postgres"])
def books(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Open:
    if request.param == "memory":
        return in_memory
    url = request.getfixturevalue("database_url")

    @asynccontextmanager
    async def on_postgres() -> AsyncIterator[Under]:
        def set_back(by: timedelta) -> None:
            late = f"clock_timestamp() - interval '{by.total_seconds()} seconds'"
            monkeypatch.setattr(sql, "CLOCK", sql.CLOCK.replace("clock_timestamp()", late))

        async with opened(url) as ledger:
            yield Under(ledger, lambda: log_of(url), set_back)

    return on_postgres


@asynccontextmanager
async def in_memory() -> AsyncIterator[Under]:
    offsets: list[timedelta] = []
    ledger = MemoryLedger(lambda: datetime.now(UTC) - sum(offsets, timedelta()))

    def log() -> list[Row]:
        stored: list[Any] = list(ledger.events())
        return [Row(e.originator_id, e.originator_version, e.topic, e.state) for e in stored]

    yield Under(ledger, log, offsets.append)
