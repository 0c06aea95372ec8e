"""A round deletes the answers of who wants none kept, whenever they were kept."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from adapters.answer_cache.postgres import Kept, Place, PostgresAnswers
from api.background.answer_sweep import sweep_answers
from domain.change_call_policy import change_context
from domain.kept_answer import Origin
from tests.api.counter import Counter, counter
from tests.api.openapi.till import Account

ANSWER = Kept(Origin("m", "p", "up", 7, {"input": 3}), b"said")


@pytest.fixture
def desk(database_url: str, tmp_path: object) -> Iterator[Counter]:
    with counter(database_url, str(tmp_path)) as running:
        yield running


def keeping(desk: Counter, seconds: int | None) -> Account:
    """Make a customer who keeps answers for so long, and who has one."""
    account = desk.account()
    customer_id = account.who.customer_id
    desk.do(change_context(customer_id, {"cache_seconds": seconds}, actor="test"))
    desk.run(desk.gateway.answers.keep(Place(customer_id, b"k" * 32, 60), ANSWER))
    return account


def kept(desk: Counter) -> list[UUID]:
    with psycopg.connect(desk.url) as conn:
        return [row[0] for row in conn.execute("SELECT customer_id FROM answer_cache").fetchall()]


def test_what_was_kept_after_it_was_switched_off_is_deleted(desk: Counter) -> None:
    keeping(desk, None)
    on = keeping(desk, 600)

    expired = desk.run(sweep_answers(desk.gateway.ledger, desk.gateway.answers))

    assert (expired, kept(desk)) == (0, [on.who.customer_id])


def test_a_customer_at_whom_it_fails_holds_up_no_other(
    desk: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = [keeping(desk, None) for _ in range(3)]
    broken = accounts[1].who.customer_id

    class Failing(PostgresAnswers):
        async def forget(self, customer_id: UUID) -> None:
            if customer_id == broken:
                raise psycopg.OperationalError
            await super().forget(customer_id)

    desk.run(sweep_answers(desk.gateway.ledger, Failing(desk.gateway.pool)))

    assert kept(desk) == [broken]
    (record,) = [one for one in caplog.records if one.name == "tollbook.answer_sweep"]
    assert record.__dict__["customer_id"] == accounts[1].customer_id


def test_what_is_too_much_is_deleted_where_answers_are_kept(desk: Counter) -> None:
    keeping(desk, 600)
    on = keeping(desk, 600)
    customer_id = on.who.customer_id
    desk.run(desk.gateway.answers.keep(Place(customer_id, b"l" * 32, 60), ANSWER))

    answers = PostgresAnswers(desk.gateway.pool, len(ANSWER.body))
    desk.run(sweep_answers(desk.gateway.ledger, answers))

    assert kept(desk).count(customer_id) == 1
    assert len(kept(desk)) == 2


def test_what_has_expired_is_deleted_as_well(desk: Counter) -> None:
    keeping(desk, 600)
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE answer_cache SET expires_at = clock_timestamp()")

    expired = desk.run(sweep_answers(desk.gateway.ledger, desk.gateway.answers))

    assert (expired, kept(desk)) == (1, [])
