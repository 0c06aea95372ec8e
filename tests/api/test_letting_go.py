"""The end of a worker: what no money hangs on ends together and soon, the call log first."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

from api import gateway as wiring
from api.call_log import CallLog
from api.catalog.file import default_catalog
from api.gateway import CLOSE_SECONDS, POOL_CLOSE_SECONDS, Gateway, open_gateway
from api.settings import Settings
from api.supervisor import MARGIN_SECONDS
from api.telemetry import Telemetry
from tests.adapters.ledger.till import run

TOGETHER = ("buckets", "contents", "traces", "telemetry")


class Slow:
    """Ends only once all the others want to end as well."""

    def __init__(self, all_there: asyncio.Barrier, log: io.BytesIO) -> None:
        self._all_there = all_there
        self._log = log
        self.given: float | None = None
        self.logged = b""

    async def close(self, seconds: float) -> None:
        self.given, self.logged = seconds, self._log.getvalue()
        async with asyncio.timeout(10):
            await self._all_there.wait()


async def opened(url: str, folder: Path) -> Gateway:
    settings = Settings.load({"TOLLBOOK_DATA_DIR": str(folder)})
    return await open_gateway(settings, default_catalog(), url)


def test_what_no_money_hangs_on_ends_together_and_after_the_call_log(
    database_url: str, tmp_path: Path
) -> None:
    async def story() -> list[Slow]:
        gateway, log = await opened(database_url, tmp_path), io.BytesIO()
        gateway.call_log = CallLog(log)
        all_there = asyncio.Barrier(len(TOGETHER))
        slow = [Slow(all_there, log) for _ in TOGETHER]
        for name, one in zip(TOGETHER, slow, strict=True):
            setattr(gateway, name, one)
        gateway.call_log.write(status=200)
        await gateway.close()
        return slow

    slow = run(story())

    assert [one.given for one in slow] == [CLOSE_SECONDS] * len(TOGETHER)
    assert all(b'"status":200' in one.logged for one in slow)


def test_what_hangs_takes_no_more_than_its_part_of_the_margin(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: Any) -> Any:
        await asyncio.Event().wait()

    class Export:
        write = staticmethod(hang)

        def close(self) -> None: ...

    async def story() -> float:
        gateway = await opened(database_url, tmp_path)
        monkeypatch.setattr(wiring, "CLOSE_SECONDS", 0.1)
        monkeypatch.setattr(gateway.buckets, "_decide", hang)
        gateway.buckets.correct([])
        gateway.buckets._corrections = [None]  # type: ignore[list-item]
        gateway.telemetry = Telemetry(Export(), lambda _: None)  # type: ignore[arg-type]
        for queue in (gateway.traces, gateway.telemetry.spans, gateway.contents):
            monkeypatch.setattr(queue, "_write", hang)
            queue.add(Anything())  # type: ignore[arg-type]
        started = asyncio.get_running_loop().time()
        await gateway.close()
        return asyncio.get_running_loop().time() - started

    assert run(story()) < 5


class Anything:
    """As much of a content or of a trace as a queue looks at."""

    size = 1


def test_the_ledger_has_most_of_the_margin() -> None:
    assert CLOSE_SECONDS + POOL_CLOSE_SECONDS < MARGIN_SECONDS - 1
