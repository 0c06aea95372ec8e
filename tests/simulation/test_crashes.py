"""`kill -9` of a worker at every step of a call: no hold leaks, no charge is lost or doubled."""

import threading
from pathlib import Path

from psycopg import Connection

from tests.gateway_process import Customer, GatewayProcess
from tests.scripted_upstream import ScriptedUpstream, completion
from tests.simulation.books import check_never_oversold, read_balance, read_quota, read_wallet
from tests.simulation.callers import ask, chat, nanos, run
from tests.simulation.conftest import Table
from tests.simulation.crashes import (
    CHARGED,
    HEAD,
    NOTHING,
    STEPS,
    crash,
    crashing_gateway,
    in_pieces,
    outcomes,
)
from tests.simulation.processes import KILLED, check_verified, log_of, wait_for_workers, wait_until

WORKERS = 6


def test_no_hold_leaks_and_no_charge_is_lost_wherever_a_worker_is_killed(
    tmp_path: Path, report: Table
) -> None:
    with (
        ScriptedUpstream(in_pieces) as upstream,
        crashing_gateway(tmp_path, upstream, workers=WORKERS) as gateway,
    ):
        wait_for_workers(gateway, WORKERS)
        customer = gateway.customer("1.00", quota={"amount": "0.50", "window": "none"})
        with gateway.database() as conn:
            crashes = [
                crash(gateway, upstream, customer.api_key, step, mode)
                for mode in ("json", "stream")
                for step in STEPS
            ]

            wait_for_workers(gateway, WORKERS + len(crashes))
            assert log_of(gateway).count(KILLED) == len(crashes)
            wait_until(lambda: is_settled(conn, customer), "expiry and sweep")
            told = outcomes(conn, customer)
            rows = [one.row(*told.get(one.name, (NOTHING, 0))) for one in crashes]
            report("no leaked hold: a worker killed at every step of a call", [HEAD, *rows])
            for one in crashes:
                one.check(told.get(one.name, (NOTHING, 0))[0])
            check_explained(gateway, conn, customer)
            check_open_holds_are_live_calls(gateway, upstream, conn, customer)
        assert gateway.stop() == 0
        gateway.start()
        with gateway.database() as conn:
            assert outcomes(conn, customer).items() >= told.items()
            check_explained(gateway, conn, customer)
        check_verified(gateway)


def is_settled(conn: Connection, customer: Customer) -> bool:
    """Whether nothing is open in any book: wallet, key, request, and the sweeper's read model."""
    return (
        read_wallet(conn, customer.customer_id).held == 0
        and read_quota(conn, customer.api_key_id)[1] == 0
        and all(what != "reserved" for what, _ in outcomes(conn, customer).values())
        and read_balance(conn, customer.customer_id)[3] == 0
    )


def check_explained(gateway: GatewayProcess, conn: Connection, customer: Customer) -> None:
    """The balance is what the log explains, to the last nano: fold, aggregate and read model."""
    books = read_wallet(conn, customer.customer_id)
    check_never_oversold(books)
    charged = sum(amount for what, amount in outcomes(conn, customer).values() if what == CHARGED)
    assert books.charged == charged
    assert books.available == nanos("1.00") - charged
    assert read_quota(conn, customer.api_key_id) == (charged, 0)
    assert read_balance(conn, customer.customer_id) == (books.available, 0, 0, 0)
    shown = gateway.admin("GET", f"/customers/{customer.customer_id}")["balance"]
    assert (nanos(shown["available"]), nanos(shown["reserved"])) == (books.available, 0)


def check_open_holds_are_live_calls(
    gateway: GatewayProcess, upstream: ScriptedUpstream, conn: Connection, customer: Customer
) -> None:
    gate = threading.Event()
    upstream.script(lambda request: [gate, *completion()(request)])
    fields, named = chat(max_tokens=50), {"X-Request-ID": "live"}
    seen = []
    live = threading.Thread(
        target=lambda: seen.append(run(ask(gateway.url, customer.api_key, fields, named)))
    )
    live.start()
    try:
        wait_until(lambda: read_balance(conn, customer.customer_id)[3] == 1, "the live call's hold")
        assert len(read_wallet(conn, customer.customer_id).holds) == 1
    finally:
        gate.set()
        live.join()
    assert seen[0].status == 200
    wait_until(lambda: is_settled(conn, customer), "the live call's charge")
