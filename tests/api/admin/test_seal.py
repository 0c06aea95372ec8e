"""The operator's proofs: any event, any two heads, any call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.adapters.seal.sealed import KEY, fill, seal, tamper
from tests.api.helpers import TOKEN, data, refused
from tests.api.openapi.till import Till, till
from tests.projections.history import database


class Desk:
    def __init__(self, opened: Till, url: str) -> None:
        self.till = opened
        self.url = url
        self.sizes: list[int] = []

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.till.request("GET", f"/admin/v1/seal{path}", TOKEN, params=query)


@pytest.fixture
def unsealed(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    with till(database_url, str(tmp_path)) as opened:
        yield Desk(opened, database_url)


@pytest.fixture(scope="module")
def desk(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Three heads, the later ones after gaps."""
    folder = str(tmp_path_factory.mktemp("till"))
    with database(server_url) as url, till(url, folder) as opened:
        made = Desk(opened, url)
        for _ in range(3):
            fill(url, 10, gap=1)
            made.sizes.append(seal(url).tree_size)
        yield made


def test_the_newest_head_is_shown(desk: Desk) -> None:
    head = data(desk.get("/head"))

    assert (head["tree_size"], head["public_key"]) == (desk.sizes[-1], KEY.public_key.hex())


def test_any_sealed_event_is_proved(desk: Desk) -> None:
    head = data(desk.get("/head"))

    proof = data(desk.get("/inclusion", position=head["position"]))

    assert [event["position"] for event in proof["events"]] == [head["position"]]


def test_the_log_only_grows_from_head_to_head(desk: Desk) -> None:
    first, second, newest = desk.sizes

    between = data(desk.get("/consistency", **{"from": first, "to": second}))
    to_newest = data(desk.get("/consistency", **{"from": first}))

    assert (between["first"]["tree_size"], between["second"]["tree_size"]) == (first, second)
    assert to_newest["second"]["tree_size"] == newest


@pytest.mark.parametrize(
    ("path", "query", "answer"),
    [
        ("/inclusion", {"position": 10**17}, (409, "not_sealed_yet")),
        ("/inclusion", {"position": 10**18}, (422, "invalid_value")),
        ("/inclusion", {"position": "0"}, (422, "invalid_value")),
        ("/inclusion", {"position": "٣"}, (422, "invalid_value")),
        ("/inclusion", {"position": "-1"}, (422, "invalid_value")),
        ("/inclusion", {}, (422, "invalid_value")),
        ("/inclusion", {"position": 1, "at": 3}, (422, "invalid_value")),
        ("/head", {"at": 3}, (422, "invalid_value")),
        ("/consistency", {"from": 1}, (404, "not_found")),
        ("/consistency", {"to": 1}, (422, "invalid_value")),
        ("/requests/req_nonsense/proof", {}, (404, "not_found")),
        ("/requests/req_00000000000000000000000000000000/proof", {}, (404, "not_found")),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(
    desk: Desk, path: str, query: dict[str, Any], answer: tuple[int, str]
) -> None:
    assert refused(desk.get(path, **query)) == answer


def test_a_gap_has_no_event_to_prove(desk: Desk) -> None:
    head = data(desk.get("/head"))

    assert refused(desk.get("/inclusion", position=head["position"] - 10)) == (404, "not_found")


def test_heads_are_asked_for_in_order(desk: Desk) -> None:
    first, second, _ = desk.sizes

    asked = desk.get("/consistency", **{"from": second, "to": first})

    assert refused(asked) == (422, "invalid_value")
    assert "'to'" in asked.json()["message"]


def test_a_call_is_proved_as_its_customer_sees_it(unsealed: Desk) -> None:
    account = unsealed.till.account()
    request_id = unsealed.till.call(account, {"input": 5, "output": 5})
    seal(unsealed.url)

    ours = data(unsealed.get(f"/requests/{request_id}/proof"))
    theirs = data(unsealed.till.get(account, f"/billing/detail/{request_id}/proof"))

    assert ours == theirs


def test_nothing_is_proved_before_the_first_head(unsealed: Desk) -> None:
    asked: list[tuple[str, dict[str, int]]] = [
        ("/head", {}),
        ("/inclusion", {"position": 1}),
        ("/consistency", {"from": 1}),
    ]
    for path, query in asked:
        assert refused(unsealed.get(path, **query)) == (409, "not_sealed_yet")


def test_a_broken_seal_is_our_fault_and_not_a_proof(unsealed: Desk) -> None:
    fill(unsealed.url, 3)
    seal(unsealed.url)
    tamper(unsealed.url, "UPDATE ledger_events SET state = '{}' WHERE topic = 'thing.happened.1'")
    head = data(unsealed.get("/head"))

    asked = unsealed.get("/inclusion", position=head["position"])

    assert refused(asked) == (500, "internal_error")


def test_metrics_tell_how_far_the_seal_is_behind(unsealed: Desk) -> None:
    def metrics() -> dict[str, float]:
        text = unsealed.till.request("GET", "/metrics", TOKEN).text
        lines = [line.split(" ") for line in text.splitlines() if "seal" in line]
        return {name: float(value) for name, value in lines}

    assert metrics() == {}
    fill(unsealed.url, 3)
    seal(unsealed.url)
    assert metrics() == {"tollbook_unsealed_positions": 0, "tollbook_seal_lag_seconds": 0}
    fill(unsealed.url, 2)
    assert metrics()["tollbook_unsealed_positions"] == 2
