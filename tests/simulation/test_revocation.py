"""A key that changes, changes for the very next call of every worker, and under any load."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.gateway_process import CATALOG, HTTP, Customer, GatewayProcess
from tests.scripted_upstream import ScriptedUpstream
from tests.simulation.callers import Caller, chat, run, together
from tests.simulation.conftest import Table
from tests.simulation.processes import check_verified, serving, wait_for_workers

WORKERS, CALLERS = 4, 64
DISABLED, RESERVED = "api_key.disabled.1", "api_key.reserved.1"
POSITIONS = """
    SELECT position, topic FROM ledger_events
    WHERE originator_id = %s AND topic IN (%s, %s) ORDER BY position
"""


@dataclass
class House:
    """A running gateway with four workers."""

    gateway: GatewayProcess
    conn: Connection

    def manage(self, customer: Customer, method: str, path: str = "", **fields: Any) -> Any:
        """Change the customer's key as another of its keys may; gives what is answered."""
        url = f"{self.gateway.url}/openapi/v1/api-keys/{customer.api_key_id}{path}"
        headers = {"Authorization": f"Bearer {self.manager_of(customer)}"}
        answer = HTTP.request(method, url, headers=headers, json=fields or None)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def manager_of(self, customer: Customer) -> str:
        path = f"/customers/{customer.customer_id}/api-keys"
        secret: str = self.gateway.admin("POST", path, json={"name": "manager"})["api_key"]
        return secret


@dataclass
class Crowd:
    """What became of the calls, by worker; those that began after the answer are apart."""

    before: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])
    after: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])
    disabled_at: float = float("inf")
    busy: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, worker: int, status: int, began: float) -> None:
        """Count a call; the crowd is busy once it has called twice over."""
        (self.after if began > self.disabled_at else self.before)[worker, status] += 1
        if sum(self.before.values()) >= 2 * CALLERS:
            self.busy.set()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ScriptedUpstream() as upstream:
        folder: Path = tmp_path_factory.mktemp("revocation")
        catalog = CATALOG.format(url=upstream.url)
        with GatewayProcess(folder, catalog=catalog, workers=WORKERS) as gateway:
            wait_for_workers(gateway, WORKERS)
            with gateway.database() as conn:
                yield House(gateway, conn)


Change = Callable[[House, Customer], Any]
CHANGES: dict[str, tuple[Change, tuple[int, str]]] = {
    "disabled": (lambda h, c: h.manage(c, "DELETE"), (401, "api_key_disabled")),
    "rotated": (lambda h, c: h.manage(c, "POST", "/rotate"), (401, "invalid_api_key")),
    "narrowed": (
        lambda h, c: h.manage(c, "PATCH", allowed_model_ids=["vendor/large"]),
        (403, "model_not_allowed"),
    ),
    "out of quota": (
        lambda h, c: h.manage(c, "PATCH", quota={"amount": "0.000000001"}),
        (402, "key_quota_exhausted"),
    ),
    "without permission": (
        lambda h, c: h.manage(c, "PATCH", permissions=["manage"]),
        (403, "permission_denied"),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_takes_effect_on_the_very_next_call_of_every_worker(
    house: House, what: str
) -> None:
    change, refusal = CHANGES[what]
    customer = house.gateway.customer()

    async def story() -> tuple[list[int], Any, list[tuple[int, str]]]:
        callers = await one_for_each_worker(house)
        warm = await together(caller.ask(customer.api_key, chat()) for caller in callers)
        answer = await asyncio.to_thread(change, house, customer)
        seen = await together(caller.ask(customer.api_key, chat()) for caller in callers)
        if what == "rotated":
            renewed = await together(caller.ask(answer["api_key"], chat()) for caller in callers)
            warm += renewed
        await together(caller.close() for caller in callers)
        codes = [(one.status, one.error["code"]) for one in seen]
        return [one.status for one in warm], answer, codes

    statuses, _, refusals = run(story())

    assert set(statuses) == {200}
    assert refusals == [refusal] * WORKERS


async def one_for_each_worker(house: House) -> list[Caller]:
    """Connect until every worker has accepted somebody, and keep one connection of each."""
    chosen: dict[int, Caller] = {}
    others: list[Caller] = []
    deadline = time.monotonic() + 30
    while len(chosen) < WORKERS:
        assert time.monotonic() < deadline, "every worker takes connections"
        caller = await Caller.connect(house.gateway.url)
        await caller.ask("tb_0000nobody", chat())
        (worker,) = serving(house.gateway, {caller.port}).values()
        if worker in chosen:
            others.append(caller)
        else:
            chosen[worker] = caller
    await together(caller.close() for caller in others)
    return list(chosen.values())


def test_no_call_is_held_for_a_key_after_it_was_disabled_in_the_midst_of_64_callers(
    house: House, report: Table
) -> None:
    customer = house.gateway.customer("1000.00")
    crowd = run(rush(house, customer))

    rows = house.conn.execute(
        POSITIONS, (customer.api_key_id.removeprefix("key_"), DISABLED, RESERVED)
    ).fetchall()
    (disabled,) = [position for position, topic in rows if topic == DISABLED]
    reserved = [position for position, topic in rows if topic == RESERVED]

    report("a key disabled under load: calls answered 200 and 401, by worker", rows_of(crowd))
    assert len(reserved) > CALLERS
    assert [position for position in reserved if position > disabled] == []
    assert {worker for worker, status in crowd.before if status == 200} == {*range(WORKERS)}
    assert {status for _, status in crowd.before} == {200, 401}
    assert crowd.after.keys() == {(worker, 401) for worker in range(WORKERS)}
    assert crowd.after.total() == CALLERS
    assert sum(n for (_, status), n in crowd.before.items() if status == 200) == len(reserved)
    check_verified(house.gateway)


async def rush(house: House, customer: Customer) -> Crowd:
    """Call from everywhere, and disable the key in the midst."""
    crowd = Crowd()
    callers = await one_for_each_worker(house)
    others = range(CALLERS - len(callers))
    callers += await together(Caller.connect(house.gateway.url) for _ in others)
    asking = [asyncio.create_task(ask_on(house, c, customer, crowd)) for c in callers]
    await crowd.busy.wait()
    await asyncio.to_thread(house.manage, customer, "POST", "/disable")
    crowd.disabled_at = time.monotonic()
    await asyncio.gather(*asking)
    await together(caller.close() for caller in callers)
    return crowd


async def ask_on(house: House, caller: Caller, customer: Customer, crowd: Crowd) -> None:
    """Call until a call has begun after the disabling was answered."""
    worker, began = -1, 0.0
    while began <= crowd.disabled_at:
        began = time.monotonic()
        seen = await caller.ask(customer.api_key, chat())
        if worker < 0:
            (worker,) = serving(house.gateway, {caller.port}).values()
        crowd.count(worker, seen.status, began)


def rows_of(crowd: Crowd) -> list[str]:
    return [
        f"worker {n}: {crowd.before[n, 200]:5} ▶ {crowd.before[n, 401] + crowd.after[n, 401]:5}"
        for n in range(WORKERS)
    ]
