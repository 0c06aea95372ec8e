"""Of what is sent by a secret that opens nothing, hardly anything is noted."""

import asyncio
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import httpx
import psycopg
import pytest

from api.dead_keys import KNOWN_MAX, LOOK_SECONDS, DeadKeys
from domain.errors import BillingUnavailableError
from domain.ports import Ledger
from domain.reserve_call import Identity
from tests.api.counter import Counter, counter
from tests.api.helpers import data
from tests.api.openapi.keyring import CALL, another, ask, send
from tests.api.openapi.till import Account

DISABLED = "api_key_disabled"


@pytest.fixture
def desk(database_url: str, tmp_path: object) -> Iterator[Counter]:
    with counter(database_url, str(tmp_path)) as running:
        yield running


def noted(desk: Counter) -> list[str]:
    desk.run(desk.gateway.traces.flush())
    with psycopg.connect(desk.url) as conn:
        rows = conn.execute("SELECT code FROM call_traces WHERE NOT held ORDER BY began_at")
        return [code for (code,) in rows]


def stolen(desk: Counter, ada: Account) -> Account:
    """A key of hers that opens nothing any more."""
    key = another(desk, ada)
    send(desk, "DELETE", ada, f"/{key.key_id}")
    return key


def wrong(desk: Counter, key: Account) -> httpx.Response:
    """Ask for a model that there is not: nobody looks whether the key may ask at all."""
    body = {**CALL, "model": "nope"}
    return desk.request("POST", "/v1/chat/completions", key.secret, json=body)


def test_of_a_dead_keys_calls_one_a_second_is_noted_and_none_counted(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = desk.account()
    key, now = stolen(desk, ada), [100.0]
    monkeypatch.setattr(desk.gateway.dead_keys, "_clock", lambda: now[0])

    for seconds in (0, LOOK_SECONDS / 2, LOOK_SECONDS / 2, LOOK_SECONDS / 2):
        now[0] += seconds
        assert ask(desk, key.secret).status_code == 401

    assert noted(desk) == [DISABLED] * 2
    totals = data(desk.get(ada, "/observation/metrics"))["totals"]
    assert (totals["calls"], totals["outcomes"]["refused"], totals["errors"]) == (0, 0, {})
    lines = data(desk.get(ada, "/observation/logs"))["items"]
    assert [line["code"] for line in lines] == [DISABLED] * 2


def test_what_a_dead_key_is_refused_for_before_anybody_looks_at_it_is_not_noted(
    desk: Counter,
) -> None:
    key = stolen(desk, desk.account())

    assert [wrong(desk, key).status_code for _ in range(3)] == [404] * 3

    assert noted(desk) == []


def test_all_that_a_living_key_is_refused_is_noted(desk: Counter) -> None:
    ada = desk.account()
    manager = another(desk, ada, permissions=["manage"])

    assert [wrong(desk, ada).status_code for _ in range(3)] == [404] * 3
    assert [ask(desk, manager.secret).status_code for _ in range(2)] == [403] * 2

    assert noted(desk) == ["model_not_found"] * 3 + ["permission_denied"] * 2
    assert data(desk.get(ada, "/observation/metrics"))["totals"]["outcomes"]["refused"] == 5


class Asked:
    """A ledger that counts who asks, and answers late or not at all."""

    def __init__(self, *, dead: bool = True, fails: bool = False) -> None:
        self.times = 0
        self._dead = dead
        self._fails = fails

    async def read(self, _: Any) -> bool:
        self.times += 1
        await asyncio.sleep(0)
        if self._fails:
            raise BillingUnavailableError
        return self._dead


def who(number: int) -> Identity:
    return Identity(*[UUID(int=number)] * 4)


def hidden(asked: Asked, *all_of: Identity, code: str = DISABLED) -> list[bool]:
    async def story() -> list[bool]:
        keys = DeadKeys(cast("Ledger", asked), lambda: 100.0)
        return await asyncio.gather(*(keys.hides(one, code) for one in all_of))

    return asyncio.run(story())


def test_a_crowd_of_calls_is_one_look() -> None:
    ada, bob, asked = who(1), who(2), Asked()

    assert hidden(asked, ada, ada, bob, ada) == [False, True, False, True]
    assert asked.times == 2


def test_while_nobody_knows_all_is_noted() -> None:
    assert hidden(Asked(fails=True), who(1), who(1)) == [False, False]


def test_what_is_remembered_is_bounded() -> None:
    keys = DeadKeys(cast("Ledger", Asked()), lambda: 100.0)

    async def story() -> None:
        for number in range(KNOWN_MAX + 5):
            await keys.hides(who(number), DISABLED)

    asyncio.run(story())

    assert len(keys._looks) == KNOWN_MAX
