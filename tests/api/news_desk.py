"""A counter that tells its customers what happens, by a real https server of theirs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg

from adapters.webhooks.courier import Courier
from adapters.webhooks.sender import WebhookSender
from api.background.notifier import Notifier
from api.webhook_endpoints import signer_of
from domain.quota import Quota
from projections.catalogue import ALL
from projections.freshness import catch_up
from tests.api.counter import Counter, counter
from tests.api.openapi.till import Account
from tests.webhook_receiver import Receiver, receiver

ONE = 10**9


class NewsDesk:
    """One notifier a worker; production's own rules would never let it call this machine."""

    def __init__(self, desk: Counter, told: Receiver) -> None:
        self.desk = desk
        self.told = told
        gateway = desk.gateway
        sender = WebhookSender(
            allows=lambda address: address == "127.0.0.1",
            resolve=told.resolve,
            verify=told.trusted,
            patience_seconds=3,
        )
        self.notifier = Notifier(gateway.ledger, gateway.pool, signer_of(gateway.settings), sender)

    def account(
        self,
        credit: int = 10 * ONE,
        *,
        hook: bool = True,
        quota: Quota | None = None,
        **watch: Any,
    ) -> Account:
        account = self.desk.account(credit, quota=quota)
        self.patch(account, **({"webhook_url": self.told.url} if hook else {}), **watch)
        return account

    def patch(self, account: Account, **fields: Any) -> None:
        path = "/openapi/v1/balance/config"
        answer = self.desk.request("PATCH", path, account.secret, json=fields)
        assert answer.status_code == 200, answer.text

    def secret_of(self, account: Account) -> str:
        found: str = self.desk.get(account, "/balance/config").json()["data"]["webhook_secret"]
        return found

    def look(self) -> int:
        """Make a round of looking, on read models that are up with the log."""
        self.desk.run(self._catch_up())
        return self.desk.run(self.notifier.look())

    def tell(self) -> int:
        return self.desk.run(self.notifier.tell())

    def courier(self) -> Courier:
        courier = self.notifier._courier
        assert courier is not None
        return courier

    def make_due(self) -> None:
        """Let so much time pass that everything that waits is due."""
        self.change("next_attempt_at = clock_timestamp() - interval '1 second'")

    def change(self, what: str) -> None:
        with psycopg.connect(self.desk.url) as conn:
            conn.execute(b"UPDATE webhook_deliveries SET " + what.encode())

    def deliveries(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.desk.admin("GET", "/webhook-deliveries", params=query)
        items: list[dict[str, Any]] = answer.json()["data"]["items"]
        return items

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [orjson.loads(message.body) for message in self.told.received]

    async def _catch_up(self) -> None:
        async with self.desk.gateway.pool.connection() as conn:
            await catch_up(conn, ALL, patience_seconds=10)


@contextmanager
def news_desk(url: str, data_dir: str, **given: Any) -> Iterator[NewsDesk]:
    with counter(url, data_dir, **given) as desk, receiver() as told:
        yield NewsDesk(desk, told)
