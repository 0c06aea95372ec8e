"""The reference as it is served: whole, from here alone, and with a first call that works."""

import html
import json
import re
import subprocess
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.gateway_process import ADMIN_TOKEN, HTTP, GatewayProcess

STEP = re.compile(r'<pre data-step="(\w+)">(.*?)</pre>', re.DOTALL)
LOADED = re.compile(r'(?:src|href)="([^"]*)"')
OUTSIDE = re.compile(r"https?://(?!127\.0\.0\.1)")


def test_the_document_is_served_to_anyone_and_names_this_version(gateway: GatewayProcess) -> None:
    document = HTTP.get(f"{gateway.url}/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/"}]
    assert "/openapi/v1/balance" in document["paths"]
    assert not [path for path in document["paths"] if path.startswith("/admin")]
    assert "balance.alert" in document["webhooks"]


def test_the_operators_document_needs_the_token(gateway: GatewayProcess) -> None:
    url = f"{gateway.url}/admin/openapi.json"

    refused = HTTP.get(url)
    shown = HTTP.get(url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})

    assert (refused.status_code, refused.json()["success"]) == (401, False)
    assert all(path.startswith("/admin/") for path in shown.json()["paths"])


def test_the_page_fetches_nothing_from_outside(gateway: GatewayProcess) -> None:
    page = HTTP.get(f"{gateway.url}/docs")
    policy = page.headers["content-security-policy"]
    loaded = {urljoin(f"{gateway.url}/docs", path) for path in LOADED.findall(page.text)}
    loaded -= {f"{gateway.url}/openapi.json"}

    assert OUTSIDE.findall(page.text) == []
    assert policy.startswith("default-src 'none'")
    assert not OUTSIDE.search(policy)
    assert len(loaded) == 3
    for address in loaded:
        answer = HTTP.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/")
    assert "validatorUrl" in HTTP.get(f"{gateway.url}/docs/start.js").text
    assert HTTP.get(f"{gateway.url}/docs/../app.py").status_code == 404
    assert HTTP.get(f"{gateway.url}/docs/nothing.js").status_code == 404


def test_behind_a_prefix_the_page_finds_all_of_its_own(gateway: GatewayProcess) -> None:
    page, script = (HTTP.get(f"{gateway.url}/docs{name}").text for name in ("", "/start.js"))
    (document,) = re.findall(r'\burl: "([^"]*)"', script)

    found = {urljoin("https://host/llm/docs", path) for path in [*LOADED.findall(page), document]}

    assert found == {
        f"https://host/llm/{name}"
        for name in (
            "openapi.json", "docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "docs/start.js",
        )
    }  # fmt: skip


def test_a_strange_host_is_not_written_into_the_page(gateway: GatewayProcess) -> None:
    page = HTTP.get(f"{gateway.url}/docs", headers={"Host": "a$(id)"})

    assert "$(id)" not in page.text


@pytest.fixture(scope="module")
def steps(gateway: GatewayProcess) -> dict[str, str]:
    found = STEP.findall(HTTP.get(f"{gateway.url}/docs").text)
    return {name: html.unescape(command) for name, command in found}


def test_the_first_call_works_by_copy_and_paste(
    gateway: GatewayProcess, steps: dict[str, str]
) -> None:
    key = gateway.customer().api_key
    export = steps.pop("key").replace("tb_…", key)

    said = {name: run(f"{export}\n{command}") for name, command in steps.items()}

    assert [*said] == ["models", "chat", "balance", "detail"]
    assert said["models"]["data"][0]["object"] == "model"
    assert said["chat"]["choices"][0]["message"]["content"]
    assert said["balance"]["data"]["reserved"] == "0.00"
    assert said["detail"]["data"]["items"][0]["status"] == "charged"


def run(command: str) -> Any:
    done = subprocess.run(
        ["bash", "-euc", command], capture_output=True, text=True, check=True, timeout=30
    )
    return json.loads(done.stdout)
