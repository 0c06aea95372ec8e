from datetime import timedelta

from domain import ids
from domain.price_book import PriceBook, Published
from domain.price_page import Cards, plain_page
from tests.domain.purse import at, clock
from tests.fakes import facts_of, restored

CHEAP: Cards = {"m": {"input": 1}}
DEAR: Cards = {"m": {"input": 2}, "n": {}}


def book() -> PriceBook:
    return PriceBook.start(at(0), ids.price_book_id(0), currency="USD")


def publish(one: PriceBook, cards: Cards, second: int, effective: int | None = None) -> str:
    effective_at = None if effective is None else clock(effective)
    return one.publish(at(second), plain_page(cards), actor="operator", effective_at=effective_at)


def test_an_empty_book_has_no_version_in_force() -> None:
    assert book().version_at(clock(0)) is None


def test_a_version_is_in_force_from_the_instant_it_was_published() -> None:
    one = book()

    cheap = publish(one, CHEAP, 5)

    assert one.version_at(clock(5) - timedelta(microseconds=1)) is None
    assert one.version_at(clock(5)) == cheap


def test_an_older_version_can_still_be_charged_by() -> None:
    one = book()
    cheap, dear = publish(one, CHEAP, 1), publish(one, DEAR, 2)

    cards = [one.card(version, "m") for version in (cheap, dear, cheap)]

    assert [card.price("input") for card in cards if card] == [1, 2, 1]


def test_a_model_or_a_version_without_a_price_has_no_card() -> None:
    one = book()
    cheap = publish(one, CHEAP, 1)

    assert one.card(cheap, "n") is None
    assert one.card("pv_unknown", "m") is None


def test_publishing_what_is_in_force_is_no_fact() -> None:
    one = book()

    assert publish(one, CHEAP, 1) == publish(one, CHEAP, 2)

    assert len(facts_of(Published, one.pending_events)) == 1


def test_an_older_version_can_come_into_force_again() -> None:
    one = book()
    cheap = publish(one, CHEAP, 1)
    dear = publish(one, DEAR, 2)

    publish(one, CHEAP, 3)

    assert [one.version_at(clock(second)) for second in (1, 2, 3)] == [cheap, dear, cheap]


def test_of_two_versions_of_one_instant_the_last_published_counts() -> None:
    one = book()
    publish(one, CHEAP, 1)

    dear = publish(one, DEAR, 1)

    assert one.version_at(clock(1)) == dear


def test_a_version_can_be_announced() -> None:
    one = book()
    cheap = publish(one, CHEAP, 1)

    dear = publish(one, DEAR, 2, effective=9)

    assert [one.version_at(clock(second)) for second in (2, 8, 9)] == [cheap, cheap, dear]


def test_a_version_published_before_an_announced_one_takes_effect_gives_way_to_it() -> None:
    one = book()
    dear = publish(one, DEAR, 1, effective=9)

    cheap = publish(one, CHEAP, 2)

    assert [one.version_at(clock(second)) for second in (1, 2, 9)] == [None, cheap, dear]


def test_no_version_takes_effect_in_the_past() -> None:
    one = book()

    cheap = publish(one, CHEAP, 5, effective=1)

    assert one.version_at(clock(4)) is None
    assert one.version_at(clock(5)) == cheap


def test_a_book_comes_back_from_its_snapshot_as_it_was() -> None:
    one = book()
    cheap = publish(one, CHEAP, 1)
    dear = publish(one, DEAR, 2, effective=9)

    again = restored(one)

    assert [again.version_at(clock(second)) for second in (0, 1, 9)] == [None, cheap, dear]
    assert publish(again, CHEAP, 3) == cheap
    assert len(again.pending_events) == 0
