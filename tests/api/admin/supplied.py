"""An office whose log tells of calls on one day: at two suppliers, retried, unpriced and lost."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from api.catalog.file import parse_catalog
from domain.inference_request import REPORTED
from domain.reserve_call import Reservation
from domain.settle_call import Attempt, Outcome
from tests.api.helpers import Office, office, projecting
from tests.projections.history import History

DAY, NEXT = "2026-11-20", "2026-11-21"
DOLLAR = 1_000_000_000
COLUMNS = "day,model,input_tokens,output_tokens,amount,currency"
CATALOG = """
currency = "USD"
[[providers]]
name = "p"
protocol = "sandbox"
[[providers]]
name = "q"
protocol = "sandbox"
[[models]]
id = "m"
kind = "chat"
context_tokens = 1000
max_output_tokens = 100
price = { input = "1", output = "2" }
[[models.routes]]
provider = "p"
model = "up"
cost = { input = "1", output = "2" }
[[models]]
id = "elsewhere"
kind = "chat"
context_tokens = 1000
max_output_tokens = 100
price = { input = "1", output = "2" }
[[models.routes]]
provider = "q"
model = "up-q"
"""


class Sales(History):
    """Everything costs a thousand times what it does in the shop, so that cents matter."""

    def __init__(self) -> None:
        super().__init__(customers=1)
        self.grant(500 * DOLLAR)
        self.lost: Reservation | None = None

    def sell(self, attempts: tuple[Attempt, ...], **usage: int) -> Reservation:
        held = self.reserve(0, 1_000_000_000)
        outcome = Outcome(1, basis=REPORTED, usage=usage, provider=attempts[-1].provider)
        self.settle(held, outcome, attempts=attempts)
        return held


def attempt(provider: str, outcome: str = "ok", cost: int | None = None) -> Attempt:
    return Attempt(provider, f"up-{provider}" if provider == "q" else "up", outcome, cost, "USD", 5)


def story() -> Sales:
    """What p billed a dollar for was sold for two; what q answered has no cost card.

    One call was lost, and on the next day p is called once more.
    """
    sales = Sales()
    corrected = sales.sell((attempt("p", cost=DOLLAR),), input=1_000_000_000, output=500_000_000)
    sales.correct(corrected, DOLLAR // 2)
    sales.sell((attempt("p", "status_500"), attempt("q")), input=600_000_000)
    sales.lost = sales.reserve(10, 20)
    sales.tick(hours=1)
    sales.sweep(sales.lost)
    sales.tick(days=1)
    sales.sell((attempt("p", cost=DOLLAR // 10),), input=300_000_000)
    return sales


@contextmanager
def supplied(url: str, sales: Sales) -> Iterator[Office]:
    """Open the office on a log that tells this story."""
    sales.store(url)
    with projecting(url), office(url) as clerk:
        clerk.desk.catalog = parse_catalog(CATALOG, {}, file="test").catalog
        yield clerk


def table(*lines: str, columns: str = COLUMNS) -> bytes:
    return "\n".join((columns, *lines)).encode()


def send(clerk: Office, raw: bytes, **query: str) -> Any:
    """Import a file."""
    asked = {"provider": "p", **query}
    return clerk.request("POST", "/admin/v1/supplier-reports", params=asked, content=raw)


def openai_costs(value: str) -> bytes:
    result = {
        "object": "organization.costs.result",
        "amount": {"value": "VALUE", "currency": "usd"},
        "line_item": "up-2026-01-31, input",
    }
    bucket = {
        "object": "bucket",
        "start_time": 1_795_132_800,
        "end_time": 1_795_219_200,
        "results": [result],
    }
    page = {"object": "page", "data": [bucket], "has_more": False}
    return json.dumps(page).replace('"VALUE"', value).encode()
