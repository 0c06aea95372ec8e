"""Calls of all fates over some days, in the tables that observation reads, and in memory."""

import random
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql

WALLET, OTHER = UUID(int=1 << 16), UUID(int=2 << 16)
KEYS: Final = (UUID(int=3 << 16), UUID(int=4 << 16))
NOON: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FATES: Final = (
    ("charged", "reported", None), ("charged", "reported", None), ("charged", "estimated", None),
    ("charged", "partial", None), ("charged", "cached", None),
    ("released", None, "upstream_error"), ("released", None, "upstream_timeout"),
    ("released", None, "quarantined"), ("unknown", None, None), ("reserved", None, None),
    ("refused", None, "insufficient_balance"), ("refused", None, "model_not_found"),
)  # fmt: skip


@dataclass(frozen=True)
class Fate:
    """One call, as both tables have it together."""

    request_id: UUID
    wallet_id: UUID
    key_id: UUID
    model: str | None
    status: str
    basis: str | None
    reason: str | None
    at: datetime
    milliseconds: int | None
    first_byte_ms: int | None
    input_tokens: int
    output_tokens: int
    total: int

    @property
    def outcome(self) -> str:
        if self.status == "refused":
            return "refused"
        if self.status == "charged":
            return "partial" if self.basis == "partial" else "ok"
        if self.reason == "quarantined":
            return "ok"
        return {"released": "failed", "unknown": "unknown", "reserved": "open"}[self.status]

    @property
    def code(self) -> str | None:
        if self.status == "unknown":
            return "outcome_unknown"
        return None if self.reason == "quarantined" else self.reason


def make_fates(seed: int, count: int) -> list[Fate]:
    """Make calls of two wallets, the newest first, several of them in the same moment."""
    chance = random.Random(seed)  # noqa: S311  a story, not a secret
    made = [_fate(chance) for _ in range(count)]
    return sorted(made, key=lambda fate: (fate.at, fate.request_id.int % (1 << 60)), reverse=True)


def _fate(chance: random.Random) -> Fate:
    status, basis, reason = chance.choice(FATES)
    charged, refused = status == "charged", status == "refused"
    model = chance.choice([None, "small"]) if refused else chance.choice(["small", "large"])
    return Fate(
        UUID(int=chance.getrandbits(128)),
        chance.choice([WALLET, WALLET, WALLET, OTHER]),
        chance.choice(KEYS),
        model,
        status,
        basis,
        reason,
        NOON - timedelta(minutes=30 * chance.randint(0, 4 * 48)),
        chance.randint(1, 9_999) if status in {"charged", "released"} else None,
        chance.randint(0, 900) if charged else None,
        chance.randint(0, 500) if charged else 0,
        chance.choice([0, chance.randint(1, 700)]) if charged else 0,
        chance.randint(0, 10**12) if charged else 0,
    )


def store_fates(url: str, fates: list[Fate]) -> None:
    """Write each call where it is found: those held for as rows of calls, the others as traces."""
    names = ["wallet_id" if f.name == "wallet_id" else f.name for f in fields(Fate)]
    with psycopg.connect(url) as conn:
        for position, fate in enumerate(fates, 1):
            row = dict(zip(names, astuple(fate), strict=True))
            if fate.status == "refused":
                _insert(conn, "public.call_traces", _refused(row))
            else:
                _insert(conn, "read.calls", _held(row, position))


def _refused(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "request_id": row["request_id"], "wallet_id": row["wallet_id"], "key_id": row["key_id"],
        "began_at": row["at"], "surface": "chat", "requested": row["model"], "held": False,
        "status": 402, "code": row["reason"], "microseconds": 1_234, "steps": "[]",
    }  # fmt: skip


def _held(row: dict[str, Any], position: int) -> dict[str, Any]:
    same = {name: value for name, value in row.items() if name != "at"}
    return {
        **same, "customer_id": row["wallet_id"], "requested": row["model"], "surface": "chat",
        "period": "2026-11", "price_version": "1", "hold": 0, "amount": row["total"],
        "absorbed": 0, "corrected": 0, "usage": "{}", "estimated_tokens": 0, "flags": [],
        "tags": "{}", "created_at": row["at"], "created_position": position, "position": position,
    }  # fmt: skip


def _insert(conn: psycopg.Connection, table: str, row: dict[str, Any]) -> None:
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    conn.execute(query, row)
