"""Customers on a price list: what they are held for, charged at and rated again at."""

import pytest

from domain import manage, wallet_events
from domain.correction_batch import rerated_by
from domain.errors import ModelNotFoundError, NotFoundError, UnsupportedParameterError
from domain.inference_request import REPORTED, Charged, Reserved
from domain.price_page import Page
from domain.pricing import RateCard
from domain.quote import Quote
from domain.service_tier import UNEXPECTED, UNTOLD
from domain.settle_call import UNHELD_TOOL, UNPRICED_TOOL, Outcome, SettleCall
from tests.domain.shop import CARDS, MILLION, Shop

LISTS = {
    "gold": {"multiplier": [1, 2], "models": None, "cards": {}, "terms": {}},
    "own": {
        "multiplier": None,
        "models": None,
        "cards": {"secret": {"input": 5 * MILLION, "output": 0}},
        "terms": {},
    },
}
TERMS = {
    "m": {
        "service_tiers": {"flex": {"multiplier": [1, 2]}, "fast": {"multiplier": [3, 1]}},
        "above": [[100, {"input": 4 * MILLION}]],
    }
}
TOOLS = {**CARDS, "m": {**CARDS["m"], "web_search": 10 * MILLION}}


def shop_on(price_list: str | None, funds: int = 10_000) -> Shop:
    shop = Shop(funds=funds)
    shop.publish(TOOLS, terms=TERMS, lists=LISTS)
    put_on(shop, price_list)
    return shop


def put_on(shop: Shop, price_list: str | None) -> str | None:
    command = manage.change_price_list(shop.who.wallet_id, price_list=price_list, actor="operator")
    return shop.do(command)


def served(tier: str | None, usage: dict[str, int]) -> Outcome:
    return Outcome(1, basis=REPORTED, usage=usage, service_tier=tier)


def asking(tier: str | None = None, tokens: int = 10, **extras: int) -> Quote:
    return Quote(tokens, 20, clamps=False, service_tier=tier, extras=extras)


def test_a_customer_on_a_list_is_held_for_and_charged_by_it() -> None:
    shop = shop_on("gold")

    held = shop.reserve(tokens=10, cap=20)
    settled = shop.charge(held, {"input": 10, "output": 5})

    assert (held.amount, settled.amount) == (25, 10)
    assert shop.facts(Reserved)[-1].price_list == "gold"


def test_a_call_in_flight_keeps_the_list_that_it_was_held_at() -> None:
    shop = shop_on("gold")
    held = shop.reserve(tokens=10, cap=20)

    put_on(shop, None)

    assert shop.charge(held, {"input": 10, "output": 5}).amount == 10
    assert shop.reserve(tokens=10, cap=20).amount == 50


def test_a_list_may_price_what_nobody_else_can_call() -> None:
    shop = shop_on(None)
    with pytest.raises(ModelNotFoundError):
        shop.reserve(model="secret")

    put_on(shop, "own")

    assert shop.reserve(tokens=10, model="secret").amount == 50
    assert shop.reserve(tokens=10, cap=20).amount == 50


def test_only_a_list_of_the_prices_in_force_can_be_given() -> None:
    shop = shop_on(None)

    with pytest.raises(NotFoundError, match="price list"):
        put_on(shop, "silver")

    assert shop.wallet.price_list is None
    assert not shop.facts(wallet_events.PriceListChanged)


def test_before_any_price_is_in_force_there_is_no_list() -> None:
    shop = shop_on(None)
    shop.book.schedule.clear()

    with pytest.raises(NotFoundError, match="price list"):
        put_on(shop, "gold")


def test_the_same_list_again_changes_nothing_and_the_public_prices_are_always_there() -> None:
    shop = shop_on("gold")

    answers = [put_on(shop, "gold"), put_on(shop, None), put_on(shop, None)]

    assert answers == ["gold", None, None]
    told = shop.facts(wallet_events.PriceListChanged)
    assert [(fact.price_list, fact.actor) for fact in told] == [
        ("gold", "operator"), (None, "operator"),
    ]  # fmt: skip


def test_a_wallet_comes_back_from_its_snapshot_on_its_list() -> None:
    wallet = shop_on("gold").wallet

    assert wallet.to_state()["price_list"] == "gold"


@pytest.mark.parametrize(
    ("asked", "told", "amount", "rated_at", "flags"),
    [
        (None, None, 20, None, []),
        ("flex", "flex", 10, "flex", []),
        ("flex", None, 10, "flex", [UNTOLD]),
        ("flex", "standard", 20, None, []),
        ("fast", "fast", 60, "fast", []),
        ("fast", "standard", 20, None, []),
        ("fast", None, 20, None, [UNTOLD]),
        (None, "fast", 20, None, [UNEXPECTED]),
        ("flex", "turbo", 10, "flex", [UNEXPECTED]),
    ],
)
def test_a_call_is_charged_at_the_tier_that_served_it(
    asked: str | None, told: str | None, amount: int, rated_at: str | None, flags: list[str]
) -> None:
    shop = shop_on(None)
    held = shop.reserve(quote=asking(asked))

    settled = shop.settle(held, served(told, {"input": 10, "output": 5}))

    (charged,) = shop.facts(Charged)
    assert settled.amount == amount
    assert (charged.service_tier, charged.flags) == (rated_at, flags)
    assert shop.request(held).service_tier == rated_at
    assert held.amount == (150 if asked == "fast" else 50)


