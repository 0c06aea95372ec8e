"""What a catalogue file says about routing: aliases, capabilities, weights and regions."""

from typing import get_args

import pytest

from api.catalog.fields import Capability
from api.catalog.file import ConfigError, default_catalog, parse_catalog
from domain.catalog import BALANCED, CAPABILITIES, CHAT, CHEAPEST, Catalog

HEAD = """
[[providers]]
name = "one"
protocol = "sandbox"
region = "eu"
[[providers]]
name = "two"
protocol = "sandbox"
"""


def model(model_id: str, more: str = "", routes: str = "", price: bool = True) -> str:
    prices = 'price = { input = "1", output = "2" }' if price else ""
    return f"""
[[models]]
id = "{model_id}"
context_tokens = 1000
max_output_tokens = 100
{prices}
{more}
{routes or route("one")}
"""


def route(provider: str, more: str = "") -> str:
    return f"""
[[models.routes]]
provider = "{provider}"
model = "m"
{more}
"""


def alias(lines: str) -> str:
    return f"[[aliases]]\n{lines}\n"


VECTORS = """
[[models]]
id = "vectors"
kind = "embeddings"
context_tokens = 1000
price = { input = "1" }
""" + route("one")


def catalog(*parts: str) -> Catalog:
    return parse_catalog(HEAD + "".join(parts), {}, file="f").catalog


def test_an_alias_names_its_models_in_order_and_is_balanced_unless_it_says_otherwise() -> None:
    found = catalog(
        model("a"),
        model("b"),
        alias('id = "x"\nmodels = ["b", "a"]'),
        alias('id = "y"\nmodels = ["a"]\nstrategy = "cheapest"'),
    )

    assert [m.id for m in found.choose("x", {CHAT}).models] == ["b", "a"]
    assert (found.aliases["x"].strategy, found.aliases["y"].strategy) == (BALANCED, CHEAPEST)


def test_an_alias_of_a_tier_has_its_priced_models_of_one_kind() -> None:
    found = catalog(
        model("a", 'tier = "premium"'),
        model("b"),
        model("c", 'tier = "premium"', price=False),
        VECTORS,
        alias('id = "x"\ntier = "premium"'),
        alias('id = "y"\ntier = "standard"\nkind = "embeddings"'),
    )

    assert (found.aliases["x"].models, found.aliases["y"].models) == (("a",), ("vectors",))


def test_capabilities_are_those_that_are_listed_and_unknown_if_left_out() -> None:
    found = catalog(
        model("a", 'capabilities = ["tools", "images"]'), model("b", "capabilities = []")
    )

    assert found.models["a"].capabilities == {"tools", "images"}
    assert found.models["b"].capabilities == frozenset()
    assert catalog(model("a")).models["a"].capabilities is None
    assert get_args(Capability) == CAPABILITIES


def test_a_route_is_in_its_own_region_or_its_providers() -> None:
    routes = route("one") + route("two") + route("two", 'region = "us"').replace('"m"', '"n"')

    found = catalog(model("a", routes=routes)).models["a"].routes

    assert [r.region for r in found] == ["eu", None, "us"]


def test_a_route_has_the_weight_that_it_is_given() -> None:
    routes = route("one", "weight = 3") + route("two", "weight = 0")

    assert [r.weight for r in catalog(model("a", routes=routes)).models["a"].routes] == [3, 0]
    assert [r.weight for r in catalog(model("a")).models["a"].routes] == [None]


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        (alias('id = "a"\nmodels = ["a"]'), "aliases[0].id", "'a' has a meaning already"),
        (alias('id = "auto"\nmodels = ["a"]'), "aliases[0].id", "'auto' has a meaning already"),
        (alias('id = "x"\nmodels = ["a"]') * 2, "aliases[1].id", "'x' has a meaning already"),
        (alias('id = "x"\nmodels = ["a", "z"]'), "aliases[0].models[1]", "there is no model 'z'"),
        (alias('id = "x"\nmodels = ["a", "a"]'), "aliases[0].models[1]", "'a' is there twice"),
        (VECTORS + alias('id = "x"\nmodels = ["a", "vectors"]'), "aliases[0].models", "kinds"),
        (alias('id = "x"\ntier = "gold"'), "aliases[0].tier", "no chat model with a price"),
        (alias('id = "x"'), "aliases[0]", "either its models or a tier"),
        (alias('id = "x"\nmodels = ["a"]\ntier = "standard"'), "aliases[0]", "either"),
        (alias('id = "x"\nmodels = ["a"]\nkind = "chat"'), "aliases[0]", "has a kind"),
        (alias('id = "x"\nmodels = []'), "aliases[0].models", "at least 1"),
        (alias('id = "x"\nmodels = ["a"]\nstrategy = "best"'), "aliases[0].strategy", "Input"),
        (alias('id = "x"\nmodels = ["a"]\nweight = 1'), "aliases[0].weight", "unknown key"),
        (model("b", 'capabilities = ["magic"]'), "models[1].capabilities[0]", "Input"),
        (model("b", routes=route("one", "weight = -1")), "models[1].routes[0].weight", "greater"),
        (model("b", routes=route("one", "weight = 0")), "models[1]", "no route with a weight"),
        (
            model("b", routes=route("one", "weight = 1") + route("two")),
            "models[1]",
            "with a weight and routes without one",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_about_routing_is_named_by_its_path(
    text: str, path: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        catalog(model("a"), text)

    assert raised.value.path == path
    assert problem in raised.value.problem


def test_a_start_without_a_file_has_a_balanced_alias_for_chat() -> None:
    choice = default_catalog().catalog.choose("auto-chat-balanced", {CHAT})

    assert choice.strategy == BALANCED
    assert [found.id for found in choice.models] == [
        "sandbox-small",
        "sandbox-large",
        "sandbox/echo",
    ]
