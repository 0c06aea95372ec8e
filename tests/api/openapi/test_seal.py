"""What a customer can hold on to: heads, proofs of its own calls, a program to check them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.seal.keys import key_id_of
from api.call_proof import ON_REQUEST, ON_WALLET
from api.openapi.seal import VERIFIER
from domain.settle_call import Attempt, Outcome
from tests.adapters.seal.sealed import KEY, fill, seal
from tests.api.helpers import data, refused
from tests.api.openapi.till import NANOS, Account, Till, till
from tests.projections.history import database

SUPPLIERS = ("up-stream-model", "4242424242", "inference_request.attempted")
"""What an attempt says: the supplier's name for the model, its cost, its topic."""


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Till, str]]:
    folder: Path = tmp_path_factory.mktemp("till")
    with database(server_url) as url, till(url, str(folder)) as opened:
        yield opened, url


@pytest.fixture(scope="module")
def sealed(shop: tuple[Till, str]) -> tuple[Till, Account, str]:
    """A customer whose one call was attempted twice, charged, corrected and sealed."""
    desk, url = shop
    account, other = desk.account(), desk.account()
    held = desk.hold(account)
    for outcome, cost in (("broken", None), ("ok", 4_242_424_242)):
        attempt = Attempt("sandbox", "up-stream-model", outcome, cost, "USD", 12)
        if outcome == "ok":
            desk.charge(held, {"input": 90, "output": 50}, attempts=(attempt,))
    request_id = f"req_{held.request_id.hex}"
    desk.call(other, {"input": 5, "output": 5})
    desk.correct(request_id, 1_000)
    seal(url)
    assert "up-stream-model" in desk.log()
    return desk, account, request_id


def proof_of(sealed: tuple[Till, Account, str]) -> dict[str, Any]:
    desk, account, request_id = sealed
    return data(desk.get(account, f"/billing/detail/{request_id}/proof"))


def checked(tmp_path: Path, proof: object, key: str = KEY.public_key.hex()) -> Any:
    file, program = tmp_path / "proof.json", tmp_path / "verify_proof.py"
    file.write_text(json.dumps(proof))
    program.write_bytes(VERIFIER)
    command = [sys.executable, "-I", str(program), str(file), "--key", key]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_call_is_proved_by_its_own_events(sealed: tuple[Till, Account, str]) -> None:
    _, account, request_id = sealed

    proof = proof_of(sealed)

    assert sorted(event["topic"].rpartition(".")[0] for event in proof["events"]) == [
        "inference_request.charged",
        "inference_request.corrected",
        "inference_request.reserved",
        "wallet.charged",
        "wallet.corrected",
        "wallet.reserved",
    ]
    assert proof["request_id"] == request_id
    owners = {event["originator_id"] for event in proof["events"]}
    assert owners == {account.who.wallet_id.hex, request_id[4:]}


def test_nothing_of_a_supplier_is_in_it(sealed: tuple[Till, Account, str]) -> None:
    text = json.dumps(proof_of(sealed))

    assert not any(word in text for word in SUPPLIERS)
    assert not any("attempt" in kind or "cost" in kind for kind in (*ON_WALLET, *ON_REQUEST))


def test_the_served_program_proves_it_offline(
    sealed: tuple[Till, Account, str], tmp_path: Path
) -> None:
    desk, account, _ = sealed
    done = checked(tmp_path, proof_of(sealed))
    served = desk.request("GET", "/openapi/v1/seal/verifier", account.secret)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("PROVED\n")
    assert served.content == VERIFIER
    assert served.headers["content-type"].startswith("text/plain")


def test_the_head_is_shown_with_its_key(sealed: tuple[Till, Account, str]) -> None:
    desk, account, _ = sealed

    head = data(desk.get(account, "/seal/head"))

    assert head["key_id"] == key_id_of(bytes.fromhex(head["public_key"])) == KEY.key_id
    assert {name: head[name] for name in proof_of(sealed)["head"]} == proof_of(sealed)["head"]


@pytest.mark.parametrize("path", ["/seal/head", "/billing/detail/{}/proof"])
def test_a_key_is_asked_for(sealed: tuple[Till, Account, str], path: str) -> None:
    desk, _, request_id = sealed

    asked = desk.request("GET", f"/openapi/v1{path.format(request_id)}", "tb_0000nonsense")

    assert refused(asked) == (401, "invalid_api_key")


def test_anothers_call_is_not_found(sealed: tuple[Till, Account, str]) -> None:
    desk, _, request_id = sealed
    stranger = desk.account()

    for path in (request_id, "req_" + "0" * 32, "nonsense"):
        asked = desk.get(stranger, f"/billing/detail/{path}/proof")
        assert refused(asked) == (404, "not_found")


def test_a_call_that_was_just_made_is_not_sealed_yet(sealed: tuple[Till, Account, str]) -> None:
    desk, account, _ = sealed
    request_id = desk.call(account, {"input": 5, "output": 5})

    asked = desk.get(account, f"/billing/detail/{request_id}/proof")

    assert refused(asked) == (409, "not_sealed_yet")
    assert asked.headers["retry-after"] == "60"


def test_a_released_call_is_proved_too(shop: tuple[Till, str], tmp_path: Path) -> None:
    desk, url = shop
    account = desk.account()
    held = desk.hold(account)
    attempt = Attempt("sandbox", "up-stream-model", "broken", 4_242_424_242, "USD", 12)
    desk.settle(held, Outcome(3, reason="upstream_error"), (attempt,))
    seal(url)

    proof = data(desk.get(account, f"/billing/detail/req_{held.request_id.hex}/proof"))

    topics = [event["topic"] for event in proof["events"]]
    assert any("inference_request.released" in topic for topic in topics)
    assert any("wallet.released" in topic for topic in topics)
    assert not any(word in json.dumps(proof) for word in SUPPLIERS)
    assert checked(tmp_path, proof).returncode == 0


def test_a_neighbours_hash_tells_nothing_of_what_is_hashed(
    sealed: tuple[Till, Account, str],
) -> None:
    """A customer knows nearly all of its attempt: the salt keeps it from guessing the cost."""
    proof = proof_of(sealed)
    salts = [event["salt"] for event in proof["events"]]

    assert len({*salts}) == len(salts)
    assert all(len(bytes.fromhex(salt)) == 16 for salt in salts)


def test_without_a_seal_there_is_no_head(server_url: str, tmp_path: Path) -> None:
    with database(server_url) as url, till(url, str(tmp_path)) as desk:
        account = desk.account(NANOS)
        fill(url, 1)
        assert refused(desk.get(account, "/seal/head")) == (409, "not_sealed_yet")
        request_id = desk.call(account, {"input": 1, "output": 1})
        asked = desk.get(account, f"/billing/detail/{request_id}/proof")
        assert refused(asked) == (409, "not_sealed_yet")
