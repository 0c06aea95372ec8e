"""The command line, as an operator uses it: beside a running gateway and without one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import typer
from typer.testing import CliRunner

from api.cli.main import app
from tests.gateway_process import GatewayProcess

TOLLBOOK = str(Path(sys.executable).with_name("tollbook"))


def tollbook(data_dir: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TOLLBOOK_")}
    return subprocess.run(
        [TOLLBOOK, *words, "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**clean, **environ},
    )


def said(data_dir: Path, *words: str) -> Any:
    done = tollbook(data_dir, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("cli") / "a folder with spaces") as running:
        yield running


def test_the_first_start_prints_a_key_and_a_line_that_works(gateway: GatewayProcess) -> None:
    output = "".join(gateway.output)
    command = output[output.index("curl ") : output.index("'\n") + 1]

    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)

    answer = json.loads(done.stdout)
    assert answer["choices"][0]["message"]["content"].startswith("You said:")


def test_admin_verbs_work_beside_a_running_gateway(gateway: GatewayProcess) -> None:
    customer_id = said(gateway.data_dir, "customers", "create", "Ada")["customer_id"]
    said(gateway.data_dir, "grants", "create", customer_id, "1.50", "--idempotency-key", "g1")
    said(gateway.data_dir, "grants", "create", customer_id, "1.50", "--idempotency-key", "g1")
    key = said(gateway.data_dir, "api-keys", "create", customer_id, "laptop")

    body = {"model": "sandbox-small", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"Authorization": f"Bearer {key['api_key']}"}
    url = f"{gateway.base_url}/chat/completions"
    served = httpx.post(url, json=body, headers=headers)
    shown = said(gateway.data_dir, "customers", "show", customer_id)
    said(gateway.data_dir, "api-keys", "disable", key["api_key_id"])
    refused = httpx.post(url, json=body, headers=headers)

    assert served.status_code == 200, served.text
    assert shown["balance"]["available"] == served.headers["x-billing-balance"]
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "api_key_disabled"


def test_a_key_that_is_rotated_opens_to_its_new_secret_only(gateway: GatewayProcess) -> None:
    customer = gateway.customer("1.00")
    body = {"model": "sandbox-small", "messages": [{"role": "user", "content": "Hi"}]}

    new = said(gateway.data_dir, "api-keys", "rotate", customer.api_key_id)["api_key"]

    answers = [
        httpx.post(
            f"{gateway.base_url}/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {secret}"},
        )
        for secret in (customer.api_key, new)
    ]
    assert [answer.status_code for answer in answers] == [401, 200]


def test_a_correction_gives_credit_back(gateway: GatewayProcess) -> None:
    customer = gateway.customer("1.00")
    body = {"model": "sandbox-small", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"Authorization": f"Bearer {customer.api_key}"}
    served = httpx.post(f"{gateway.base_url}/chat/completions", json=body, headers=headers)
    request_id = served.headers["x-gateway-request-id"]
    charge = served.headers["x-billing-charge"]

    said(gateway.data_dir, "corrections", "create", request_id, charge, "a test")

    shown = said(gateway.data_dir, "customers", "show", customer.customer_id)
    assert shown["balance"]["available"] == "1.00"


def test_what_the_admin_api_refuses_the_command_explains(gateway: GatewayProcess) -> None:
    done = tollbook(gateway.data_dir, "grants", "create", "cus_" + "0" * 32, "1.00")

    assert done.returncode == 1
    assert "not_found" in done.stderr


def test_the_books_are_proved_beside_a_running_gateway(gateway: GatewayProcess) -> None:
    verified = tollbook(gateway.data_dir, "verify")
    rebuilt = tollbook(gateway.data_dir, "rebuild")

    assert verified.returncode == 0, verified.stderr
    assert " 0 violations" in verified.stdout
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "different" not in rebuilt.stdout


def test_the_database_url_leads_to_the_log(gateway: GatewayProcess) -> None:
    url = tollbook(gateway.data_dir, "database-url").stdout.strip()

    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT count(*) FROM ledger_events").fetchone()

    assert row is not None
    assert row[0] > 0


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"TOLLBOOK_PROT": "80"}, "Did you mean TOLLBOOK_PORT"),
        ({"TOLLBOOK_PORT": "many"}, "TOLLBOOK_PORT"),
        ({"TOLLBOOK_HOLD_SECONDS": "5"}, "TOLLBOOK_CALL_DEADLINE_SECONDS"),
        ({"TOLLBOOK_CONFIG": "/nowhere/tollbook.toml"}, "/nowhere/tollbook.toml"),
    ],
)
def test_a_wrong_setting_is_explained_and_ends_with_status_2(
    tmp_path: Path, environ: dict[str, str], told: str
) -> None:
    done = tollbook(tmp_path, "serve", **environ)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def commands(command: Any, *above: str) -> Iterator[list[str]]:
    yield [*above]
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, *above, name)


def test_every_command_has_help() -> None:
    every = [*commands(typer.main.get_command(app))]
    assert len(every) > 40

    for words in every:
        told = CliRunner().invoke(app, [*words, "--help"])
        assert told.exit_code == 0, words
        assert "Usage" in told.stdout


@pytest.mark.parametrize(
    "arguments",
    [["verify"], ["replay", "--at", "1"], ["customers", "list"], ["close", "--month", "2026-01"]],
    ids=lambda arguments: arguments[0],
)
def test_a_database_that_is_not_there_is_told_in_a_line(
    tmp_path: Path, arguments: list[str]
) -> None:
    url = f"postgresql://nobody@/none?host={tmp_path}"

    ended = tollbook(tmp_path, *arguments, TOLLBOOK_DATABASE_URL=url)

    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert ended.stderr.strip().splitlines()[-1]


def test_only_serve_puts_a_catalogues_prices_in_force(tmp_path: Path) -> None:
    data_dir, config = tmp_path / "data", tmp_path / "dearer.toml"
    config.write_text(DEARER)
    said(data_dir, "customers", "create", "Ada", "--config", str(config))
    before = said(data_dir, "prices", "list")
    config.write_text(DEARER.replace("0.15", "99"))

    said(data_dir, "customers", "create", "Eve", "--config", str(config))
    done = tollbook(data_dir, "margins", "--month", "2026-01", TOLLBOOK_CONFIG=str(config))

    assert done.returncode == 0, done.stderr
    assert len(before["items"]) == 1
    assert said(data_dir, "prices", "list") == before


def test_a_negative_correction_is_an_amount_and_no_option(gateway: GatewayProcess) -> None:
    nothing = "req_" + "0" * 32

    done = tollbook(gateway.data_dir, "corrections", "create", nothing, "-5", "a reason")

    assert done.returncode == 1
    assert "not_found" in done.stderr


DEARER = """
[[providers]]
name = "sandbox"
protocol = "sandbox"

[[models]]
id = "m"
kind = "chat"
context_tokens = 1000
max_output_tokens = 100
price = { input = "0.15", output = "0.60" }
[[models.routes]]
provider = "sandbox"
model = "m"
"""
