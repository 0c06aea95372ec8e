import pytest

from domain.errors import ConflictError, IdempotencyKeyReusedError
from domain.manage import void_grant
from domain.reserve_call import Claim
from tests.domain.shop import Shop


def void(shop: Shop, grant_id: str, amount: int | None, claim: Claim | None = None) -> int:
    command = void_grant(
        shop.who.wallet_id, grant_id, reason="refund", actor="operator", amount=amount, claim=claim
    )
    return shop.do(command)


@pytest.mark.parametrize(("amount", "left"), [(None, 0), (1, 99), (100, 0)])
def test_a_part_of_a_grant_or_all_of_it_is_taken_back(amount: int | None, left: int) -> None:
    shop = Shop()
    grant_id = shop.grant(100)

    assert void(shop, grant_id, amount) == 100 - left

    assert shop.left(grant_id) == shop.wallet.available == left


def test_no_more_is_taken_than_is_unused() -> None:
    shop = Shop()
    grant_id = shop.grant(100)
    shop.reserve(0, 15)

    with pytest.raises(ConflictError, match=r"Only 0\.00000007 of this grant is unused"):
        void(shop, grant_id, 71)

    assert void(shop, grant_id, 70) == 70
    with pytest.raises(ConflictError, match="Nothing"):
        void(shop, grant_id, 1)


def test_the_same_key_and_body_take_a_part_once() -> None:
    shop = Shop()
    grant_id, claim = shop.grant(100), Claim(shop.mint(), "body")

    assert [void(shop, grant_id, 30, claim) for _ in range(2)] == [30, 30]
    with pytest.raises(IdempotencyKeyReusedError):
        void(shop, grant_id, 30, Claim(claim.claim_id, "another body"))

    assert shop.left(grant_id) == 70
