"""No customer is told what a supplier bills, how it is reached, or who works for the operator."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.catalog.file import read_catalog
from domain import manage
from domain.money import format_amount
from domain.settle_call import Attempt, Outcome
from tests.api.openapi.till import Account, Till, till
from tests.api.openapi.walking import PREFIXES, ROUTES, Route, customer_routes, visit
from tests.projections.history import database

COST = 7_771_234_577
"""Nanos that a supplier bills for each call here."""
CHARGE = 9_000_000_013
SECRETS = (
    "sentinel-upstream",
    "sentinel-endpoint",
    "sk-sentinel",
    "7.7712",
    *(str(n) for n in (COST, CHARGE - COST, CHARGE * 1_000_000 // COST)),
    *(format_amount(n) for n in (COST, CHARGE - COST)),
)
"""A supplier's model, address, credential, cost card, cost, and what is earned on it."""
INTERNAL = ("sentinel-supplier", "sentinel-operator", "5e471e1ba7c4")
"""A provider's name, an actor and a batch: the operator's own words for things."""
PROOF = "/openapi/v1/billing/detail/{request_id}/proof"
"""It shows events as they are stored, or they could not be checked: so they name such things."""
NEVER_NAMED = re.compile(
    "supplier|provider|upstream_model|margin|credential|rule_id|actor|batch|cost_card",
    re.IGNORECASE,
)
"""In no field and no header."""
CATALOG = """
currency = "USD"
[[providers]]
name = "sentinel-supplier"
protocol = "openai"
base_url = "https://sentinel-endpoint.invalid/v1"
api_key_env = "SENTINEL_KEY"
[[models]]
id = "vendor/m"
kind = "chat"
context_tokens = 1000000
max_output_tokens = 1000000
price = { input = "9000.000013", output = "9000.000013" }
[[models.routes]]
provider = "sentinel-supplier"
model = "sentinel-upstream-model"
cost = { input = "7.7712", output = "7.7712" }
"""
ATTEMPT = Attempt("sentinel-supplier", "sentinel-upstream-model", "ok", COST, "USD", 12)


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    file = folder / "tollbook.toml"
    file.write_text(CATALOG)
    configured = read_catalog(file, {"SENTINEL_KEY": "sk-sentinel"})
    with database(server_url) as url, till(url, str(folder), configured, past=1) as opened:
        opened.close(actor="sentinel-operator")
        yield opened


@pytest.fixture(scope="module")
def filled(shop: Till) -> tuple[Account, Mapping[str, str]]:
    """A customer to whom everything has happened, and an id of each kind."""
    account = shop.adopt(shop.veterans[0], 100 * CHARGE)
    failed, held = shop.hold(account, "vendor/m"), shop.hold(account, "vendor/m")
    shop.settle(failed, Outcome(1, reason="upstream_error"), (ATTEMPT,))
    shop.charge(
        held, {"input": 1_000_000}, attempts=(ATTEMPT,), reported={"prompt_tokens": 1_000_000},
        provider="sentinel-supplier",
    )  # fmt: skip
    request_id = f"req_{held.request_id.hex}"
    shop.correct(request_id, 13, actor="sentinel-operator", batch_id="5e471e1ba7c4" + "0" * 20)
    grant = manage.NewGrant(shop.gateway.mint(), 5, "promotional", "sentinel-operator")
    lot = shop.do(manage.grant_credit(account.who.wallet_id, grant))
    shop.do(manage.void_grant(account.who.wallet_id, lot, reason="w", actor="sentinel-operator"))
    shop.seal()
    return account, shop.ids_of(
        account, request_id=request_id, model="vendor/m", model_id="vendor/m"
    )


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_no_answer_holds_what_only_the_operator_may_know(
    shop: Till, filled: tuple[Account, Mapping[str, str]], route: Route
) -> None:
    account, ids = filled

    answers = [
        visit(shop, account, route, lambda name: ids[name]),
        visit(shop, account, route, lambda name: ids[name], surprise="1"),
        visit(shop, account, route, lambda name: "sentinel"),
    ]

    never = SECRETS if route.path == PROOF else SECRETS + INTERNAL
    assert answers[0].is_success, answers[0].text
    for answer in answers:
        told = f"{answer.headers!r}\n{answer.text}"
        assert [secret for secret in never if secret in told] == []
        assert [name for name in names_in(answer) if NEVER_NAMED.search(name)] == []


def test_the_log_does_hold_it(shop: Till, filled: tuple[Account, Mapping[str, str]]) -> None:
    log = shop.log()

    for secret in ("sentinel-supplier", "sentinel-upstream", "sentinel-operator", str(COST)):
        assert secret in log
    assert "5e471e1ba7c4" in log


def test_the_walk_leaves_nothing_out() -> None:
    assert len(ROUTES) > 20
    assert {route.path.split("/")[1] for route in ROUTES} == {p.strip("/") for p in PREFIXES}
    assert customer_routes() == ROUTES


def names_in(answer: httpx.Response) -> set[str]:
    """The name of every header, field and column of an answer."""
    names = set(answer.headers)
    if answer.headers["content-type"] == "application/json":
        return names | fields_of(answer.json())
    return names | set(answer.text.partition("\r\n")[0].split(","))


def fields_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(fields_of, value.values()))
    return set().union(*map(fields_of, value)) if isinstance(value, list) else set()
