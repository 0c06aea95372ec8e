"""Limits are facts of keys and customers, and parallel calls are counted under the lock."""

import pytest

from domain import api_key_events, customer
from domain.api_key import ApiKey
from domain.change_limits import change_customer_limits, change_key_limits, look_at_limits
from domain.customer import Customer
from domain.errors import InsufficientBalanceError, NotFoundError
from domain.limits import UNLIMITED, CallLimits, Limits, RateLimitedError
from domain.manage import create_key
from domain.reserve_call import Identity
from tests.domain.shop import HOLD_FOR, Shop
from tests.fakes import restored

SOME = Limits(requests_per_minute=10, tokens_per_minute=2_000, parallel_calls=2)


def limit_key(shop: Shop, limits: Limits) -> None:
    shop.do(change_key_limits(shop.who.key_id, limits, actor="operator"))


def limit_customer(shop: Shop, limits: Limits) -> None:
    shop.do(change_customer_limits(shop.who.customer_id, limits, actor="operator"))


def add_key(shop: Shop) -> Identity:
    """Give the customer another key, and turn to it."""
    first = shop.who
    shop.who = Identity(shop.mint(), shop.mint(), first.wallet_id, first.customer_id)
    shop.do(create_key(first.customer_id, first.wallet_id, shop.new_key()))
    return first


def test_nobody_is_limited_unless_an_operator_says_so() -> None:
    shop = Shop(funds=1_000)

    assert shop.reserve().limits == CallLimits(UNLIMITED, UNLIMITED)
    assert shop.facts(api_key_events.LimitsChanged) == shop.facts(customer.LimitsChanged) == []


def test_limits_are_facts_that_name_who_set_them() -> None:
    shop = Shop(funds=1_000)
    limit_key(shop, SOME)
    limit_customer(shop, Limits(parallel_calls=3))

    (of_key,), (of_customer,) = (
        shop.facts(api_key_events.LimitsChanged),
        shop.facts(customer.LimitsChanged),
    )
    assert (of_key.requests_per_minute, of_key.tokens_per_minute) == (10, 2_000)
    assert (of_key.parallel_calls, of_key.actor) == (2, "operator")
    assert (of_customer.requests_per_minute, of_customer.parallel_calls) == (None, 3)


def test_a_hold_tells_what_limits_the_call_as_of_then() -> None:
    shop = Shop(funds=1_000)
    limit_key(shop, SOME)
    limit_customer(shop, Limits(tokens_per_minute=7))

    assert shop.reserve().limits == CallLimits(SOME, Limits(tokens_per_minute=7))
    limit_key(shop, UNLIMITED)
    assert shop.reserve().limits.key == UNLIMITED


def test_the_same_limits_again_are_no_news() -> None:
    shop = Shop()
    for _ in range(2):
        limit_key(shop, SOME)
        limit_customer(shop, SOME)

    assert len(shop.facts(api_key_events.LimitsChanged)) == 1
    assert len(shop.facts(customer.LimitsChanged)) == 1


def test_a_key_may_be_limited_from_its_creation() -> None:
    shop = Shop(limits=SOME)

    assert shop.key.limits == SOME
    assert len(shop.facts(api_key_events.LimitsChanged)) == 1


def test_whoever_is_not_there_cannot_be_limited() -> None:
    shop = Shop()

    with pytest.raises(NotFoundError):
        shop.do(change_key_limits(shop.mint(), SOME, actor="operator"))
    with pytest.raises(NotFoundError):
        shop.do(change_customer_limits(shop.mint(), SOME, actor="operator"))


def test_limits_can_be_looked_at_without_a_call() -> None:
    shop = Shop()
    limit_key(shop, SOME)
    limit_customer(shop, Limits(parallel_calls=9))

    found = shop.do(look_at_limits(shop.who.key_id, shop.who.customer_id))

    assert found == CallLimits(SOME, Limits(parallel_calls=9))
    assert shop.do(look_at_limits(shop.mint(), shop.mint())) == CallLimits()


