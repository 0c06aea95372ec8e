"""A shop whose first months have passed: told on a clock of its own, then served by today's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from api.keys import new_secret
from api.minting import mint
from api.shard import SHARD
from domain import ids, manage
from domain.reserve_call import Identity
from tests.api.helpers import TOKEN, data
from tests.api.openapi.till import Account, Till, new_key, till
from tests.projections.months import Months

START = datetime(2025, 3, 20, 9, tzinfo=UTC)
FIRST, SECOND, THIRD = "2025-03", "2025-04", "2025-05"


def past(seed: int = 1, steps: int = 500, customers: int = 2) -> Months:
    """Tell some months of 2025, none of which is closed."""
    told = Months(seed, customers, now=START)
    while f"{told.now:%Y-%m}" <= THIRD:
        told.open_months(steps // 10)
    return told


@dataclass
class Books:
    """A till whose operator and customers ask for statements."""

    till: Till
    told: Months
    url: str

    def admin(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.till.request(method, f"/admin/v1{path}", TOKEN, **options)

    def set(self, **settings: object) -> None:
        gateway = self.till.gateway
        gateway.settings = gateway.settings.model_copy(update=settings)

    def close(self, month: str, **fields: object) -> dict[str, Any]:
        return data(self.admin("POST", f"/periods/{month}/close", json=fields))

    def register(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = data(self.admin("GET", "/statements", params=query))["items"]
        return found

    def account_of(self, who: Identity) -> Account:
        """Give a customer of the past a key that opens."""
        secret = new_secret(SHARD)
        identity = Identity(
            ids.credential_id(secret, SHARD), mint(SHARD), who.wallet_id, who.customer_id
        )
        self.till.do(manage.create_key(who.customer_id, who.wallet_id, new_key(identity, secret)))
        return Account(identity, secret)


@contextmanager
def books(url: str, data_dir: Path, told: Months, **settings: object) -> Iterator[Books]:
    """Store a past and open on it."""
    told.store(url)
    with till(url, str(data_dir)) as opened:
        found = Books(opened, told, url)
        found.set(**settings)
        yield found
