"""A catalogue with two models, and places in it to price them."""

import pytest

from api.catalog.file import ConfigError, parse_catalog
from domain.catalog import Catalog
from domain.pricing import RateCard

FILE = """
[[providers]]
name = "near"
protocol = "sandbox"
{provider}
[[models]]
id = "a"
context_tokens = 1000
max_output_tokens = 100
{model}
[[models.routes]]
provider = "near"
model = "a-1"
{route}
[[models]]
id = "b"
context_tokens = 1000
max_output_tokens = 100
price = {{ input = "3", output = "4" }}
[[models.routes]]
provider = "near"
model = "b-1"
{rest}
"""
PRICE = 'price = { input = "1", output = "2" }'
LISTED = f"list_{PRICE}"
NINE = '{ tokens = 9, price = { input = "1" } }'
FLEX = "\nservice_tiers.flex = "
TIERS = "models[0].service_tiers"
A = {"input": 10**9, "output": 2 * 10**9}
B = {"input": 3 * 10**9, "output": 4 * 10**9}


def parsed(model: str = PRICE, *, provider: str = "", route: str = "", rest: str = "") -> Catalog:
    text = FILE.format(model=model, provider=provider, route=route, rest=rest)
    return parse_catalog(text, {}, file="t").catalog


def card_a(model: str = PRICE, **tables: str) -> RateCard:
    return parsed(model, **tables).models["a"].card


def fault(model: str = PRICE, **tables: str) -> tuple[str, str]:
    with pytest.raises(ConfigError) as refused:
        parsed(model, **tables)
    return refused.value.path, refused.value.problem
