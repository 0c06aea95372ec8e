"""The program that customers run: it proves what is true, and says of anything else what is not."""

import ast
import copy
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.adapters.seal.sealed import KEY, OTHER_KEY
from tests.proofs import DIGEST, DOCUMENT, charge, consistency, head, included, statement

PROGRAM = Path(__file__).parents[1] / "scripts" / "verify_proof.py"
VERIFIER = runpy.run_path(str(PROGRAM))
TIME = "2026-11-21T10:00:00.000000+00:00"
TRUSTED = {KEY.public_key.hex()}


def run(tmp_path: Path, proof: Any, *keys: str) -> Any:
    """Run the program as a customer does, away from the repository."""
    file = tmp_path / "proof.json"
    file.write_text(proof if isinstance(proof, str) else json.dumps(proof))
    chosen = [word for key in keys or TRUSTED for word in ("--key", key)]
    command = [sys.executable, "-I", str(PROGRAM), str(file), *chosen]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)


@pytest.mark.parametrize("key", [KEY.public_key.hex(), KEY.key_id, KEY.key_id.upper()])
def test_a_charge_is_proved(tmp_path: Path, key: str) -> None:
    done = run(tmp_path, charge(), "00" * 32, key)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"signed   the head of 11 events, {TIME}, by key {KEY.public_key.hex()[:16]}…",
        "included 3 2026-11-21T10:00:00Z wallet.charged.2 0.000001500",
        "included 5 2026-11-21T10:00:00Z inference_request.charged.3 0.000001500",
        "included 11 2026-11-21T10:00:00Z wallet.charged.2 0.000001500",
        "PROVED",
    ]


def test_a_statement_is_proved_with_the_head_that_it_was_drawn_from(tmp_path: Path) -> None:
    done = run(tmp_path, statement())

    assert (done.returncode, done.stderr) == (0, "")
    assert f"issued   statement 7 for 2026-10, {DIGEST[:16]}…" in done.stdout
    assert "kept     all of the first 6 events are in the log of 11" in done.stdout
    assert done.stdout.endswith("PROVED\n")


def test_what_the_api_answers_is_taken_as_it_is(tmp_path: Path) -> None:
    enveloped = {"request_id": "req_1", "success": True, "data": charge(), "code": None}

    assert run(tmp_path, enveloped).returncode == 0


def test_whom_to_trust_must_be_said(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(charge()))

    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "--key" in done.stderr


def test_a_strangers_signature_proves_nothing(tmp_path: Path) -> None:
    forged = charge()
    forged["head"], forged["public_key"] = head(11, OTHER_KEY), OTHER_KEY.public_key.hex()

    done = run(tmp_path, forged)

    assert done.returncode == 1
    assert "not by yours" in done.stderr
    assert "PROVED" not in done.stdout


def put(*way: Any, to: Any) -> Callable[[Any], None]:
    """Change one thing in a proof."""

    def change(proof: Any) -> None:
        *steps, last = way
        for step in steps:
            proof = proof[step]
        proof[last] = to(proof[last]) if callable(to) else to

    return change


def turned(text: str) -> str:
    return ("1" if text[0] == "0" else "0") + text[1:]


def longer(parts: list[str]) -> list[str]:
    return [*parts, "00" * 32]


