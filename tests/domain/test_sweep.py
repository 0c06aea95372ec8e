from domain import api_key_events, wallet_events
from domain.inference_request import OutcomeUnknown
from domain.sweep import SweepWallet
from tests.domain.shop import T0, Shop


def test_a_sweep_ends_what_has_run_out_everywhere() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    shop.tick(minutes=10)

    lost = shop.sweep(held)

    assert lost == 1
    assert (shop.wallet.available, shop.wallet.reserved) == (100, 0)
    assert (shop.key.holds, shop.key.held) == ({}, {})
    assert not shop.request(held).open
    assert len(shop.facts(OutcomeUnknown)) == 1


def test_a_sweep_leaves_what_is_within_its_time() -> None:
    shop = Shop(funds=100)
    shop.tick(minutes=10)
    held = shop.reserve()
    shop.now = held.expires_at - (held.expires_at - T0) / 10**9
    before = len(shop.ledger.facts)

    lost = shop.sweep(held)

    assert lost == 0
    assert len(shop.ledger.facts) == before


def test_a_second_sweep_finds_nothing() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    shop.tick(minutes=10)
    shop.sweep(held)
    before = len(shop.ledger.facts)

    assert shop.sweep(held) == 0
    assert len(shop.ledger.facts) == before


def test_a_settled_call_is_not_lost() -> None:
    shop = Shop(funds=100)
    held = [shop.reserve(), shop.reserve()]
    shop.charge(held[0], {"input": 1})
    shop.release(held[1])
    shop.tick(minutes=10)

    assert shop.sweep(*held) == 0


def test_a_sweep_completes_what_a_reserve_has_expired_on_the_wallet_alone() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    shop.tick(minutes=10)
    shop.reserve()

    lost = shop.sweep(held)

    assert lost == 1
    assert len(shop.facts(wallet_events.HoldExpired)) == 1
    assert len(shop.facts(api_key_events.HoldExpired)) == 1


def test_a_sweep_ends_grants_too() -> None:
    shop = Shop()
    shop.grant(70, expires_at=T0.replace(hour=13))
    shop.tick(hours=1)

    shop.sweep()

    assert [fact.amount for fact in shop.facts(wallet_events.GrantExpired)] == [70]


def test_a_sweep_names_what_it_may_touch_and_forgives_what_is_not_there() -> None:
    shop = Shop()
    stranger = SweepWallet(shop.mint(), (shop.mint(),), (shop.mint(),))
    partly = SweepWallet(shop.who.wallet_id, (shop.mint(),), (shop.mint(),))

    assert (shop.do(stranger), shop.do(partly)) == (0, 0)
    assert stranger.ids == (stranger.wallet_id, *stranger.key_ids, *stranger.request_ids)


def test_a_sweep_gives_up_no_call_of_another_wallet() -> None:
    shop = Shop(funds=100)
    held = shop.reserve()
    other = Shop()
    other._minted = shop._minted
    stranger = other.mint()
    shop.ledger._held[stranger] = type(shop.wallet).open(
        shop.ledger.at, stranger, customer_id="other", currency="USD"
    )

    lost = shop.do(SweepWallet(stranger, (), (held.request_id,)))

    assert lost == 0
    assert shop.request(held).open
