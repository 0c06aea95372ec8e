"""Discounts, steps, service tiers, pools and price lists of a catalogue file."""

import pytest

from api.catalog.file import price_page
from domain.price_page import Page, card_on
from domain.pricing import RateCard, ServiceTier, Step
from tests.api.priced_catalog import LISTED, PRICE, A, B, card_a, parsed


def test_plain_prices_make_a_plain_version() -> None:
    assert price_page(parsed()) == Page(cards={"a": A, "b": B}, terms={}, lists={})


@pytest.mark.parametrize(
    ("discount", "share"),
    [("0.60", (3, 5)), ("1", (1, 1)), ("0", (0, 1)), ("1.5", (3, 2)), ("0.333333333", None)],
)
def test_a_discount_is_kept_beside_the_list_price_exactly(
    discount: str, share: tuple[int, int] | None
) -> None:
    listed = f'list_price = {{ input = "1", output = "2" }}\ndiscount = "{discount}"'

    card = card_a(listed)

    assert card == RateCard(A, share or (333_333_333, 10**9))


def test_a_pool_sells_its_models_at_one_share_of_list() -> None:
    catalog = parsed(rest='[[pools]]\nname = "p"\ndiscount = "0.6"\nmodels = ["a", "b"]')

    assert price_page(catalog)["cards"] == {"a": A, "b": B}
    assert price_page(catalog)["terms"] == {
        "a": {"multiplier": [3, 5]},
        "b": {"multiplier": [3, 5]},
    }


def test_steps_and_service_tiers_are_terms_of_the_price() -> None:
    card = card_a(
        PRICE
        + """
        [[models.above]]
        tokens = 200
        price = { input = "5" }
        [[models.above]]
        tokens = 900
        price = { input = "6" }
        [models.service_tiers]
        flex = "0.5"
        fast = { multiplier = "1.75" }
        [models.service_tiers.priority]
        price = { output = "9" }
        above = [{ tokens = 5, price = { output = "10" } }]
        """
    )

    assert card == RateCard(
        A,
        (1, 1),
        (Step(200, {"input": 5 * 10**9}), Step(900, {"input": 6 * 10**9})),
        {
            "flex": ServiceTier((1, 2)),
            "priority": ServiceTier(
                prices={"output": 9 * 10**9}, above=(Step(5, {"output": 10**10}),)
            ),
            "fast": ServiceTier((7, 4)),
        },
    )


def test_a_supplier_bills_its_share_of_list_where_a_route_names_no_cost() -> None:
    shared = parsed(provider='discount = "0.8"', rest='cost = { input = "1", output = "1" }')
    costs = [model.routes[0].cost for model in shared.models.values()]

    assert costs == [RateCard(A, (4, 5)), RateCard({"input": 10**9, "output": 10**9})]
    assert parsed().models["a"].routes[0].cost is None
    assert parsed("", provider='discount = "0.8"').models["a"].routes[0].cost is None


def test_a_suppliers_share_is_of_list_and_not_of_what_customers_pay() -> None:
    listed = LISTED + '\ndiscount = "0.6"\nservice_tiers.flex = "0.5"'

    cost = parsed(listed, provider='discount = "0.8"').models["a"].routes[0].cost

    assert cost == RateCard(A, (4, 5), tiers={"flex": ServiceTier((1, 2))})


def test_a_price_list_has_a_share_of_list_and_prices_of_its_own() -> None:
    catalog = parsed(
        PRICE + '\nabove = [{ tokens = 9, price = { input = "7" } }]',
        rest="""
        [[pools]]
        name = "p"
        discount = "0.6"
        models = ["a"]
        [[price_lists]]
        name = "gold"
        discount = "0.9"
        [[price_lists.prices]]
        model = "b"
        price = { input = "1", output = "1" }
        service_tiers.flex = "0.5"
        [[price_lists]]
        name = "silver"
        discount = "0.95"
        models = ["b"]
        [[price_lists.prices]]
        model = "a"
        discount = "0.5"
        """,
    )
    page = price_page(catalog)

    step = (Step(9, {"input": 7 * 10**9}),)
    own = RateCard({"input": 10**9, "output": 10**9}, tiers={"flex": ServiceTier((1, 2))})
    assert [card_on(page, name) for name in "ab"] == [RateCard(A, (3, 5), step), RateCard(B)]
    assert [card_on(page, name, "gold") for name in "ab"] == [RateCard(A, (9, 10), step), own]
    assert [card_on(page, name, "silver") for name in "ab"] == [
        RateCard(A, (1, 2), step), RateCard(B, (19, 20)),
    ]  # fmt: skip
