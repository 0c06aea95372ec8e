"""Who may not call at all takes nothing from what the customer's other keys may call."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.change_limits import change_customer_limits
from domain.limits import Limits
from tests.api.openapi.keyring import another, ask, send
from tests.api.openapi.till import Account, Till, till


@pytest.fixture
def shop(database_url: str, tmp_path: Any) -> Iterator[Till]:
    with till(database_url, str(tmp_path)) as shop:
        yield shop


def limit(shop: Till, account: Account, **limits: int) -> None:
    shop.do(change_customer_limits(account.who.customer_id, Limits(**limits), actor="test"))


def test_a_disabled_key_drains_no_limit(shop: Till) -> None:
    ada = shop.account()
    leaked, manager = another(shop, ada), another(shop, ada, permissions=["manage"])
    limit(shop, ada, requests_per_minute=2, tokens_per_minute=100_000)
    send(shop, "DELETE", ada, f"/{leaked.key_id}")

    refused = [ask(shop, key.secret).status_code for key in (leaked, manager) for _ in range(3)]

    assert refused == [401] * 3 + [403] * 3
    assert [ask(shop, ada.secret).status_code for _ in range(3)] == [200, 200, 429]


def test_a_living_keys_refused_call_counts(shop: Till) -> None:
    ada = shop.account()
    narrow = another(shop, ada, allowed_model_ids=["sandbox-large"])
    limit(shop, ada, requests_per_minute=2)

    assert [ask(shop, narrow.secret).status_code for _ in range(3)] == [403, 403, 429]
