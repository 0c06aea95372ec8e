"""Having what a call said kept, as a customer's policy has it."""

from typing import Any

import httpx
from psycopg_pool import AsyncConnectionPool

from adapters.call_contents.content import Content
from adapters.call_contents.store import ContentStore
from domain import ids


async def log_content(
    client: httpx.AsyncClient, pool: AsyncConnectionPool, account: Any, request_id: str
) -> None:
    """Switch logging on, and keep the words of a call that was made by command."""
    headers = {"Authorization": f"Bearer {account.secret}"}
    policy = {"logging": {"enabled": True}}
    await client.patch("/openapi/v1/security/policy", headers=headers, json=policy)
    call = ids.parse_public(ids.REQUEST, request_id)
    assert call is not None
    await ContentStore(pool).keep([Content(call, account.who.customer_id)])
