"""A payment's words in any order, each any number of times, end in the same books."""

from collections import Counter
from collections.abc import Callable
from itertools import accumulate

from hypothesis import given, strategies as st

from domain import payment_events as facts, wallet_events
from domain.payment import REFUND_FAILED
from projections.exports.journal.entries import Entry
from tests.domain.payments import PaidShop
from tests.projections.exports.told import entries_of

PAID = 1_000

Word = Callable[[PaidShop], object]


def _refunded(amount: int, refund_id: str | None) -> Word:
    return lambda shop: shop.refund(amount, refund_id)


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[Word], int]:
    """What a provider may say of one payment and its refunds, shuffled and repeated."""
    refunds = draw(st.lists(st.integers(1, 200), max_size=5))
    words: list[Word] = [
        lambda shop: shop.pay(PAID),
        lambda shop: shop.pay(PAID, known=False),
        *(_refunded(amount, f"re_{number}") for number, amount in enumerate(refunds)),
        *(_refunded(told, None) for told in accumulate(refunds)),
    ]
    again = draw(st.lists(st.sampled_from(words), max_size=10))
    return draw(st.permutations([*words, *again])), sum(refunds)


@given(tellings())
def test_the_order_and_the_number_of_words_make_no_difference(
    telling: tuple[list[Word], int],
) -> None:
    words, refunded = telling
    shop = PaidShop()

    for word in words:
        word(shop)

    assert (shop.payment.refunded, shop.payment.voided) == (refunded, refunded)
    assert (shop.payment.shortfall, shop.payment.questions) == (0, [])
    assert shop.wallet.available == shop.unused == PAID - refunded
    assert len(shop.facts(wallet_events.Granted)) == len(shop.facts(facts.Applied)) == 1
    told = sum(fact.amount for fact in shop.facts(facts.Refunded))
    assert told == refunded


@given(tellings(), st.lists(st.tuples(st.integers(0, 30), st.integers(1, 300)), max_size=4))
def test_no_refund_takes_more_than_is_there_or_less_than_it_could(
    telling: tuple[list[Word], int], spending: list[tuple[int, int]]
) -> None:
    words, refunded = telling
    shop = PaidShop()
    spent = 0

    for index, word in enumerate(words):
        word(shop)
        for place, amount in spending:
            if place == index and shop.wallet.available >= 2 * amount:
                shop.spend(2 * amount)
                spent += 2 * amount

    payment = shop.payment
    assert payment.voided + payment.shortfall == refunded
    assert shop.wallet.available == PAID - spent - payment.voided >= 0
    assert payment.shortfall == 0 or shop.unused == 0


def _failed(amount: int, refund_id: str) -> Word:
    return lambda shop: shop.question(REFUND_FAILED, refund_id, amount)


@st.composite
def failing_tellings(draw: st.DrawFn) -> tuple[list[Word], int, int]:
    """As above, but some refunds fail: sums have them until Stripe takes them out, or not yet."""
    refunds = draw(st.lists(st.tuples(st.integers(1, 200), st.booleans()), min_size=1, max_size=5))
    good = [amount for amount, fails in refunds if not fails]
    words: list[Word] = [
        lambda shop: shop.pay(PAID),
        *(_refunded(amount, f"re_{number}") for number, (amount, _) in enumerate(refunds)),
        *(_refunded(told, None) for told in accumulate(amount for amount, _ in refunds)),
        *(_refunded(told, None) for told in accumulate(good)),
        *(_failed(amount, f"re_{n}") for n, (amount, fails) in enumerate(refunds) if fails),
    ]
    again = draw(st.lists(st.sampled_from(words), max_size=10))
    everything = sum(amount for amount, _ in refunds)
    return draw(st.permutations([*words, *again])), sum(good), everything


@given(failing_tellings())
def test_what_failed_counts_no_more_in_whatever_order_and_cash_is_the_providers_balance(
    telling: tuple[list[Word], int, int],
) -> None:
    words, refunded, ever = telling
    shop = PaidShop()

    for word in words:
        word(shop)

    payment = shop.payment
    assert payment.refunded == refunded <= payment.voided <= ever
    assert shop.wallet.available == PAID - payment.voided
    booked: Counter[str] = Counter()
    for entry in entries_of(shop.ledger.facts):
        if isinstance(entry, Entry):
            booked.update(dict(entry.postings))
    assert booked["Assets:Cash:Stripe"] == PAID - refunded


def test_a_repeated_refund_of_a_later_payment_is_no_refund_of_this_one() -> None:
    shop = PaidShop()
    shop.pay(PAID)
    shop.pay(PAID, reference="pi_2")

    shop.refund(100, "re_1", reference="pi_2")
    shop.refund(100, "re_1", reference="pi_2")

    assert (shop.payment.refunded, shop.wallet.available) == (0, 2 * PAID - 100)
