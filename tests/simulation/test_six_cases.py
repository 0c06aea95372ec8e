"""Where reserving gateways go wrong: six cases, measured by how much of a budget is spent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripted_upstream import ScriptedUpstream, echo
from tests.simulation.books import read_wallet
from tests.simulation.callers import amount, ask, ask_all, chat, nanos, run
from tests.simulation.conftest import Table
from tests.simulation.crashes import crashing_gateway
from tests.simulation.processes import wait_for_workers, wait_until
from tests.simulation.spending import (
    HEAD,
    INPUT,
    OUTPUT,
    PROMPT,
    House,
    ask_every_worker,
    call_until_killed,
    hold_of,
    keep_calling,
)

WORKERS = 2


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("six")
    with (
        ScriptedUpstream() as upstream,
        crashing_gateway(folder, upstream, workers=WORKERS, hold_seconds=60) as gateway,
    ):
        wait_for_workers(gateway, WORKERS)
        with gateway.database() as conn:
            yield House(gateway, upstream, conn)


@pytest.fixture(scope="module")
def rows(report: Table) -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    report("six cases: what is spent of a budget", [HEAD, *found])


def test_without_max_tokens_a_small_balance_is_clamped_not_refused(
    house: House, rows: list[str]
) -> None:
    house.bills()
    funds = 1_000_000
    customer = house.gateway.customer(amount(funds))
    fields = chat()

    first = run(ask(house.gateway.url, customer.api_key, chat("Only a little.", n=1)))
    assert first.status == 200
    asked = house.upstream.requests[-1]
    assert 1 <= (asked.cap or 0) < 4096, "what is left decides how much may be said"
    assert first.headers["x-billing-output-cap"] == str(asked.cap)

    house.bills(output=3)
    customer = house.gateway.customer(amount(funds))
    seen = run(keep_calling(house.gateway.url, customer.api_key, fields, callers=20))
    spent = house.spent(customer, funds, seen)
    rows.append(spent.row("no max_tokens"))
    spent.check()
    left = funds - spent.books.charged
    assert left < hold_of(house, chat(max_tokens=1)), "it was refused while a token could be had"


@pytest.mark.parametrize("extra_input", [0, 500], ids=["output", "input too"])
def test_an_upstream_that_bills_64_tokens_when_asked_for_1_cannot_spend_more_than_the_funds(
    house: House, rows: list[str], extra_input: int
) -> None:
    house.bills(output=64, extra_input=extra_input)
    funds = 400_000
    customer = house.gateway.customer(amount(funds))

    seen = run(keep_calling(house.gateway.url, customer.api_key, chat(max_tokens=1), callers=20))

    spent = house.spent(customer, funds, seen)
    rows.append(spent.row("bills 64 for 1" + (", and more input" if extra_input else "")))
    spent.check()
    assert spent.billed > funds, "the upstream did try"
    for call in spent.calls.values():
        held, charged = call.fact("reserved"), call.fact("charged")
        assert "output_beyond_cap" in charged["flags"]
        assert charged["usage"]["output"] == 1
        if not extra_input:
            assert charged["amount"] <= held["amount"]


def test_the_first_calls_of_a_fresh_process_cannot_spend_more_than_the_funds(
    house: House, rows: list[str]
) -> None:
    house.bills()
    afforded, fields = 7, chat(max_tokens=100)
    hold = hold_of(house, fields)
    customer = house.gateway.customer(amount(afforded * hold))
    house.gateway.kill()
    house.gateway.start()

    seen = run(ask_all(house.gateway.url, customer.api_key, [fields] * 200))

    spent = house.spent(customer, afforded * hold, seen)
    rows.append(spent.row("freshly started"))
    spent.check()


def test_two_workers_without_a_shared_cache_cannot_spend_more_than_the_funds(
    house: House, rows: list[str]
) -> None:
    house.bills()
    afforded, fields = 7, chat(max_tokens=100)
    hold = hold_of(house, fields)
    customer = house.gateway.customer(amount(afforded * hold))

    seen = run(ask_every_worker(house.gateway, customer.api_key, fields, workers=WORKERS))

    spent = house.spent(customer, afforded * hold, seen)
    rows.append(spent.row("two workers"))
    spent.check()


def test_calls_answered_before_a_kill_stay_charged_and_their_budget_is_not_served_again(
    tmp_path: Path, rows: list[str]
) -> None:
    with (
        ScriptedUpstream() as upstream,
        crashing_gateway(tmp_path, upstream, workers=WORKERS) as gateway,
    ):
        wait_for_workers(gateway, WORKERS)
        house = House(gateway, upstream, None)  # type: ignore[arg-type]
        house.bills(output=20)
        fields, charge = chat(max_tokens=20), PROMPT * INPUT + 20 * OUTPUT
        funds = 600 * charge
        customer = gateway.customer(amount(funds))

        before = run(call_until_killed(gateway, customer.api_key, fields, answers=500))
        gateway.start()
        with gateway.database() as house.conn:
            books = read_wallet(house.conn, customer.customer_id)
            assert all(books.charges[one.request_id] == [charge] for one in before)
            wait_until(
                lambda: not read_wallet(house.conn, customer.customer_id).holds, "the orphans"
            )
            after = run(keep_calling(gateway.url, customer.api_key, fields, callers=8))

            spent = house.spent(customer, funds, [*before, *after])
            rows.append(spent.row("kill -9 after 500 answers"))
            spent.check()
            assert len(before) >= 500
            assert len(spent.answered) <= 600


def test_an_upstream_that_answers_with_one_id_makes_twenty_entries_of_twenty_calls(
    house: House, rows: list[str]
) -> None:
    house.upstream.default = echo(same_id=True)
    house.billed = 0
    customer = house.gateway.customer("1.00")

    seen = run(ask_all(house.gateway.url, customer.api_key, [chat(max_tokens=5)] * 20))

    spent = house.spent(customer, nanos("1.00"), seen)
    rows.append(spent.row("one response id for twenty calls"))
    spent.check()
    assert {one.json["id"] for one in seen} == {"chatcmpl-same"}
    assert len({one.request_id for one in seen}) == 20
    assert len(spent.books.charges) == 20
    assert [call.outcome for call in spent.calls.values()] == ["charged"] * 20
