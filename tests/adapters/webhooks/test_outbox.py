"""The outbox by itself: what is told, and whose a lease is."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from adapters.ledger.connection import open_pool
from adapters.webhooks.outbox import TOPICS, Delivery, claim, record
from domain.upcasters import UPCASTERS

NOW = datetime.now(UTC)


TOLD_FIRST_IN_0_2 = {"api_key.created.3", "wallet.corrected.2"}
"""Nobody was told of these while they had another topic."""


def test_what_is_told_had_no_other_topic_while_it_was_told() -> None:
    renamed = {new for new, _ in UPCASTERS.values()}

    assert renamed & set(TOPICS) == TOLD_FIRST_IN_0_2


def test_whoever_lost_the_lease_leaves_the_delivery_to_the_one_who_has_it(
    database_url: str,
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO webhook_deliveries"
            " (webhook_id, position, customer_id, type, body, created_at, next_attempt_at)"
            " VALUES ('evt_1', 7, %s, 'balance.alert', '{}', %s, %s)",
            (UUID(int=1), NOW, NOW),
        )

    statuses, left = asyncio.run(_two_leases(database_url))

    assert statuses == ["pending", "delivered", "pending"]
    assert left == []
    with psycopg.connect(database_url) as conn:
        query = "SELECT status, attempts, http_status, error FROM webhook_deliveries"
        assert conn.execute(query).fetchone() == ("delivered", 2, 204, None)


async def _two_leases(database_url: str) -> tuple[list[str], list[Delivery]]:
    """The first lease is over before its attempt; the second one's attempt succeeds."""
    pool = await open_pool(database_url, 1)
    try:
        async with pool.connection() as conn:
            (late,) = await claim(conn, 9, lease_seconds=0)
            (holder,) = await claim(conn, 9)
            assert (late.attempts, holder.attempts) == (1, 2)
            failed = {"http_status": 500, "error": "http_500", "pause_seconds": None}
            statuses = [
                await record(conn, late, **failed),  # type: ignore[arg-type]
                await record(conn, holder, http_status=204, error=None, pause_seconds=9),
                await record(conn, late, **failed),  # type: ignore[arg-type]
            ]
            return statuses, await claim(conn, 9)
    finally:
        await pool.close()
