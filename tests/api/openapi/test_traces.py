"""GET /openapi/v1/traces/{request_id}: each step of one call, whatever became of it."""

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.minting import mint
from api.openapi import traces
from api.shard import SHARD
from domain.quote import Quote
from domain.reserve_call import ReserveCall
from domain.settle_call import Attempt, Outcome
from domain.sweep import SweepWallet
from tests.api.helpers import data, refused
from tests.api.openapi.till import SMALL, Account, Till, till
from tests.domain.shop import candidate
from tests.projections.history import database

TIMED = ["auth", "body", "policies", "quote", "limits", "reserve", "attempt", "relay"]


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened


@pytest.fixture
def account(shop: Till) -> Account:
    return shop.account()


def chat(shop: Till, account: Account, **more: Any) -> httpx.Response:
    body = {"model": SMALL, "messages": [{"role": "user", "content": "secret words"}], **more}
    return shop.request("POST", "/v1/chat/completions", account.secret, json=body)


def trace_of(shop: Till, account: Account, answer: httpx.Response) -> dict[str, Any]:
    return data(shop.get(account, f"/traces/{answer.headers['x-gateway-request-id']}"))


def lasting(trace: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps that take time in the worker."""
    points = {"first_byte", "last_byte", "projection"}
    return [step for step in trace["steps"] if step["step"] not in points]


def at(trace: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [step for step in trace["steps"] if step["step"] == name]
    return dict(found)


@pytest.mark.parametrize("streams", [False, True])
def test_an_answered_call_shows_every_step_and_they_fill_its_time(
    shop: Till, account: Account, streams: bool
) -> None:
    answer = chat(shop, account, stream=streams)

    trace = trace_of(shop, account, answer)

    steps = lasting(trace)
    assert [step["step"] for step in steps] == [*TIMED, "charge", "send"]
    assert steps[0]["start_ms"] == 0
    for step, following in pairwise(steps):
        assert step["start_ms"] + step["duration_ms"] == pytest.approx(following["start_ms"])
    assert steps[-1]["start_ms"] + steps[-1]["duration_ms"] == pytest.approx(trace["total_ms"])
    assert (at(trace, "attempt")["attempt"], at(trace, "attempt")["outcome"]) == (1, "ok")
    assert trace["first_byte_ms"] == at(trace, "first_byte")["start_ms"]
    assert trace["first_byte_ms"] == at(trace, "relay")["start_ms"]
    assert trace["last_byte_ms"] == at(trace, "last_byte")["start_ms"] == trace["total_ms"]
    assert at(trace, "first_byte")["duration_ms"] == 0
    assert {name: trace[name] for name in ("source", "status", "http_status", "code", "model")} == {
        "source": "worker", "status": "ok", "http_status": 200, "code": None, "model": SMALL,
    }  # fmt: skip


def test_the_projection_follows_the_charge(shop: Till, account: Account) -> None:
    first, second = chat(shop, account), chat(shop, account)
    trace_of(shop, account, first)  # so that what follows is marked apart

    trace = trace_of(shop, account, second)

    charge, projection = at(trace, "charge"), at(trace, "projection")
    assert projection["start_ms"] == pytest.approx(charge["start_ms"] + charge["duration_ms"])
    assert 0 <= projection["duration_ms"] < 5_000


@pytest.mark.parametrize(
    ("more", "status", "code", "last"),
    [
        ({"model": "no-such-model"}, 404, "model_not_found", "quote"),
        ({"temperature": "warm"}, 400, "invalid_value", "quote"),
        ({"max_tokens": 4_000}, 402, "insufficient_balance", "reserve"),
    ],
)
def test_a_refused_call_shows_how_far_it_came_and_its_code(
    shop: Till, more: dict[str, Any], status: int, code: str, last: str
) -> None:
    account = shop.account(credit=1)
    answer = chat(shop, account, **more)
    assert answer.status_code == status, answer.text

    trace = trace_of(shop, account, answer)

    assert (trace["status"], trace["code"], trace["http_status"]) == ("refused", code, status)
    assert [step["step"] for step in trace["steps"]] == [
        *TIMED[: TIMED.index(last) + 1],
        "refuse",
    ]
    assert (trace["first_byte_ms"], trace["last_byte_ms"]) == (None, None)
    assert trace["total_ms"] > 0


def test_a_name_that_is_no_models_is_not_kept(shop: Till, account: Account) -> None:
    unknown = chat(shop, account, model="my own secret words")
    poor = shop.account(credit=1)
    known = chat(shop, poor, max_tokens=4_000)

    assert trace_of(shop, account, unknown)["model"] is None
    assert trace_of(shop, poor, known)["model"] == SMALL


def test_a_call_whose_worker_died_shows_what_the_ledger_says(shop: Till, account: Account) -> None:
    held = shop.hold(account)
    path = f"/traces/req_{held.request_id.hex}"

    trace = data(shop.get(account, path))

    assert (trace["source"], trace["status"], trace["total_ms"]) == ("ledger", "open", None)
    assert trace["steps"] == [{"step": "reserve", "start_ms": 0.0, "duration_ms": None}]


CHARGED = Outcome(9, basis="reported", usage={"input": 3})
FAILED = Outcome(9, reason="upstream_error")


@pytest.mark.parametrize(
    ("outcome", "told"),
    [(CHARGED, ("charge", "ok", None)), (FAILED, ("release", "failed", "upstream_error"))],
)
def test_a_call_without_a_trace_shows_the_times_of_its_facts(
    shop: Till, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, told: tuple[str, str, str | None]
) -> None:
    monkeypatch.setattr(traces, "PAUSE_SECONDS", 0.001)
    account = shop.account()
    held = shop.hold(account)
    shop.settle(held, outcome, (Attempt("p", "up", "ok", 1, "USD", 3),))

    trace = data(shop.get(account, f"/traces/req_{held.request_id.hex}"))

    reserve, end, *projection = trace["steps"]
    assert (end["step"], trace["status"], trace["code"]) == told
    assert (trace["source"], reserve["step"], reserve["start_ms"]) == ("ledger", "reserve", 0)
    assert (end["start_ms"], end["duration_ms"]) == (trace["total_ms"], None)
    assert [step["step"] for step in projection] in ([], ["projection"])


def test_a_call_that_was_never_ended_shows_when_its_hold_ran_out(
    shop: Till, account: Account
) -> None:
    quote, request_id = Quote(10, 20, clamps=False), mint(SHARD)
    call = ReserveCall(
        request_id, account.who, SMALL, (candidate(SMALL, ("sandbox",), quote),), "chat",
        timedelta(milliseconds=1),
    )  # fmt: skip
    shop.do(call)
    time.sleep(0.01)
    shop.do(SweepWallet(account.who.wallet_id, (account.who.key_id,), (request_id,)))

    trace = data(shop.get(account, f"/traces/req_{request_id.hex}"))

    assert (trace["status"], trace["code"]) == ("unknown", "outcome_unknown")
    assert [step["step"] for step in trace["steps"]] == ["reserve", "expire"]
    assert trace["steps"][1]["start_ms"] == trace["total_ms"] >= 1


@pytest.mark.parametrize("kind", ["charged", "refused"])
def test_the_calls_of_others_are_not_there(shop: Till, account: Account, kind: str) -> None:
    answer = chat(shop, account, **({} if kind == "charged" else {"model": "nope"}))
    path = f"/traces/{answer.headers['x-gateway-request-id']}"
    assert data(shop.get(account, path))

    assert refused(shop.get(shop.account(), path)) == (404, "not_found")


@pytest.mark.parametrize(
    "request_id", ["req_" + "1" * 32, "req_" + "f" * 32, "req_1", "key_" + "1" * 32, "x"]
)
def test_an_id_that_is_no_calls_is_not_found(shop: Till, account: Account, request_id: str) -> None:
    assert refused(shop.get(account, f"/traces/{request_id}")) == (404, "not_found")


def test_nothing_of_what_was_said_or_of_a_supplier_is_told_or_kept(
    shop: Till, account: Account
) -> None:
    answers = [chat(shop, account), chat(shop, account, model="secret words")]
    told = str([trace_of(shop, account, answer) for answer in answers])

    async def kept() -> str:
        async with shop.gateway.pool.connection() as conn:
            return str(await (await conn.execute("SELECT * FROM call_traces")).fetchall())

    for text in (told, shop._runner.run(kept())):
        assert "secret words" not in text
        assert "sandbox'" not in text  # the provider's name, as a value
