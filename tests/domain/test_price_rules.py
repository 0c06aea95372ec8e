from datetime import timedelta
from uuid import UUID

from domain.moment import moment
from domain.price_book import PriceBook
from domain.price_page import Cards, Page, plain_page
from domain.price_rules import rules_at
from domain.pricing import RateCard
from tests.domain.shop import T0

HOUR = timedelta(hours=1)
FIRST: Cards = {"a": {"input": 1}, "b": {"input": 2}}
SECOND: Cards = {"a": {"input": 1}, "b": {"input": 3}}


def book(*published: tuple[int, Cards]) -> PriceBook:
    """A book with versions that take effect so many hours after the start."""
    opened = PriceBook.start(moment(T0), UUID(int=1), currency="USD")
    for hours, cards in published:
        opened.publish(
            moment(T0), plain_page(cards), actor="operator", effective_at=T0 + hours * HOUR
        )
    return opened


def since(opened: PriceBook, hours: int) -> dict[str, int]:
    """Since which hour each model has the price that it has at an hour."""
    rules = rules_at(opened, T0 + hours * HOUR)
    return {rule.model: (rule.since - T0) // HOUR for rule in rules}


def test_an_empty_book_has_no_rules() -> None:
    assert rules_at(book(), T0) == []
    assert rules_at(book((5, FIRST)), T0) == []


def test_a_rule_is_the_card_in_force() -> None:
    opened = book((0, FIRST), (5, SECOND))

    before, after = rules_at(opened, T0 + 4 * HOUR), rules_at(opened, T0 + 5 * HOUR)

    assert [(r.model, r.card.price("input")) for r in before] == [("a", 1), ("b", 2)]
    assert [(r.model, r.card.price("input")) for r in after] == [("a", 1), ("b", 3)]
    assert {r.price_version for r in after} == {opened.version_at(T0 + 5 * HOUR)}
    assert {r.price_version for r in before} != {r.price_version for r in after}


def test_a_price_has_been_so_since_it_last_changed_itself() -> None:
    opened = book((0, FIRST), (5, SECOND), (7, FIRST))

    assert since(opened, 4) == {"a": 0, "b": 0}
    assert since(opened, 6) == {"a": 0, "b": 5}
    assert since(opened, 8) == {"a": 0, "b": 7}


def test_a_model_that_was_gone_for_a_while_begins_anew() -> None:
    opened = book((0, FIRST), (5, {"b": {"input": 2}}), (7, FIRST))

    assert since(opened, 6) == {"b": 0}
    assert since(opened, 8) == {"a": 7, "b": 0}


def test_what_was_replaced_in_the_same_moment_was_never_in_force() -> None:
    opened = book((0, FIRST), (5, SECOND), (5, FIRST))

    assert since(opened, 6) == {"a": 0, "b": 0}


def test_a_customer_on_a_list_is_told_the_prices_of_that_list() -> None:
    opened = book((0, FIRST))
    half = {
        "gold": {"multiplier": [1, 2], "models": ["a"], "cards": {"z": {"input": 9}}, "terms": {}}
    }
    page = Page(cards=FIRST, terms={}, lists=half)
    opened.publish(moment(T0), page, actor="operator", effective_at=T0 + 5 * HOUR)

    before = {r.model: r.card for r in rules_at(opened, T0, "gold")}
    after = {
        r.model: (r.card, (r.since - T0) // HOUR) for r in rules_at(opened, T0 + 5 * HOUR, "gold")
    }

    assert before == {"a": RateCard({"input": 1}), "b": RateCard({"input": 2})}
    assert after == {
        "a": (RateCard({"input": 1}, (1, 2)), 5),
        "b": (RateCard({"input": 2}), 0),
        "z": (RateCard({"input": 9}), 5),
    }
