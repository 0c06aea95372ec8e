"""What is wrong with the prices of a catalogue file, named where it stands."""

import pytest

from api.catalog.file import price_page
from domain.price_page import card_on
from domain.pricing import RateCard
from tests.api.priced_catalog import FLEX, LISTED, NINE, PRICE, TIERS, A, fault, parsed


@pytest.mark.parametrize(
    ("model", "path", "problem"),
    [
        (LISTED + "\ndiscount = 0.6", "models[0].discount", "must be a decimal in quotes"),
        (LISTED + '\ndiscount = "101"', "models[0].discount", "more than a hundred times"),
        (LISTED + '\ndiscount = "-1"', "models[0].discount", "must not be negative"),
        (PRICE + '\ndiscount = "0.5"', "models[0]", "has a discount but no list_price"),
        (
            'above = [{ tokens = 1, price = { input = "1" } }]',
            "models[0]",
            "has terms but no price",
        ),
        ('service_tiers.flex = "0.5"', "models[0]", "has terms but no price"),
        (f"{PRICE}\nabove = [{NINE}, {NINE}]", "models[0].above", "in order of their tokens"),
        (
            PRICE + '\nabove = [{ tokens = 0, price = { input = "1" } }]',
            "models[0].above[0].tokens",
            "greater than or equal to 1",
        ),
        (
            PRICE + "\nabove = [{ tokens = 9, price = {} }]",
            "models[0].above[0].price",
            "names no component",
        ),
        (
            PRICE + '\nservice_tiers.default = "1"',
            f"{TIERS}.default.[key]",
            "is what the price itself is for",
        ),
        (PRICE + '\nservice_tiers.Flex = "1"', f"{TIERS}.Flex.[key]", "should match pattern"),
        (PRICE + "\nservice_tiers.flex = 0.5", f"{TIERS}.flex", "valid dictionary"),
        (PRICE + "\nservice_tiers.flex = {}", f"{TIERS}.flex", "either a multiplier or prices"),
        (
            PRICE + FLEX + '{ multiplier = "1", price = { input = "1" } }',
            f"{TIERS}.flex",
            "either a multiplier or prices",
        ),
        (
            f'{PRICE}{FLEX}{{ multiplier = "1", above = [{NINE}] }}',
            f"{TIERS}.flex",
            "has steps but no prices",
        ),
    ],
)
def test_what_is_wrong_with_a_price_is_named_where_it_stands(
    model: str, path: str, problem: str
) -> None:
    where, found = fault(model)

    assert where == path
    assert problem in found


POOL = '[[pools]]\nname = "{0}"\ndiscount = "0.5"\nmodels = [{1}]\n'
LIST = '[[price_lists]]\nname = "{0}"\n{1}\n'
OWN = '[[price_lists.prices]]\nmodel = "{0}"\n{1}\n'


@pytest.mark.parametrize(
    ("rest", "path", "problem"),
    [
        (POOL.format("p", '"c"'), "pools[0].models[0]", "no model 'c' with a price"),
        (POOL.format("p", '"b", "b"'), "pools[0].models[1]", "'b' is in the pool 'p' already"),
        (
            POOL.format("p", '"b"') + POOL.format("q", '"b"'),
            "pools[1].models[0]",
            "'b' is in the pool 'p' already",
        ),
        (POOL.format("p", '"b"') + POOL.format("p", '"a"'), "pools[1].name", "'p' is there twice"),
        (POOL.format("p", ""), "pools[0].models", "at least 1 item"),
        (LIST.format("g", ""), "price_lists[0]", "neither a discount nor prices"),
        (LIST.format("g", 'discount = "1"') * 2, "price_lists[1].name", "'g' is there twice"),
        (
            LIST.format("g", 'discount = "1"\nmodels = ["c"]'),
            "price_lists[0].models[0]",
            "no model 'c' with a price",
        ),
        (
            LIST.format("g", 'models = ["b"]') + OWN.format("b", PRICE),
            "price_lists[0]",
            "names models but no discount",
        ),
        (
            LIST.format("g", "") + OWN.format("c", PRICE),
            "price_lists[0].prices[0].model",
            "no model 'c' with a price",
        ),
        (
            LIST.format("g", "") + OWN.format("b", PRICE) * 2,
            "price_lists[0].prices[1].model",
            "'b' is there twice",
        ),
        (
            LIST.format("g", "") + OWN.format("b", ""),
            "price_lists[0].prices[0]",
            "needs a price, or a discount",
        ),
        (
            LIST.format("g", "") + OWN.format("b", 'discount = "1"\nservice_tiers.flex = "1"'),
            "price_lists[0].prices[0]",
            "has terms but no price of its own",
        ),
        (
            LIST.format("g", "") + OWN.format("b", 'price = { input = "1" }'),
            "price_lists[0].prices[0]",
            "has no price for output",
        ),
    ],
)
def test_what_is_wrong_with_a_pool_or_a_list_is_named_where_it_stands(
    rest: str, path: str, problem: str
) -> None:
    where, found = fault(rest=rest)

    assert where == path
    assert problem in found


def test_a_model_with_a_discount_of_its_own_is_in_no_pool() -> None:
    listed = LISTED + '\ndiscount = "0.6"'

    assert fault(listed, rest=POOL.format("p", '"a"')) == (
        "pools[0].models[0]", "'a' has a discount of its own",
    )  # fmt: skip


def test_a_list_may_price_a_model_that_has_no_public_price() -> None:
    catalog = parsed("", rest=LIST.format("g", "") + OWN.format("a", PRICE))

    page = price_page(catalog)

    assert "a" not in page["cards"]
    assert card_on(page, "a", "g") == RateCard(A)
    assert fault("", rest=LIST.format("g", "") + OWN.format("a", 'discount = "1"'))[1].startswith(
        "there is no model"
    )
