"""Reading customers and their keys, with the names that have not been erased."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from domain.money import Nanos
from projections.pages import Page, clamp, page_of, read_cursor

CUSTOMER_NAME: Final = "customer_name"
KEY_NAME: Final = "api_key_name"
"""Kinds of erasable texts; the subject is the customer, or the key or what it was renamed to."""
STATUSES: Final = ("active", "disabled", "expired")
"""What a key can be."""


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer; the name is None once it was erased."""

    customer_id: UUID
    wallet_id: UUID
    currency: str
    created_at: datetime
    position: int
    name: str | None


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A key as a list shows it; the quota is in nanos."""

    key_id: UUID
    customer_id: UUID
    wallet_id: UUID
    display: str
    allowed_models: list[str]
    allowed_providers: list[str]
    permissions: list[str]
    quota_amount: Nanos | None
    quota_window: str
    expires_at: datetime | None
    disabled: bool
    created_at: datetime
    created_position: int
    name: str | None


async def customer(conn: AsyncConnection[Any], customer_id: UUID) -> CustomerRow | None:
    """Find a customer."""
    async with conn.cursor(row_factory=class_row(CustomerRow)) as cursor:
        query = _CUSTOMERS + " WHERE customer_id = %s"
        await cursor.execute(query, (CUSTOMER_NAME, customer_id), prepare=True)
        return await cursor.fetchone()


async def customers(
    conn: AsyncConnection[Any], *, cursor: str | None = None, limit: int = 50
) -> Page[CustomerRow]:
    """List customers, the newest first; raises ValueError for a foreign cursor."""
    limit = clamp(limit)
    before = read_cursor("customers", cursor)[0] if cursor is not None else None
    async with conn.cursor(row_factory=class_row(CustomerRow)) as found:
        await found.execute(_CUSTOMERS + _NEWEST, (CUSTOMER_NAME, before, before, limit + 1))
        rows = await found.fetchall()
    return page_of(rows, "customers", limit, lambda row: (row.position, 0))


async def api_key(conn: AsyncConnection[Any], customer_id: UUID, key_id: UUID) -> ApiKeyRow | None:
    """Find a key of a customer."""
    async with conn.cursor(row_factory=class_row(ApiKeyRow)) as cursor:
        query = _KEYS + " AND key_id = %s"
        await cursor.execute(query, (KEY_NAME, customer_id, key_id), prepare=True)
        return await cursor.fetchone()


async def api_keys(
    conn: AsyncConnection[Any],
    customer_id: UUID,
    *,
    status: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ApiKeyRow]:
    """List a customer's keys, the newest first; raises ValueError for a foreign cursor."""
    scope, limit = f"api_keys {customer_id} {status}", clamp(limit)
    before = read_cursor(scope, cursor)[0] if cursor is not None else None
    async with conn.cursor(row_factory=class_row(ApiKeyRow)) as found:
        query = _KEYS + _NEWEST_KEYS
        asked = (KEY_NAME, customer_id, status, status, before, before, limit + 1)
        await found.execute(query, asked)
        rows = await found.fetchall()
    return page_of(rows, scope, limit, lambda row: (row.created_position, 0))


async def newest_credential(conn: AsyncConnection[Any], key_id: UUID) -> UUID | None:
    """Find the credential that a key was given last."""
    query = "SELECT credential_id FROM read.api_keys WHERE key_id = %s"
    row = await (await conn.execute(query, (key_id,), prepare=True)).fetchone()
    return row[0] if row else None


_CUSTOMERS: LiteralString = """
    SELECT customer_id, wallet_id, currency, created_at, position, text.body AS name
    FROM read.customers
    LEFT JOIN public.erasable_texts AS text ON text.subject_id = customer_id AND text.kind = %s
"""
_NEWEST: LiteralString = """
    WHERE %s::bigint IS NULL OR position < %s ORDER BY position DESC LIMIT %s
"""
_KEYS: LiteralString = """
    SELECT key_id, customer_id, wallet_id, display, allowed_models, allowed_providers, permissions,
           quota_amount, quota_window, expires_at, disabled, created_at,
           created_position, text.body AS name
    FROM read.api_keys
    LEFT JOIN public.erasable_texts AS text ON text.subject_id = name_id AND text.kind = %s
    WHERE customer_id = %s
"""
_NEWEST_KEYS: LiteralString = """
    AND (%s::text IS NULL OR %s = CASE WHEN disabled THEN 'disabled'
            WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'active' END)
    AND (%s::bigint IS NULL OR created_position < %s) ORDER BY created_position DESC LIMIT %s
"""