SPOILT: list[tuple[Callable[[], Any], Callable[[Any], None], str]] = [
    (charge, put("format", to="tollbook.proof.9"), "known here"),
    (charge, put("events", to=[]), "no event"),
    (charge, put("events", 0, "state", to=lambda s: s.replace("1500", "15")), "not in the signed"),
    (charge, put("events", 0, "topic", to="wallet.charged.1"), "not in the signed"),
    (charge, put("events", 0, "position", to=4), "not in the signed"),
    (charge, put("events", 0, "version", to=2), "not in the signed"),
    (charge, put("events", 0, "salt", to=turned), "not in the signed"),
    (charge, put("events", 0, "originator_id", to=turned), "not in the signed"),
    (charge, put("events", 0, "leaf_index", to=0), "not in the signed"),
    (charge, put("events", 0, "leaf_index", to=11), "outside"),
    (charge, put("events", 0, "leaf_index", to=-1), "outside"),
    (charge, put("events", 0, "path", to=longer), "wrong length"),
    (charge, put("events", 0, "path", to=lambda parts: parts[1:]), "wrong length"),
    (charge, put("events", 0, "path", 1, to=turned), "not in the signed"),
    (charge, put("events", 1, to=included(3, 11)), "another request"),
    (charge, put("request_id", to="req_" + "0" * 32), "another request"),
    (charge, put("request_id", to=""), "another request"),
    (charge, put("head", "tree_size", to=12), "signature"),
    (charge, put("head", "position", to=22), "signature"),
    (charge, put("head", "root_hash", to=turned), "signature"),
    (charge, put("head", "timestamp", to="1999"), "signature"),
    (charge, put("head", "signature", to=turned), "signature"),
    (charge, put("head", "signature", to=""), "signature"),
    (charge, put("head", "key_id", to=OTHER_KEY.key_id), "another key"),
    (charge, put("public_key", to=OTHER_KEY.public_key.hex()), "another key"),
    (charge, put("head", to=head(12)), "not in the signed"),
    (charge, put("head", "tree_size", to="11"), "cannot be read"),
    (charge, put("events", 0, "position", to="3"), "cannot be read"),
    (charge, put("events", 0, "salt", to="salt"), "cannot be read"),
    (charge, put("public_key", to=None), "cannot be read"),
    (statement, put("document", to=DOCUMENT + " "), "not the one of this SHA-256"),
    (statement, put("sha256", to=turned), "not the one of this SHA-256"),
    (statement, put("events", 0, to=included(2, 11)), "no sealed event issued"),
    (statement, put("earlier", "second", to=head(6)), "leads elsewhere"),
    (statement, put("earlier", "path", 0, to=turned), "does not begin"),
    (statement, put("earlier", "first", "root_hash", to=turned), "signature"),
    (statement, put("earlier", "first_public_key", to=OTHER_KEY.public_key.hex()), "another key"),
    (statement, put("earlier", "path", to=longer), "does not begin"),
    (statement, put("earlier", "path", to=[]), "does not begin"),
]


@pytest.mark.parametrize("spoilt", SPOILT, ids=[str(number) for number in range(len(SPOILT))])
def test_whatever_is_wrong_is_said(
    spoilt: tuple[Callable[[], Any], Callable[[Any], None], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, spoil, told = spoilt
    proof = copy.deepcopy(make())
    spoil(proof)
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof))
    monkeypatch.setattr(sys, "argv", ["verify_proof.py", str(file), "--key", *TRUSTED])

    with pytest.raises(SystemExit, match=told) as left:
        VERIFIER["main"]()

    assert str(left.value).startswith("NOT PROVED: ")
    assert "PROVED" not in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "3", '{"data":1}', '{"format":[]}'])
def test_what_is_no_proof_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    done = run(tmp_path, text)

    assert done.returncode == 1
    assert done.stderr.startswith("NOT PROVED: ")
    assert "Traceback" not in done.stderr


@given(st.integers(1, 60), st.data())
def test_every_event_of_every_tree_is_proved(size: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))

    VERIFIER["check_inclusion"](included(number, size), head(size))
    VERIFIER["check_consistency"](consistency(1 + number, size))
    if other != number:
        false = {**included(number, size), "leaf_index": other}
        with pytest.raises(SystemExit):
            VERIFIER["check_inclusion"](false, head(size))


@given(st.integers(2, 60), st.data())
def test_no_path_proves_a_changed_past(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, size - 1))
    false = consistency(first, size)
    false["first"]["root_hash"] = turned(false["first"]["root_hash"])

    with pytest.raises(SystemExit):
        VERIFIER["check_consistency"](false)


def test_it_is_short_enough_to_be_read_and_needs_one_package_only() -> None:
    text = PROGRAM.read_text()
    nodes = list(ast.walk(ast.parse(text)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    served = Path(__file__).parents[1] / "api" / "openapi" / "verify_proof.txt"

    assert len(text.splitlines()) < 150
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"cryptography"}
    assert served.read_text() == text
