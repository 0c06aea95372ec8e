"""A close that meets a fault: what it holds meanwhile, what goes on, and what it says."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

import api.closing
from adapters.ledger.connection import connect, open_pool
from adapters.seal.keys import create_key
from adapters.seal.sealer import seal_now
from api.closing import Closed, Closer
from api.sealed import waiting_on
from tests.api.helpers import TOKEN, data, refused
from tests.api.past import FIRST, SECOND, Books, books, past
from tests.projections.history import database, rows


@pytest.fixture
def desk(server_url: str, tmp_path: Path) -> Iterator[Books]:
    with database(server_url) as url, books(url, tmp_path, past(2, 200)) as opened:
        yield opened


def test_a_close_holds_no_connection_while_it_waits_for_the_seal(
    desk: Books, tmp_path: Path
) -> None:
    key = create_key(tmp_path / "key.pem")

    async def close() -> Closed:
        pool = await open_pool(desk.url, 1)

        async def seal(position: int) -> int | None:
            await asyncio.to_thread(seal_now, partial(connect, desk.url, role=None), key)
            return await waiting_on(pool, 5)(position)

        ledger, grace = desk.till.gateway.ledger, timedelta()
        try:
            return await Closer(ledger, pool, grace=grace, actor="operator", seal=seal).close(FIRST)
        finally:
            await pool.close()

    done = desk.till._runner.run(close())

    assert done.statements_issued == 2


def test_closes_of_one_worker_run_one_after_the_other(
    desk: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    draw = api.closing.draw

    async def slow(*args: Any) -> Any:
        drawn.append(args[1].number)
        await asyncio.sleep(0.1)
        return await draw(*args)

    monkeypatch.setattr(api.closing, "draw", slow)
    answers = desk.till._runner.run(at_once(desk, 5))

    assert sorted(data(answer)["statements_issued"] for answer in answers) == [0, 0, 0, 0, 4]
    assert drawn == [1, 2, 3, 4]


async def at_once(desk: Books, times: int) -> list[httpx.Response]:
    """Ask for the same close some times at once."""
    client, headers = desk.till._client, {"Authorization": f"Bearer {TOKEN}"}
    path = f"/admin/v1/periods/{SECOND}/close"
    asked = [client.post(path, json={}, headers=headers) for _ in range(times)]
    return await asyncio.gather(*asked)


def test_a_database_that_fails_a_drawing_is_503_and_the_close_can_be_made_again(
    desk: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut_off(*_: object) -> None:
        message = "server closed the connection unexpectedly"
        raise psycopg.OperationalError(message)

    with monkeypatch.context() as patched:
        patched.setattr(api.closing, "draw", cut_off)
        answer = desk.admin("POST", f"/periods/{FIRST}/close")

    assert refused(answer) == (503, "billing_unavailable")
    assert desk.close(FIRST)["statements_issued"] == 2


def test_a_close_without_a_connection_is_503(desk: Books) -> None:
    desk.till._runner.run(desk.till.gateway.pool.close())

    answer = desk.admin("POST", f"/periods/{FIRST}/close")

    assert refused(answer) == (503, "billing_unavailable")


def test_a_pool_that_is_gone_while_the_seal_is_awaited_is_503(
    desk: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.set(seal_key_file=tmp_path / "key.pem", seal_seconds=1)
    wait = asyncio.sleep

    async def close_pool(seconds: float) -> None:
        await wait(seconds)
        await desk.till.gateway.pool.close()

    monkeypatch.setattr("api.sealed.asyncio", type("Clock", (), {"sleep": close_pool}))
    answer = desk.admin("POST", f"/periods/{FIRST}/close")

    assert refused(answer) == (503, "billing_unavailable")


def test_a_statement_that_does_not_add_up_is_named_and_does_not_stop_the_others(
    desk: Books, caplog: pytest.LogCaptureFixture
) -> None:
    distort(desk)

    answer = desk.admin("POST", f"/periods/{SECOND}/close")

    assert refused(answer) == (500, "statements_not_issued")
    assert answer.json()["message"].startswith(
        "These statements do not add up and were not issued: ST-00000001. "
    )
    issued = {row["number"]: row["sha256"] is not None for row in desk.register()}
    assert issued == {
        "ST-00000001": False, "ST-00000002": True, "ST-00000003": True, "ST-00000004": True,
    }  # fmt: skip
    (fault,) = [record for record in caplog.records if record.levelname == "CRITICAL"]
    assert vars(fault)["number"] == "ST-00000001"


def test_once_the_books_are_mended_the_next_close_issues_it(desk: Books) -> None:
    distort(desk)
    desk.admin("POST", f"/periods/{SECOND}/close")
    shift(desk.url, -1)

    done = desk.close(SECOND)

    assert (done["months_closed"], done["statements_issued"]) == (0, 1)


def distort(desk: Books) -> None:
    """Close the first month but for its statements, and make the first of them not add up."""
    gateway = desk.till.gateway
    closer = Closer(gateway.ledger, gateway.pool, grace=timedelta(), actor="operator", seal=_stop)
    with pytest.raises(InterruptedError):
        desk.till._runner.run(closer.close(FIRST))
    shift(desk.url, 1)


async def _stop(_: int) -> int | None:
    raise InterruptedError


def shift(url: str, nanos: int) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("UPDATE read.statements SET closing = closing + %s WHERE number = 1", (nanos,))
    assert rows(url, "SELECT count(*) FROM read.statements WHERE number = 1") == [(1,)]
