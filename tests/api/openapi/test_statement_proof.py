"""A statement that its customer can check offline, years later and without asking anybody."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.seal.keys import create_key
from api.openapi.seal import VERIFIER
from api.sealing import sealing
from tests.adapters.seal.sealed import owner, seal
from tests.api.helpers import data, refused
from tests.api.openapi.till import Account
from tests.api.past import FIRST, SECOND, THIRD, Books, books, past
from tests.projections.history import database

PROOF = "/billing/monthly-statement/proof"


@pytest.fixture(scope="module")
def desk(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Books, str]]:
    """Two months are closed under a seal, and life went on; with the public key."""
    folder: Path = tmp_path_factory.mktemp("books")
    key = create_key(folder / "seal.pem")
    seals = {"seal_key_file": folder / "seal.pem", "seal_seconds": 0.1}
    with database(server_url) as url, books(url, folder / "data", past(4), **seals) as opened:
        with sealing(opened.till.gateway.settings, url):
            opened.close(SECOND)
            with owner(url) as conn:
                conn.execute("NOTIFY tollbook_seal")
        yield opened, key.public_key.hex()


@pytest.fixture(scope="module")
def customer(desk: tuple[Books, str]) -> Account:
    return desk[0].account_of(desk[0].told.everyone[0])


def check(tmp_path: Path, proof: bytes, key: str) -> Any:
    (tmp_path / "proof.json").write_bytes(proof)
    (tmp_path / "verify_proof.py").write_bytes(VERIFIER)
    command = [sys.executable, "-I", "verify_proof.py", "proof.json", "--key", key]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)


@pytest.mark.parametrize("month", [FIRST, SECOND])
def test_an_issued_statement_is_proved_offline(
    desk: tuple[Books, str], customer: Account, tmp_path: Path, month: str
) -> None:
    till, key = desk[0].till, desk[1]
    text = till.get(customer, "/billing/monthly-statement.json", month=month).text

    answer = till.get(customer, PROOF, month=month)

    proof, drawn = answer.json(), json.loads(text)
    assert proof["document"] == text
    assert drawn["log"]["tree_size"] == proof["earlier"]["first"]["tree_size"]
    assert proof["earlier"]["first"]["tree_size"] <= proof["head"]["tree_size"]
    assert answer.headers["content-disposition"].endswith('.proof.json"')
    done = check(tmp_path, answer.content, key)
    assert done.stdout.endswith("PROVED\n"), done.stderr
    assert f" for {month}, " in done.stdout
    assert "kept     all of the first" in done.stdout


def test_a_changed_statement_is_not_proved(
    desk: tuple[Books, str], customer: Account, tmp_path: Path
) -> None:
    proof = desk[0].till.get(customer, PROOF, month=SECOND).json()
    proof["document"] = proof["document"].replace("0", "1", 1)

    done = check(tmp_path, json.dumps(proof).encode(), desk[1])

    assert done.returncode == 1
    assert "SHA-256" in done.stderr


def test_it_is_drawn_from_a_head_that_covers_it(desk: tuple[Books, str], customer: Account) -> None:
    proof = desk[0].till.get(customer, PROOF, month=SECOND).json()
    issued = json.loads(proof["events"][0]["state"])

    assert proof["earlier"]["first"]["tree_size"] == issued["tree_size"]
    assert proof["earlier"]["first"]["position"] >= issued["position"]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({}, (422, "invalid_value")),
        ({"month": "2025-13"}, (422, "invalid_value")),
        ({"month": SECOND, "format": "html"}, (422, "invalid_value")),
        ({"month": THIRD}, (404, "not_found")),
        ({"month": "2001-01"}, (404, "not_found")),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(
    desk: tuple[Books, str], customer: Account, query: dict[str, str], answer: tuple[int, str]
) -> None:
    assert refused(desk[0].till.get(customer, PROOF, **query)) == answer


def test_anothers_statement_is_not_to_be_had(desk: tuple[Books, str], customer: Account) -> None:
    till = desk[0].till
    other = desk[0].account_of(desk[0].told.everyone[1])

    ours, theirs = (till.get(who, PROOF, month=SECOND).json() for who in (customer, other))

    assert customer.customer_id in ours["document"]
    assert other.customer_id in theirs["document"]
    assert customer.customer_id not in json.dumps(theirs)


def test_an_issue_that_is_not_sealed_yet_is_told(server_url: str, tmp_path: Path) -> None:
    with database(server_url) as url, books(url, tmp_path, past(4)) as opened:
        opened.close(FIRST)
        account = opened.account_of(opened.told.everyone[0])
        asked = opened.till.get(account, PROOF, month=FIRST)
        assert refused(asked) == (409, "not_sealed_yet")
        seal(url)
        proof = opened.till.get(account, PROOF, month=FIRST).json()
        shown = data(opened.till.get(account, "/billing/monthly-statement", month=FIRST))

    assert "earlier" not in proof
    assert proof["sha256"] == shown["sha256"]
