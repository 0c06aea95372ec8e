"""A round deletes what a customer's policy does not want any more, and nothing else."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from adapters.call_contents.content import Content
from adapters.call_contents.store import ContentStore
from api.background.content_sweep import sweep_contents
from domain.change_call_policy import change_security
from domain.errors import BillingUnavailableError
from tests.api.counter import Counter, counter
from tests.api.openapi.till import Account

PROMPT = b"asked"


@pytest.fixture
def desk(database_url: str, tmp_path: object) -> Iterator[Counter]:
    with counter(database_url, str(tmp_path)) as running:
        yield running


def keep(desk: Counter, account: Account, days_ago: int) -> None:
    request_id = uuid4()
    content = Content(request_id, account.who.customer_id, PROMPT)
    desk.run(ContentStore(desk.gateway.pool).keep([content]))
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "UPDATE call_contents SET kept_at = kept_at - make_interval(days => %s)"
            " WHERE request_id = %s",
            (days_ago, request_id),
        )


def kept(desk: Counter, account: Account) -> int:
    with psycopg.connect(desk.url) as conn:
        query = "SELECT request_id FROM call_contents WHERE customer_id = %s"
        return len(conn.execute(query, (account.who.customer_id,)).fetchall())


def ask(desk: Counter, account: Account, *, logs: bool, days: int) -> None:
    policy = {"logs_content": logs, "retention_days": days}
    desk.do(change_security(account.who.customer_id, policy, actor="test"))


def sweep(desk: Counter) -> int:
    return desk.run(sweep_contents(desk.gateway.ledger, ContentStore(desk.gateway.pool)))


def test_a_customer_at_whom_it_fails_holds_up_no_other(
    desk: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = [desk.account() for _ in range(3)]
    for account in accounts:
        keep(desk, account, 1)
    broken = accounts[1].who.customer_id

    class Failing(ContentStore):
        async def forget(self, customer_id: UUID, days: int = 0) -> int:
            if customer_id == broken:
                raise BillingUnavailableError
            return await super().forget(customer_id, days)

    swept = desk.run(sweep_contents(desk.gateway.ledger, Failing(desk.gateway.pool)))

    assert swept == 2
    assert [kept(desk, account) for account in accounts] == [0, 1, 0]
    (record,) = [one for one in caplog.records if one.name == "tollbook.content_sweep"]
    assert record.__dict__["customer_id"] == accounts[1].customer_id


def test_of_what_is_too_much_the_oldest_is_deleted(desk: Counter) -> None:
    account = desk.account()
    ask(desk, account, logs=True, days=9)
    for days_ago in (3, 2, 1):
        keep(desk, account, days_ago)

    store = ContentStore(desk.gateway.pool, 2 * len(PROMPT))

    assert desk.run(sweep_contents(desk.gateway.ledger, store)) == 1
    ask(desk, account, logs=True, days=2)
    assert (sweep(desk), kept(desk, account)) == (1, 1)


def test_each_customers_days_count(desk: Counter) -> None:
    short, long, off = (desk.account() for _ in range(3))
    ask(desk, short, logs=True, days=2)
    ask(desk, long, logs=True, days=9)
    for account in (short, long, off):
        for days_ago in (0, 3, 10):
            keep(desk, account, days_ago)

    assert sweep(desk) == 2 + 1 + 3
    assert (kept(desk, short), kept(desk, long), kept(desk, off)) == (1, 2, 0)
    ask(desk, long, logs=False, days=9)
    assert sweep(desk) == 2
    assert sweep(desk) == 0
    assert (kept(desk, short), kept(desk, long)) == (1, 0)
