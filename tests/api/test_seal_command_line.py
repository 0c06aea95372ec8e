"""The seal from the command line: keys, heads, proofs, the drill, and every lie named."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from adapters.seal.archive import read_heads
from api.cli.main import app
from tests.adapters.seal.sealed import tamper
from tests.gateway_process import GatewayProcess
from tests.projections.history import History, database, follow

TOLLBOOK = str(Path(sys.executable).with_name("tollbook"))
PROGRAM = Path(__file__).parents[2] / "scripts" / "verify_proof.py"

Done = subprocess.CompletedProcess[str]


class Operator:
    """Somebody with a key, a folder elsewhere and a database."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.key, self.out = folder / "seal.pem", folder / "out"
        self.out.mkdir(parents=True, exist_ok=True)
        self.environ = {
            "TOLLBOOK_SEAL_KEY_FILE": str(self.key),
            "TOLLBOOK_SEAL_DIR": str(self.out),
            "TOLLBOOK_DATABASE_URL": database_url,
        }

    def run(self, *words: str, **environ: str) -> Done:
        """Run a command in this process, which spares the start of another."""
        clean = {k: None for k in os.environ if k.startswith("TOLLBOOK_")}
        command = [*words, "--data-dir", str(self.folder / "data")]
        ended = CliRunner().invoke(app, command, env={**clean, **self.environ, **environ})
        return Done(command, ended.exit_code, ended.stdout, ended.stderr)

    def run_apart(self, *words: str) -> Done:
        """Run a command as a process of its own, as one must that sets up the logging."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TOLLBOOK_")}
        return subprocess.run(
            [TOLLBOOK, *words, "--data-dir", str(self.folder / "data")],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            env={**clean, **self.environ},
        )

    def said(self, *words: str, apart: bool = False) -> Any:
        done = self.run_apart(*words) if apart else self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def new_key(operator: Operator) -> str:
    return str(operator.said("seal-key", "--out", str(operator.key))["public_key"])


@pytest.fixture
def operator(database_url: str, tmp_path: Path) -> Operator:
    """With a sound history that is sealed."""
    ready = Operator(tmp_path, database_url)
    new_key(ready)
    history = History(11)
    history.live(150)
    history.store(database_url)
    follow(database_url)
    assert ready.said("seal")["tree_size"] == len(history.ledger.facts)
    return ready


def test_a_key_is_made_once_outside_of_the_data(tmp_path: Path) -> None:
    operator = Operator(tmp_path)
    public = new_key(operator)
    inside = operator.run("seal-key", "--out", str(tmp_path / "data" / "seal.pem"))
    again = operator.run("seal-key", "--out", str(operator.key))
    newer = tmp_path / "newer.pem"
    shown = operator.said("seal-key", "--out", str(newer), "--retire", str(operator.key))

    assert (inside.returncode, again.returncode) == (2, 2)
    assert "data directory" in inside.stderr
    assert "exists" in again.stderr
    assert shown["public_key"] != public
    assert newer.read_text().count("PUBLIC KEY") == 2
    assert "PRIVATE" not in inside.stderr + again.stderr + json.dumps(shown)


@pytest.mark.parametrize("command", [["serve"], ["verify"], ["seal"]])
def test_a_key_that_cannot_be_read_is_told(tmp_path: Path, command: list[str]) -> None:
    operator = Operator(tmp_path)

    missing = operator.run(*command)
    operator.key.write_text("nonsense")
    nonsense = operator.run(*command)

    assert (missing.returncode, nonsense.returncode) == (2, 2)
    assert "No such file" in missing.stderr
    assert "no key" in nonsense.stderr
    assert "Traceback" not in missing.stderr + nonsense.stderr


def test_without_a_key_nothing_is_signed_by_hand_either(tmp_path: Path) -> None:
    done = Operator(tmp_path).run("seal", TOLLBOOK_SEAL_KEY_FILE="", TOLLBOOK_SEAL_DIR="")

    assert done.returncode == 2
    assert "TOLLBOOK_SEAL_KEY_FILE" in done.stderr


def test_verify_tells_how_far_the_seal_reaches(operator: Operator) -> None:
    sealed = operator.run("verify")
    unchecked = operator.run("verify", TOLLBOOK_SEAL_KEY_FILE="", TOLLBOOK_SEAL_DIR="")

    assert sealed.returncode == 0, sealed.stderr
    assert "under 1 heads, 0 unsealed\n" in sealed.stdout
    assert "signatures not checked" in unchecked.stdout


@pytest.mark.parametrize(
    ("statements", "positions"),
    [
        (["UPDATE ledger_events SET state = state || ' ' WHERE position = 30"], [30]),
        (["DELETE FROM ledger_events WHERE position = 31"], [31]),
        (
            ["INSERT INTO ledger_events SELECT -1, originator_id, 99, topic, state FROM one"],
            [-1],
        ),
        (
            [
                "UPDATE ledger_events SET position = -1 WHERE position = 33",
                "UPDATE ledger_events SET position = 33 WHERE position = 34",
                "UPDATE ledger_events SET position = 34 WHERE position = -1",
            ],
            [33, 34],
        ),
    ],
    ids=["changed", "deleted", "inserted", "swapped"],
)
def test_the_whole_verify_names_it_too(
    operator: Operator, database_url: str, statements: list[str], positions: list[int]
) -> None:
    one = "CREATE TEMPORARY VIEW one AS SELECT * FROM ledger_events WHERE position = 32"
    tamper(database_url, one, *statements)

    done = operator.run("verify")

    assert done.returncode == 1
    for position in positions:
        assert f"violation: Finding(check='seal', position={position}, " in done.stderr


def test_a_seal_over_changed_evidence_is_refused(operator: Operator, database_url: str) -> None:
    tamper(database_url, "UPDATE seal_heads SET root_hash = sha256('x')")

    done = operator.run("seal")

    assert done.returncode == 1
    assert "older copy" in done.stderr


def test_the_drill_brings_everything_back(operator: Operator, server_url: str) -> None:
    with database(server_url) as empty:
        restored = operator.run("restore", "--from", str(operator.out), TOLLBOOK_DATABASE_URL=empty)
        follow(empty)
        verified = operator.run("verify", TOLLBOOK_DATABASE_URL=empty)
        again = operator.run("restore", "--from", str(operator.out), TOLLBOOK_DATABASE_URL=empty)

    assert restored.returncode == 0, restored.stderr
    assert "all of 1 heads match, 0 unsealed\n" in restored.stdout
    assert verified.returncode == 0, verified.stderr
    assert again.returncode == 2
    assert "not empty" in again.stderr


def test_a_changed_copy_is_not_brought_back(operator: Operator, server_url: str) -> None:
    (segment,) = operator.out.glob("log-*.ndjson")
    segment.write_bytes(segment.read_bytes().replace(b'"version":1', b'"version":7', 1))

    with database(server_url) as empty:
        words = ("restore", "--from", str(operator.out))
        done = operator.run(*words, TOLLBOOK_DATABASE_URL=empty)
        unsigned = operator.run(
            *words, TOLLBOOK_DATABASE_URL=empty, TOLLBOOK_SEAL_KEY_FILE="", TOLLBOOK_SEAL_DIR=""
        )

    assert (done.returncode, unsigned.returncode) == (1, 1)
    assert "is not what was signed" in done.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Operator, Any, str]]:
    operator = Operator(tmp_path_factory.mktemp("seal"))
    public = new_key(operator)
    environ = {**operator.environ, "TOLLBOOK_SEAL_SECONDS": "0.2"}
    with GatewayProcess(operator.folder / "data", environ=environ) as gateway:
        yield operator, gateway, public


def test_a_call_is_proved_to_its_customer(running: tuple[Operator, Any, str]) -> None:
    operator, gateway, public = running
    customer = gateway.customer("1.00")
    body = {"model": "sandbox-small", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"Authorization": f"Bearer {customer.api_key}"}
    before = operator.said("head", apart=True)["tree_size"]
    served = httpx.post(f"{gateway.base_url}/chat/completions", json=body, headers=headers)
    request_id = served.headers["x-gateway-request-id"]
    proof, growth = operator.folder / "proof.json", operator.folder / "growth.json"

    patience = time.monotonic() + 20
    while operator.run_apart("prove", "--request", request_id, "--out", str(proof)).returncode:
        assert time.monotonic() < patience, "it was never sealed"
    growth.write_text(json.dumps(operator.said("consistency", "--from", str(before), apart=True)))

    for file in (proof, growth):
        command = [sys.executable, str(PROGRAM), str(file), "--key", public]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout.endswith("PROVED\n"), done.stderr
    assert "inference_request.charged" in proof.read_text()
    assert "inference_request.attempted" not in proof.read_text()
    assert [*read_heads(operator.out)][-1].tree_size >= json.loads(growth.read_text())["second"][
        "tree_size"
    ]


def test_a_running_gateway_tells_of_its_seal(running: tuple[Operator, Any, str]) -> None:
    operator, gateway, _ = running
    verified = operator.run("verify")
    metrics = httpx.get(f"{gateway.url}/metrics").text
    log = (gateway.data_dir / "gateway.log").read_text()

    assert verified.returncode == 0, verified.stderr
    assert "tollbook_unsealed_positions" in metrics
    assert "tollbook_seal_failures_total 0.0" in metrics
    assert "PRIVATE" not in log


def test_a_proof_that_cannot_be_made_or_written_is_explained(
    running: tuple[Operator, Any, str],
) -> None:
    operator, gateway, _ = running
    headers = {"Authorization": f"Bearer {gateway.customer('1.00').api_key}"}
    body = {"model": "sandbox-small", "messages": [{"role": "user", "content": "Hi"}]}
    served = httpx.post(f"{gateway.base_url}/chat/completions", json=body, headers=headers)
    time.sleep(1)  # some rounds of the sealer

    for request_id, status, told in (
        (served.headers["x-gateway-request-id"], 2, "cannot be written"),
        ("req_" + "0" * 32, 1, "not_found"),
    ):
        done = operator.run_apart("prove", "--request", request_id, "--out", "/nowhere/proof.json")
        assert done.returncode == status
        assert told in done.stderr
