"""Every fault of every provider has its documented outcome, and ends its hold exactly once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.matrix.faults import (
    FAULTS,
    KNOWN_MIDWAY,
    MIDWAY,
    RETRY_AFTER,
    USAGES,
    Fault,
    Outcome,
)
from tests.matrix.features import TEXT_MODEL, Json
from tests.matrix.gateway import UPSTREAMS, Setting, Upstream, open_setting
from tests.sdk.books import wait_until

CASES = [
    pytest.param(upstream, fault, stream, id=f"{upstream.name}-{fault.name}-{mode}")
    for upstream in UPSTREAMS
    for fault in FAULTS
    for stream, mode in ((False, "json"), (True, "stream"))
    if (fault.streamed if stream else fault.whole) is not None
]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    deadlines = {"TOLLBOOK_CALL_DEADLINE_SECONDS": "1.5", "TOLLBOOK_HOLD_SECONDS": "60"}
    with open_setting(tmp_path_factory.mktemp("faults"), **deadlines) as setting:
        yield setting


@dataclass
class Told:
    """What a caller on raw HTTP was told."""

    status: int
    headers: httpx.Headers
    text: str
    error: Json


def call(setting: Setting, key: str, model: str, *, stream: bool) -> Told:
    body = {
        "model": model,
        "max_tokens": 1000,
        "stream": stream,
        "messages": [{"role": "user", "content": "Say hello."}],
    }
    with httpx.Client(base_url=setting.gateway.url, timeout=30) as http:
        answer = http.post(
            "/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}
        )
    error: Any = {}
    if answer.status_code != 200:
        error = answer.json()["error"]
    elif stream:
        events = [line[6:] for line in answer.text.split("\n") if line.startswith("data: {")]
        error = json.loads(events[-1]).get("error") or {}
    return Told(answer.status_code, answer.headers, answer.text, error)


@pytest.mark.parametrize(("upstream", "fault", "stream"), CASES)
def test_a_fault_has_its_outcome_and_one_settlement(
    setting: Setting,
    upstream: Upstream,
    fault: Fault,
    stream: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = fault.streamed if stream else fault.whole
    assert expected is not None
    if fault.no_usage:
        for name in USAGES.get(upstream.wire, ("USAGE",)):
            monkeypatch.setattr(upstream.wire, name, {})
    setting.servers[upstream.name].script(*[fault.answer(upstream)] * 3)
    customer = setting.gateway.customer("10")

    told = call(setting, customer.api_key, f"{upstream.name}/{TEXT_MODEL}", stream=stream)

    setting.servers[upstream.name]._answers.clear()
    assert (told.status, told.error.get("code", "")) == (expected.status, expected.code)
    assert "secret" not in told.text
    if expected.status == 429:
        assert told.headers["retry-after"] == str(RETRY_AFTER)
    check_books(setting, customer.customer_id, upstream, expected)


def check_books(setting: Setting, customer_id: str, upstream: Upstream, expected: Outcome) -> None:
    wallet: list[tuple[str, Json]] = []

    def ended() -> bool:
        wallet[:] = events_of(setting, customer_id)
        return any(name in {"charged", "released"} for name, _ in wallet)

    wait_until(ended, "the settlement")
    names = [name for name, _ in wallet]
    ends = [state for name, state in wallet if name in {"charged", "released"}]
    assert (names.count("reserved"), len(ends)) == (1, 1)
    if expected.basis is None:
        assert names[-1] == "released"
        return
    known = expected.basis, expected.flags
    if expected.basis == MIDWAY:
        known = KNOWN_MIDWAY[upstream.protocol]
    assert (ends[0]["basis"], tuple(sorted(ends[0]["flags"]))) == known
    if expected.basis == "reported":
        assert (ends[0]["usage"], ends[0]["amount"]) == (upstream.usage, upstream.charge)
    else:
        assert 0 < ends[0]["amount"] <= wallet[0][1]["amount"]


def events_of(setting: Setting, customer_id: str) -> list[tuple[str, Json]]:
    """The facts of this customer's one request, in order."""
    owner = customer_id.partition("_")[2]
    rows = setting.log.execute(
        "SELECT originator_id, topic, state FROM ledger_events"
        " WHERE topic LIKE 'inference_request.%' ORDER BY position"
    ).fetchall()
    facts = [(who, topic.split(".")[1], json.loads(bytes(raw))) for who, topic, raw in rows]
    own = {who for who, _, state in facts if state.get("customer_id") == owner}
    return [(name, state) for who, name, state in facts if who in own]
