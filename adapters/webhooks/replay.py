"""Sending a message again because its receiver asks: the same id and the same body."""

from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

ONE_SECONDS: Final = 10
"""Between two replays of one message."""
MINUTE_MAX: Final = 30
"""Replays a minute of one customer; two at once may exceed it by one."""


async def replay(conn: AsyncConnection[Any], customer_id: UUID, webhook_id: str) -> bool:
    """Make a message of a customer's due now, whatever came of it; tells whether that may be yet.

    From then on it is tried as long as news are.
    """
    values = (webhook_id, customer_id, ONE_SECONDS, customer_id, MINUTE_MAX)
    return (await conn.execute(_REPLAY, values)).rowcount == 1


_REPLAY: Final = """
    UPDATE webhook_deliveries
    SET status = 'pending', next_attempt_at = clock_timestamp(), replayed_at = clock_timestamp()
    WHERE webhook_id = %s AND customer_id = %s
        AND coalesce(replayed_at <= clock_timestamp() - make_interval(secs => %s), true)
        AND (
            SELECT count(*) FROM webhook_deliveries AS others
            WHERE others.customer_id = %s
                AND others.replayed_at > clock_timestamp() - interval '1 minute'
        ) < %s
"""
