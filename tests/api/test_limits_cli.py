"""Limits and the report of estimates from the command line, beside a running gateway."""

import csv
import io
import json
from collections.abc import Iterator

import httpx
import pytest

from tests.api.test_command_line import said, tollbook
from tests.gateway_process import GatewayProcess

NONE = {"requests_per_minute": None, "tokens_per_minute": None, "parallel_calls": None}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("limits")) as running:
        yield running


def test_limits_are_shown_set_and_taken_away(gateway: GatewayProcess) -> None:
    customer = gateway.customer()
    for verb, name in (("customers", customer.customer_id), ("api-keys", customer.api_key_id)):
        words = (verb, "limits", name)
        options = ("--requests-per-minute", "60", "--parallel-calls", "2")
        limits = {**NONE, "requests_per_minute": 60, "parallel_calls": 2}

        assert NONE.items() <= said(gateway.data_dir, *words).items()
        assert limits.items() <= said(gateway.data_dir, *words, *options).items()
        assert limits.items() <= said(gateway.data_dir, *words).items()
        only = said(gateway.data_dir, *words, "--tokens-per-minute", "5")
        assert {**NONE, "tokens_per_minute": 5}.items() <= only.items()
        assert NONE.items() <= said(gateway.data_dir, *words, "--none").items()


def test_none_goes_with_no_limit(gateway: GatewayProcess) -> None:
    done = tollbook(
        gateway.data_dir, "api-keys", "limits", "key_x", "--none", "--parallel-calls", "1"
    )

    assert done.returncode == 2
    assert "--none takes all limits away" in done.stderr


def test_estimates_are_reported_with_todays_margins(gateway: GatewayProcess) -> None:
    customer = gateway.customer()
    body = {"model": "sandbox-small", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"Authorization": f"Bearer {customer.api_key}"}
    for _ in range(3):
        answer = httpx.post(f"{gateway.base_url}/chat/completions", json=body, headers=headers)
        assert answer.status_code == 200, answer.text

    drawn = said(gateway.data_dir, "report", "estimates")
    table = tollbook(gateway.data_dir, "report", "estimates", "--format", "csv").stdout

    (line,) = drawn["items"]
    assert (line["model"], line["calls"], line["margin"]) == ("sandbox-small", 3, "1.35")
    assert float(line["max"]) <= 1
    (row,) = csv.DictReader(io.StringIO(table))
    assert row == {name: str(value) for name, value in line.items()}
    assert json.dumps(drawn["totals"]) == '[{"lines": 1}]'
