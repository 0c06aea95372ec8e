"""Re-rating: what other prices would have made of a call, as a linked correction."""

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from domain import manage
from domain.correction_batch import (
    Completed,
    Concerned,
    CorrectionBatch,
    complete_batch,
    open_batch,
    rerate_call,
    rerated_by,
)
from domain.errors import ConflictError, NotFoundError
from domain.inference_request import ESTIMATED
from domain.price_page import Cards, plain_page
from domain.pricing import RateCard, rate
from domain.reserve_call import Reservation
from domain.usage import exclusive
from domain.wallet_events import Corrected
from tests.domain.shop import CARDS, MILLION, Shop

CHEAP: Cards = {**CARDS, "m": {"input": MILLION, "output": MILLION}}
DEAR: Cards = {**CARDS, "m": {"input": 3 * MILLION, "output": 2 * MILLION}}


@pytest.fixture
def shop() -> Shop:
    return Shop(funds=1_000)


def draft(shop: Shop, cards: Cards) -> str:
    return shop.do(manage.draft_prices(0, plain_page(cards), actor="operator"))


def announce(shop: Shop, version: str, **changes: object) -> UUID:
    batch_id = shop.mint()
    facts = {
        "upto": 9,
        "count": 1,
        "amount": 20,
        "reason_hash": "hash",
        "actor": "operator",
        **changes,
    }
    shop.do(open_batch(batch_id, price_version=version, selector={"model": "m"}, **facts))
    return batch_id


def rerate(shop: Shop, held: Reservation, batch_id: UUID) -> int:
    who = held.identity
    call = Concerned(held.request_id, who.wallet_id, who.key_id)
    return shop.do(rerate_call(call, batch_id, shop.mint()))


def charged(shop: Shop, **usage: int) -> Reservation:
    held = shop.reserve()
    shop.charge(held, usage or {"input": 10, "output": 20})
    return held


def test_a_call_comes_to_what_the_other_prices_say(shop: Shop) -> None:
    held = charged(shop)
    batch_id = announce(shop, draft(shop, CHEAP))

    assert rerate(shop, held, batch_id) == 20
    (fact,) = shop.facts(Corrected)
    assert (shop.request(held).total, shop.wallet.available) == (30, 970)
    assert (fact.amount, fact.batch_id) == (20, batch_id.hex)


def test_re_rating_again_changes_nothing(shop: Shop) -> None:
    held = charged(shop)
    batch_id = announce(shop, draft(shop, CHEAP))
    rerate(shop, held, batch_id)

    assert rerate(shop, held, batch_id) == 0
    assert len(shop.facts(Corrected)) == 1


def test_a_second_re_rating_goes_on_from_the_first(shop: Shop) -> None:
    held = charged(shop)
    rerate(shop, held, announce(shop, draft(shop, CHEAP)))

    assert rerate(shop, held, announce(shop, draft(shop, DEAR))) == -40
    assert shop.request(held).total == 70


def test_goodwill_given_before_is_kept(shop: Shop) -> None:
    held = charged(shop)
    shop.correct(held, 5)

    rerate(shop, held, announce(shop, draft(shop, CHEAP)))

    assert shop.request(held).total == 25


def test_to_another_price_and_back_leaves_what_was_there() -> None:
    shop = Shop(funds=1_000)
    held = charged(shop)
    shop.correct(held, 45)
    there = draft(shop, CHEAP)
    back = shop.request(held).price_version

    rerate(shop, held, announce(shop, there))
    rerate(shop, held, announce(shop, back))

    assert shop.request(held).total == 5


def test_a_completed_batch_corrects_nothing_more(shop: Shop) -> None:
    batch_id = announce(shop, draft(shop, CHEAP))
    shop.do(complete_batch(batch_id, count=1, amount=20))

    assert rerate(shop, charged(shop), batch_id) == 0


def test_no_more_is_given_back_than_is_left(shop: Shop) -> None:
    held = charged(shop)
    shop.correct(held, 45)

    assert rerate(shop, held, announce(shop, draft(shop, CHEAP))) == 5
    assert shop.request(held).total == 0


def test_a_call_that_was_not_charged_is_left_alone(shop: Shop) -> None:
    held = shop.reserve()
    shop.release(held)

    assert rerate(shop, held, announce(shop, draft(shop, CHEAP))) == 0


def test_a_call_whose_model_has_no_price_there_is_left_alone(shop: Shop) -> None:
    held = charged(shop)

    assert rerate(shop, held, announce(shop, draft(shop, {"free": CARDS["free"]}))) == 0


def test_a_counted_charge_stays_within_its_hold(shop: Shop) -> None:
    held = shop.reserve()
    shop.charge(held, {"input": 10, "output": 20}, ESTIMATED)

    assert rerate(shop, held, announce(shop, draft(shop, DEAR))) == 0


def test_what_was_absorbed_is_lessened_before_anything_is_given_back() -> None:
    shop = Shop(funds=60)
    held = charged(shop, input=80)
    half: Cards = {**CARDS, "m": {"input": MILLION // 2, "output": 0}}
    nearly: Cards = {**CARDS, "m": {"input": MILLION * 7 // 8, "output": 0}}

    assert shop.request(held).total == 60
    assert rerate(shop, held, announce(shop, draft(shop, nearly))) == 0
    assert rerate(shop, held, announce(shop, draft(shop, half))) == 20


def test_a_drafted_version_never_comes_into_force(shop: Shop) -> None:
    version = draft(shop, CHEAP)
    before = shop.book.version_at(shop.now)

    assert version not in {before, shop.book.version_at(shop.now.replace(year=9000))}
    assert draft(shop, CHEAP) == version
    assert len([f for f in shop.ledger.facts if f.TOPIC.startswith("price_book.drafted")]) == 1


def test_prices_can_be_drafted_only_in_a_book_that_is_there() -> None:
    with pytest.raises(NotFoundError):
        Shop().do(manage.draft_prices(1, plain_page(CHEAP), actor="operator"))


def test_a_batch_names_a_version_that_is_there_and_at_least_one_call(shop: Shop) -> None:
    with pytest.raises(NotFoundError, match="price version"):
        announce(shop, "pv_none")
    with pytest.raises(ConflictError, match="No call"):
        announce(shop, draft(shop, CHEAP), count=0)


def test_a_batch_ends_once(shop: Shop) -> None:
    batch_id = announce(shop, draft(shop, CHEAP))
    for _ in range(2):
        shop.do(complete_batch(batch_id, count=1, amount=20))

    assert [(f.count, f.amount) for f in shop.facts(Completed)] == [(1, 20)]
    assert shop.ledger.look(CorrectionBatch, batch_id).completed


@given(st.lists(st.integers(0, 5_000_000), min_size=4, max_size=4), st.integers(0, 300))
def test_every_re_rating_is_the_difference_of_two_rounded_totals(
    prices: list[int], tokens: int
) -> None:
    shop = Shop(funds=1_000_000)
    held = charged(shop, input=tokens, output=7)
    for first, second in (prices[:2], prices[2:]):
        cards: Cards = {**CARDS, "m": {"input": first, "output": second}}
        version = draft(shop, cards)
        expected = rerated_by(shop.request(held), shop.book, version)
        assert rerate(shop, held, announce(shop, version)) == expected
        usage = exclusive(input=tokens, output=7)
        assert shop.request(held).total == rate(usage, RateCard(cards["m"]))
