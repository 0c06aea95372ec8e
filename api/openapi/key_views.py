"""A customer's keys as it is shown them: what they may do and have spent, as they are now."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from fastapi import Request

from api.admin.auth import gateway_of
from api.admin.fields import write_time
from api.keys import display_of
from api.openapi.caller import read_models
from domain import ids
from domain.api_key import ApiKey
from domain.decision import Decision
from domain.errors import NotFoundError
from domain.find import must_find
from domain.manager import KEY, Manager
from domain.moment import Moment
from domain.money import format_amount
from domain.periods import bounds
from domain.ports import Books
from domain.quota import DAY, MONTH, window_of
from domain.reserve_call import Identity
from domain.wallet import Wallet
from projections.api_keys import ApiKeys
from projections.freshness import catch_up
from projections.read_customers import ApiKeyRow, api_key

T = TypeVar("T")


class _Known(NamedTuple):
    """What a key's own history does not tell."""

    key_id: UUID
    name: str | None
    display: str


class NewlyShown(NamedTuple):
    """A key whose new secret is about to be shown."""

    key_id: UUID
    name: str | None
    secret: str


def manager_of(caller: Identity) -> Manager:
    """Let the caller's key act on its customer's keys."""
    return Manager(ids.public(ids.KEY, caller.key_id), caller)


async def row_of(request: Request, caller: Identity, key_id: UUID) -> ApiKeyRow:
    """Find one of the caller's own keys, or raise NotFoundError."""
    async with read_models(request) as conn:
        await catch_up(conn, (ApiKeys(),))
        row = await api_key(conn, caller.customer_id, key_id)
    if row is None:
        raise NotFoundError(KEY)
    return row


async def describe_one(request: Request, caller: Identity, key_id: UUID) -> dict[str, Any]:
    """Describe one of the caller's own keys, or raise NotFoundError."""
    (described,) = await describe_all(request, caller, [await row_of(request, caller, key_id)])
    return described


def describing(
    command: Decision[T], caller: Identity, shown: NewlyShown
) -> Decision[tuple[T, dict[str, Any]]]:
    """Let a command that issues a secret describe its key in the same commit.

    Nothing is asked after it: whatever failed then would lose the secret.
    """

    def decide(books: Books) -> tuple[T, dict[str, Any]]:
        currency = _currency(books, caller)
        decided = command.decide(books)
        key = must_find(books, ApiKey, shown.key_id, KEY)
        known = _Known(shown.key_id, shown.name, display_of(shown.secret))
        return decided, {**_describe(key, known, books.at, currency), "api_key": shown.secret}

    return Decision((*command.ids, caller.wallet_id), decide)


async def describe_all(
    request: Request, caller: Identity, rows: Sequence[ApiKeyRow]
) -> list[dict[str, Any]]:
    """Describe keys that were found: what counts is asked of the keys themselves."""
    found = [_Known(row.key_id, row.name, row.display) for row in rows]

    def look(books: Books) -> list[dict[str, Any]]:
        currency = _currency(books, caller)
        return [
            _describe(must_find(books, ApiKey, known.key_id, KEY), known, books.at, currency)
            for known in found
        ]

    named = (caller.wallet_id, *(known.key_id for known in found))
    return await gateway_of(request).ledger.read(Decision(named, look))


def describe_scope(key: ApiKey) -> dict[str, Any]:
    """Tell which models a key may call, and what else it may do."""
    models = list(key.allowed_models)
    mode = "selected" if len(models) > 1 else "single" if models else "automatic"
    return {
        "model_scope": {"mode": mode, "model_ids": models},
        "allowed_model_ids": models,
        "permissions": list(key.permissions),
    }


def status_of(key: ApiKey, at: Moment) -> str:
    """Tell in a word whether a key may be used."""
    if key.disabled:
        return "disabled"
    return "expired" if key.expires_at is not None and key.expires_at <= at.now else "active"


def _currency(books: Books, caller: Identity) -> str:
    return must_find(books, Wallet, caller.wallet_id, "wallet").currency


def _describe(key: ApiKey, known: _Known, at: Moment, currency: str) -> dict[str, Any]:
    quota = key.quota
    return {
        "api_key_id": ids.public(ids.KEY, key.id),
        "name": known.name,
        "display": known.display,
        "status": status_of(key, at),
        **describe_scope(key),
        "quota": quota and {"amount": format_amount(quota.amount), "window": quota.window},
        "usage": {**_usage(key, at), "currency": currency},
        "tags": dict(key.tags),
        "limits": key.limits.facts(),
        "expires_at": write_time(key.expires_at),
        "created_at": write_time(key.created_at),
        "disabled_at": write_time(key.disabled_at),
        "last_used_at": write_time(key.used_at),
    }


def _usage(key: ApiKey, at: Moment) -> dict[str, Any]:
    headroom = key.headroom(at)
    return {
        "window": window_of(at.now, key.quota_window),
        "spent": format_amount(key.used(at)),
        "held": format_amount(key.reserved(at)),
        "remaining": None if headroom is None else format_amount(max(0, headroom)),
        "resets_at": write_time(_resets_at(at.now, key.quota_window)),
    }


def _resets_at(now: datetime, window: str) -> datetime | None:
    if window == DAY:
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=1)
    return bounds(window_of(now, MONTH))[1] if window == MONTH else None
