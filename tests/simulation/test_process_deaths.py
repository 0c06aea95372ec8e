"""The other processes die: the background one, the parent, all at once; and an orderly stop."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import Connection

from tests.gateway_process import Customer, GatewayProcess
from tests.scripted_upstream import Received, ScriptedUpstream, Step, stream
from tests.simulation.books import check_never_oversold, read_calls, read_wallet
from tests.simulation.callers import STREAM, Seen, ask, chat, run, together
from tests.simulation.crashes import CHARGED, LOST, crash, crashing_gateway, in_pieces, outcomes
from tests.simulation.processes import (
    KILLED,
    is_gone,
    kill_database,
    kill_parent,
    log_of,
    wait_for_workers,
    wait_until,
)

LIVE = chat(max_tokens=50, **STREAM)
LONG_SECONDS = 60


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(in_pieces) as upstream:
        yield upstream


class Held:
    """A stream of which the first half has come, and which ends when it is let go."""

    def __init__(self, upstream: ScriptedUpstream, gateway: GatewayProcess, key: str) -> None:
        self.seen: Seen | None = None
        self._gate = threading.Event()
        self._upstream = upstream
        self._before = len(upstream.requests)
        upstream.script(self._answer)
        self._thread = threading.Thread(target=self._ask, args=(gateway.url, key))
        self._thread.start()
        wait_until(lambda: len(upstream.requests) > self._before, "the upstream is asked")

    def _answer(self, request: Received) -> list[Step]:
        steps = list(stream(["Half", " and", " half"])(request))
        return [*steps[:4], self._gate, *steps[4:]]

    def _ask(self, url: str, key: str) -> None:
        self.seen = run(ask(url, key, LIVE, {"X-Request-ID": "live"}))

    def let_go(self) -> None:
        self._gate.set()

    def end(self) -> Seen:
        self._thread.join(LONG_SECONDS)
        self._gate.set()
        assert self.seen is not None, "the caller waits in vain"
        return self.seen


def test_a_background_process_killed_in_a_sweep_expires_every_hold_once(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    with crashing_gateway(tmp_path, upstream, workers=3) as gateway:
        wait_for_workers(gateway, 3)
        customers = [gateway.customer("1.00") for _ in range(3)]
        for when in ("before", "after"):
            (tmp_path / f"sweep-{when}").touch()
        for customer in customers:
            crash(gateway, upstream, customer.api_key, "before dispatch", "json")

        with gateway.database() as conn:
            wait_until(lambda: all(lost(conn, one) == 1 for one in customers), "every sweep")
            deaths = [line for line in log_of(gateway).splitlines() if KILLED in line]
            assert sum("background" in line for line in deaths) == 2
            for customer in customers:
                books = read_wallet(conn, customer.customer_id)
                check_never_oversold(books)
                assert (books.available, books.held, books.charged) == (books.granted, 0, 0)


def test_when_the_parent_is_killed_streams_end_and_settle_and_the_port_comes_free(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    with crashing_gateway(tmp_path, upstream, workers=2, hold_seconds=LONG_SECONDS) as gateway:
        wait_for_workers(gateway, 2)
        customer = gateway.customer()
        live = Held(upstream, gateway, customer.api_key)

        children = kill_parent(gateway)
        live.let_go()

        assert live.end().ended
        wait_until(lambda: all(map(is_gone, children)), "the children leave")
        gateway.start()
        check_only_call(gateway, customer, CHARGED)
        assert run(ask(gateway.url, customer.api_key, LIVE)).ended


@pytest.mark.parametrize("database_too", [False, True], ids=["gateway", "and its database"])
def test_when_everything_is_killed_an_immediate_restart_loses_nothing_that_was_answered(
    tmp_path: Path, upstream: ScriptedUpstream, database_too: bool
) -> None:
    with crashing_gateway(tmp_path, upstream, workers=2) as gateway:
        wait_for_workers(gateway, 2)
        customer = gateway.customer()
        bodies = [chat(max_tokens=50, stream=one % 2 == 0) for one in range(10)]
        answered = run(together(ask(gateway.url, customer.api_key, fields) for fields in bodies))
        live = Held(upstream, gateway, customer.api_key)

        gateway.kill()
        if database_too:
            kill_database(gateway)
        gateway.start()

        assert not live.end().ended
        with gateway.database() as conn:
            calls = read_calls(conn, customer.customer_id)
            assert all(calls[seen.request_id].outcome == "charged" for seen in answered)
            wait_until(lambda: lost(conn, customer) == 1, "the call in flight is given up")
            books = read_wallet(conn, customer.customer_id)
            check_never_oversold(books)
            assert len(books.charges) == len(answered)
            assert books.held == 0
        assert run(ask(gateway.url, customer.api_key, LIVE)).ended


def test_sigterm_lets_streams_end_and_settles_those_that_do_not(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    with crashing_gateway(tmp_path, upstream, workers=2, hold_seconds=LONG_SECONDS) as gateway:
        wait_for_workers(gateway, 2)
        quick, endless = gateway.customer(), gateway.customer()
        ends = Held(upstream, gateway, quick.api_key)
        stays = Held(upstream, gateway, endless.api_key)
        stopped: list[int] = []
        stopping = threading.Thread(target=lambda: stopped.append(gateway.stop()))

        stopping.start()
        wait_until(lambda: "stopping" in log_of(gateway), "the signal")
        ends.let_go()
        stopping.join(LONG_SECONDS)

        assert stopped == [0]
        assert ends.end().ended
        cut = stays.end()
        assert cut.whole
        assert b'"error"' in cut.body.splitlines()[-2]
        assert b"[DONE]" not in cut.body
        gateway.start()
        check_only_call(gateway, quick, CHARGED)
        call = check_only_call(gateway, endless, CHARGED)
        assert call["basis"] == "partial"


def lost(conn: Connection, customer: Customer) -> int:
    return sum(what == LOST for what, _ in outcomes(conn, customer).values())


def check_only_call(gateway: GatewayProcess, customer: Customer, outcome: str) -> dict[str, object]:
    """The customer's one call has ended so; gives its charge."""
    with gateway.database() as conn:
        assert [what for what, _ in outcomes(conn, customer).values()] == [outcome]
        books = read_wallet(conn, customer.customer_id)
        check_never_oversold(books)
        assert books.held == 0
        (call,) = read_calls(conn, customer.customer_id).values()
        return call.fact("charged")