def test_a_key_has_no_more_calls_at_once_than_its_limit() -> None:
    shop = Shop(funds=1_000)
    limit_key(shop, Limits(parallel_calls=2))
    first, _ = shop.reserve(), shop.reserve()

    with pytest.raises(RateLimitedError) as refused:
        shop.reserve()
    assert (refused.value.kind, refused.value.holder, refused.value.limit) == ("parallel", "key", 2)
    assert refused.value.retry_after == 1
    assert "API key's limit of 2 parallel calls" in str(refused.value)

    shop.charge(first, {"input": 1})
    third = shop.reserve()
    shop.release(third)
    shop.reserve()


def test_free_calls_count_like_others() -> None:
    shop = Shop()
    limit_key(shop, Limits(parallel_calls=1))
    shop.reserve(model="free")

    with pytest.raises(RateLimitedError):
        shop.reserve(model="free")


def test_a_customers_limit_counts_the_calls_of_all_its_keys() -> None:
    shop = Shop(funds=1_000)
    limit_customer(shop, Limits(parallel_calls=2))
    shop.reserve()
    first = add_key(shop)
    shop.reserve()

    for who in (shop.who, first):
        shop.who = who
        with pytest.raises(RateLimitedError) as refused:
            shop.reserve()
        assert (refused.value.holder, refused.value.limit) == ("customer", 2)
        assert "customer's limit" in str(refused.value)


def test_another_keys_calls_do_not_count_for_a_key() -> None:
    shop = Shop(funds=1_000)
    limit_key(shop, Limits(parallel_calls=1))
    shop.reserve()
    add_key(shop)

    shop.reserve()


def test_a_call_whose_worker_died_counts_until_its_hold_runs_out() -> None:
    shop = Shop(funds=1_000)
    limit_key(shop, Limits(parallel_calls=1))
    limit_customer(shop, Limits(parallel_calls=1))
    shop.reserve()

    shop.now += HOLD_FOR / 2
    with pytest.raises(RateLimitedError):
        shop.reserve()
    shop.now += HOLD_FOR / 2
    shop.reserve()


def test_a_refused_call_holds_nothing() -> None:
    shop = Shop(funds=1_000)
    limit_key(shop, Limits(parallel_calls=1))
    shop.reserve()
    before = len(shop.ledger.facts)

    with pytest.raises(RateLimitedError):
        shop.reserve()

    assert len(shop.ledger.facts) == before
    assert (shop.wallet.reserved, len(shop.key.holds)) == (50, 1)


def test_limits_of_a_minute_are_not_the_ledgers_to_judge() -> None:
    shop = Shop(funds=1_000)
    limit_key(shop, Limits(requests_per_minute=1, tokens_per_minute=1))

    assert [shop.reserve().amount for _ in range(3)] == [50, 50, 50]


def test_who_has_room_but_no_money_is_told_of_the_money() -> None:
    shop = Shop(funds=10)
    limit_key(shop, Limits(parallel_calls=1))

    with pytest.raises(InsufficientBalanceError):
        shop.reserve()


@pytest.mark.parametrize("kind", [ApiKey, Customer])
def test_limits_survive_a_snapshot(kind: type[ApiKey | Customer]) -> None:
    shop = Shop(limits=SOME)
    limit_customer(shop, SOME)
    ids = {ApiKey: shop.who.key_id, Customer: shop.who.customer_id}
    again = restored(shop.ledger.look(kind, ids[kind]))

    assert again.limits == SOME


def test_a_call_beyond_a_limit_alone_is_not_told_to_wait() -> None:
    alone = RateLimitedError(kind="tokens", holder="key", limit=5, retry_after=None)

    assert "2 s" in str(RateLimitedError(kind="tokens", holder="key", limit=5, retry_after=2))
    assert "beyond it alone" in str(alone)
    assert alone.retry_after is None
