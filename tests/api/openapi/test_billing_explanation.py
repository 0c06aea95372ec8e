"""One charge explained: every line adds up to the amount, to the nano, and says why."""

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest

from api.catalog.file import Configured, read_catalog
from domain import manage
from domain.inference_request import ESTIMATED
from domain.price_page import plain_page
from domain.settle_call import Outcome
from tests.api.helpers import data, refused
from tests.api.openapi.till import Account, Till, till
from tests.projections.history import database

CATALOG = """
currency = "USD"
[[providers]]
name = "sandbox"
protocol = "sandbox"
[[models]]
id = "vendor/m"
kind = "chat"
context_tokens = 1000
max_output_tokens = 1000
price = { input = "0.0035", cached_input = "0.0005", output = "0.0105", request = "2" }
[[models.routes]]
provider = "sandbox"
model = "m"
"""
NANO = Decimal("0.000000001")


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder: Path = tmp_path_factory.mktemp("till")
    file = folder / "tollbook.toml"
    file.write_text(CATALOG)
    configured: Configured = read_catalog(file, {})
    with database(server_url) as url, till(url, str(folder), configured) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(shop: Till) -> Account:
    return shop.account()


def explained(shop: Till, account: Account, request_id: str) -> dict[str, Any]:
    return data(shop.get(account, f"/billing/detail/{request_id}"))


def call(shop: Till, account: Account, **usage: int) -> str:
    return shop.call(account, usage, model="vendor/m")


def test_each_line_is_a_bucket_times_its_price_and_only_the_sum_is_rounded(
    shop: Till, customer: Account
) -> None:
    request_id = call(shop, customer, input=7, cached_input=3, reasoning=5, output=2)

    shown = explained(shop, customer, request_id)

    explanation = shown["explanation"]
    lines = {line["component"]: line for line in explanation["lines"]}
    assert {name: line["quantity"] for name, line in lines.items()} == {
        "input": 7, "cached_input": 3, "reasoning": 5, "output": 2, "request": 1,
    }  # fmt: skip
    assert lines["reasoning"]["priced_as"] == "output"
    assert lines["input"]["priced_as"] == "input"
    for line in lines.values():
        exact = Decimal(line["price"]) * line["quantity"] / explanation["price_units"]
        assert Decimal(line["amount"]) == exact
    total = sum(Decimal(line["amount"]) for line in lines.values())
    assert Decimal(explanation["sum"]) == total == Decimal("0.0000020995")
    assert Decimal(explanation["rounded"]) == total.quantize(NANO, ROUND_HALF_EVEN)
    assert explanation["recomputed"] == shown["amount"] == "0.0000021"
    assert explanation["limited_to_hold"] is False


def test_a_tie_goes_to_the_even_nano(shop: Till, customer: Account) -> None:
    free_of_fee = {"input": 1, "cached_input": 2}  # 3.5 + 1.0 nanos, and the fee's 2000

    explanation = explained(shop, customer, call(shop, customer, **free_of_fee))["explanation"]

    assert explanation["sum"] == "0.0000020045"
    assert explanation["recomputed"] == "0.000002004"


def test_the_hold_is_recomputed_too_and_rounded_up(shop: Till, customer: Account) -> None:
    shown = explained(shop, customer, call(shop, customer, input=1))

    held = shown["held_for"]
    assert (held["input_tokens"], held["output_cap"], held["choices"]) == (100, 200, 1)
    assert held["recomputed"] == shown["hold"] == "0.00000445"


def test_an_estimate_never_exceeds_its_hold(shop: Till, customer: Account) -> None:
    held = shop.hold(customer, "vendor/m", tokens=1, cap=1)
    shop.charge(held, {"input": 900}, basis=ESTIMATED)

    shown = explained(shop, customer, f"req_{held.request_id.hex}")

    assert shown["explanation"]["limited_to_hold"] is True
    assert shown["explanation"]["recomputed"] == shown["amount"] == shown["hold"]
    assert shown["flags"] == ["capped_at_hold"]
    assert shown["basis"] == "estimated"


def test_what_was_absorbed_is_shown_and_not_paid(shop: Till) -> None:
    poor = shop.account(2_100)
    held = shop.hold(poor, "vendor/m", tokens=10, cap=1)
    shop.charge(held, {"input": 500})

    shown = explained(shop, poor, f"req_{held.request_id.hex}")

    assert shown["amount"] == shown["explanation"]["recomputed"] == "0.0000021"
    assert shown["absorbed"] == shown["explanation"]["absorbed"] == "0.00000165"
    assert shown["explanation"]["rounded"] == "0.00000375"


def test_prices_published_since_change_nothing(shop: Till, customer: Account) -> None:
    request_id = call(shop, customer, input=40)
    before = explained(shop, customer, request_id)
    cards = {"vendor/m": {"input": 9, "output": 9}}
    old = shop.gateway.catalog.models["vendor/m"].prices
    shop.do(manage.publish_prices(0, plain_page(cards), currency="USD", actor="test"))

    assert explained(shop, customer, request_id) == before
    shop.do(
        manage.publish_prices(0, plain_page({"vendor/m": dict(old)}), currency="USD", actor="test")
    )


def test_corrections_follow_each_with_its_month(shop: Till, customer: Account) -> None:
    request_id = call(shop, customer, input=7)
    shop.correct(request_id, 5)
    shop.correct(request_id, -2)

    shown = explained(shop, customer, request_id)

    assert [(c["amount"], c["period"]) for c in shown["corrections"]] == [
        ("0.000000005", shown["period"]),
        ("-0.000000002", shown["period"]),
    ]
    assert shown["corrections"][-1]["total"] == shown["total"]
    assert all(c["correction_id"].startswith("cor_") for c in shown["corrections"])
    assert shown["explanation"]["recomputed"] == shown["amount"]


def test_what_was_not_charged_has_nothing_to_explain(shop: Till, customer: Account) -> None:
    open_call, released = (shop.hold(customer, "vendor/m") for _ in range(2))
    shop.settle(released, Outcome(1, reason="upstream_error"))

    for held, status in ((open_call, "reserved"), (released, "released")):
        shown = explained(shop, customer, f"req_{held.request_id.hex}")
        assert (shown["status"], shown["explanation"]) == (status, None)
        assert (shown["amount"], shown["corrections"]) == ("0.00", [])


def test_its_links_lead_somewhere(shop: Till, customer: Account) -> None:
    shown = explained(shop, customer, call(shop, customer, input=7))

    for name in ("transactions", "rule"):
        answer = shop.request("GET", shown["links"][name], customer.secret)
        assert answer.status_code == 200, answer.text
    assert shown["links"]["statement"].endswith(f"month={shown['period']}")


def test_what_is_no_call_of_the_callers_is_not_found(shop: Till, customer: Account) -> None:
    theirs = call(shop, shop.account(), input=1)

    for request_id in (theirs, "req_" + "0" * 32, "nonsense"):
        answer = shop.get(customer, f"/billing/detail/{request_id}")
        assert refused(answer) == (404, "not_found")