def test_a_tier_without_a_price_is_refused_before_anything_is_held() -> None:
    shop = shop_on(None)

    with pytest.raises(UnsupportedParameterError, match="service_tier"):
        shop.reserve(quote=asking("turbo"))

    assert shop.wallet.reserved == 0


def test_tools_are_held_for_and_charged_by_the_request() -> None:
    shop = shop_on(None)

    held = shop.reserve(quote=asking(web_search=3, web_fetch=0))
    settled = shop.settle(held, served(None, {"input": 10, "output": 5, "web_search": 2}))

    assert (held.amount, settled.amount) == (80, 40)
    assert shop.facts(Reserved)[-1].extras == {"web_search": 3}
    assert shop.facts(Charged)[0].flags == []


def test_a_tool_without_a_price_is_refused_if_it_may_be_used_and_flagged_if_it_was() -> None:
    shop = shop_on(None)
    with pytest.raises(UnsupportedParameterError, match="file_search"):
        shop.reserve(quote=asking(file_search=1))

    settled = shop.settle(shop.reserve(), served(None, {"input": 10, "file_search": 1}))

    assert settled.amount == 10
    assert shop.facts(Charged)[0].flags == [UNPRICED_TOOL]


@pytest.mark.parametrize(
    ("asked", "used", "amount", "flags"),
    [(3, 3, 40, []), (3, 50, 40, [UNHELD_TOOL]), (0, 7, 10, [UNHELD_TOOL])],
)
def test_tools_are_charged_as_often_as_was_asked_and_held_for(
    asked: int, used: int, amount: int, flags: list[str]
) -> None:
    shop = shop_on(None)
    held = shop.reserve(quote=asking(web_search=asked))

    settled = shop.settle(held, served(None, {"input": 10, "web_search": used}))

    assert settled.amount == amount <= held.amount
    assert shop.facts(Charged)[0].flags == flags
    assert settled.usage.counters.get("web_search", 0) == min(asked, used)


def test_of_several_models_those_with_a_price_for_all_of_it_may_answer() -> None:
    shop = shop_on(None)

    held = shop.reserve(quote=asking("flex"), model="free", others=("m",))

    assert [found.candidate.model.id for found in held.kept] == ["m"]
    with pytest.raises(UnsupportedParameterError):
        shop.reserve(quote=asking("turbo"), model="free", others=("m",))


def test_a_large_prompt_is_held_and_charged_by_its_step() -> None:
    shop = shop_on("gold")

    held = shop.reserve(tokens=101, cap=0)
    settled = shop.charge(held, {"input": 101})

    assert (held.amount, settled.amount) == (202, 202)


def test_a_settling_tells_the_tier_through_the_spool() -> None:
    shop = shop_on(None)
    held = shop.reserve(quote=asking("flex"))
    command = SettleCall(held.request_id, held.identity, served("flex", {"input": 10}))

    again = SettleCall.from_json(command.to_json())

    assert again == command
    assert shop.do(again).amount == 5


def test_a_call_is_rated_again_on_its_list_and_at_its_tier() -> None:
    shop = shop_on("gold")
    held = shop.reserve(quote=asking("flex"))
    shop.settle(held, served("flex", {"input": 100, "output": 20}))
    dearer = {**TOOLS, "m": {"input": 2 * MILLION, "output": 4 * MILLION}}
    tiered = Page(cards=dearer, terms={"m": TERMS["m"]}, lists=LISTS)
    plain = Page(cards=dearer, terms={}, lists=LISTS)

    versions = [shop.do(manage.draft_prices(0, page, actor="operator")) for page in (tiered, plain)]

    request = shop.request(held)
    assert request.total == 35
    # Without the tier it is the list's price of the standard one.
    assert [rerated_by(request, shop.book, version) for version in versions] == [-35, -105]


def test_a_version_without_the_customers_list_changes_nothing() -> None:
    shop = shop_on("gold")
    held = shop.reserve()
    shop.charge(held, {"input": 100, "output": 20})
    cheaper = {"m": {"input": MILLION * 9 // 10, "output": MILLION}}

    version = shop.do(manage.draft_prices(0, Page(cards=cheaper, terms={}, lists={}), actor="o"))

    assert rerated_by(shop.request(held), shop.book, version) == 0


def test_the_book_knows_a_card_for_each_list() -> None:
    shop = shop_on(None)
    version = shop.book.version_at(shop.now)
    assert version is not None

    cards = [shop.book.card(version, "free", name) for name in (None, "gold", None)]

    assert cards == [RateCard(CARDS["free"]), RateCard(CARDS["free"], (1, 2)), cards[0]]
    assert shop.book.lists_at(shop.now) == ["gold", "own"]
