"""A round deletes the answers of who wants none kept, whenever they were kept."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from adapters.answer_cache.postgres import Kept, Place
from api.answer_sweep import sweep_answers
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


def test_what_has_expired_is_deleted_as_well(desk: Counter) -> None:
    keeping(desk, 600)
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE answer_cache SET expires_at = clock_timestamp()")

    expired = desk.run(sweep_answers(desk.gateway.ledger, desk.gateway.answers))

    assert (expired, kept(desk)) == (1, [])
