"""Schemathesis over both documents, on a real process: it reads them as a stranger would.

No answer may be a 5xx or other than its operation's schema, what the document forbids must be
refused, and every refusal is the envelope, for that is what the document says of it. Its examples
are the same every time.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway_process import ADMIN_TOKEN, HTTP, GatewayProcess

SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ensure_resource_availability",
    "use_after_free",
    "unsupported_method",
)
STRICT = (*CHECKS, "negative_data_rejection")
CONFIG = str(Path(__file__).with_name("schemathesis.toml"))
QUICK = ("--phases", "fuzzing,stateful", "-n", "2")
DEEP = ("--phases", "examples,coverage,fuzzing,stateful", "-n", "10")
"""Every boundary value and every wrong method besides, nightly."""
DEPTHS = [pytest.param(QUICK, id="quick"), pytest.param(DEEP, id="deep", marks=pytest.mark.slow)]
ENDING = "^(delete|disable|rotate|update)_api_key$"
"""What may take the caller's own key away, and is asked with another."""


Depth = tuple[str, ...]


@pytest.mark.parametrize("depth", DEPTHS)
def test_customers_operations(gateway: GatewayProcess, tmp_path: Path, depth: Depth) -> None:
    customer = gateway.customer()
    for _ in range(2):
        call(gateway, customer.api_key)

    only = ("--include-path-regex", "^/openapi/", "--exclude-operation-id-regex", ENDING)
    fuzz(gateway, "/openapi.json", customer.api_key, tmp_path, *depth, *only)


@pytest.mark.parametrize("depth", DEPTHS)
def test_operations_on_keys(gateway: GatewayProcess, tmp_path: Path, depth: Depth) -> None:
    only = ("--include-operation-id-regex", ENDING)
    fuzz(gateway, "/openapi.json", gateway.customer().api_key, tmp_path, *depth, *only)


@pytest.mark.parametrize("depth", DEPTHS)
def test_inference_in_broad_strokes(gateway: GatewayProcess, tmp_path: Path, depth: Depth) -> None:
    only = (*depth, "--exclude-path-regex", "^/openapi/")
    fuzz(gateway, "/openapi.json", gateway.customer().api_key, tmp_path, *only, checks=CHECKS)


@pytest.mark.parametrize("depth", DEPTHS)
def test_operators_operations(gateway: GatewayProcess, tmp_path: Path, depth: Depth) -> None:
    fuzz(gateway, "/admin/openapi.json", ADMIN_TOKEN, tmp_path, *depth)


def call(gateway: GatewayProcess, key: str) -> None:
    body = {"model": "sandbox-small", "messages": [{"role": "user", "content": "one two"}]}
    headers = {"Authorization": f"Bearer {key}"}
    assert HTTP.post(f"{gateway.base_url}/chat/completions", json=body, headers=headers).is_success


def fuzz(
    gateway: GatewayProcess,
    document: str,
    secret: str,
    folder: Path,
    *only: str,
    checks: tuple[str, ...] = STRICT,
) -> None:
    command = [
        SCHEMATHESIS, "--config-file", CONFIG, "run", gateway.url + document,
        "-H", f"Authorization: Bearer {secret}",
        "--checks", ",".join(checks), "--generation-deterministic", "--no-shrink", "--no-color",
        "--continue-on-failure", "--request-timeout", "30", *only,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "Tested:" in done.stdout
