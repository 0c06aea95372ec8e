"""Calls and usage as a plain fold of the facts gives them, without a batch or a database."""

from collections import Counter
from typing import Any
from uuid import UUID

from domain.inference_request import Charged, Corrected, OutcomeUnknown, Released, Reserved
from domain.usage import INPUT_COMPONENTS, METERED, OUTPUT_COMPONENTS
from tests.projections.history import History

COLUMNS = (
    "request_id", "customer_id", "wallet_id", "key_id", "model", "requested",
    "surface", "status", "basis", "period", "price_version", "price_list", "service_tier", "hold",
    "amount", "absorbed", "corrected", "total", "usage",
    "estimated_tokens", "input_tokens", "output_tokens", "flags", "tags", "reason",
    "client_request_id", "conversation_id", "created_at", "ended_at", "milliseconds",
    "first_byte_ms", "created_position", "position",
)  # fmt: skip
SUMS = (
    "calls", "charges", "releases", "amount", "corrected",
    *METERED,
)  # fmt: skip

Key = tuple[Any, ...]


def calls_of(history: History) -> list[Key]:
    """Every call as a row of `read.calls`, by its id."""
    calls: dict[UUID, dict[str, Any]] = {}
    for position, fact in enumerate(history.ledger.facts, 1):
        if isinstance(fact, Reserved):
            calls[fact.originator_id] = begun(fact, position)
        elif isinstance(fact, Charged | Released | OutcomeUnknown | Corrected):
            change(calls[fact.originator_id], fact, position)
    return sorted(tuple(call[name] for name in COLUMNS) for call in calls.values())


def begun(fact: Reserved, position: int) -> dict[str, Any]:
    whose = ("customer_id", "wallet_id", "key_id")
    same = (
        "model", "requested", "surface", "price_version", "price_list", "service_tier", "period",
        "tags", "client_request_id",
    )  # fmt: skip
    return {
        "request_id": fact.originator_id,
        "estimated_tokens": fact.input_tokens,
        **{name: UUID(getattr(fact, name)) for name in whose},
        "conversation_id": UUID(fact.conversation_id) if fact.conversation_id else None,
        **{name: getattr(fact, name) for name in same},
        **dict.fromkeys(("basis", "reason", "ended_at", "milliseconds", "first_byte_ms")),
        **dict.fromkeys(("amount", "absorbed", "corrected", "total"), 0),
        **dict.fromkeys(("input_tokens", "output_tokens"), 0),
        "status": "reserved",
        "hold": fact.amount,
        "usage": {},
        "flags": [],
        "created_at": fact.timestamp,
        "created_position": position,
        "position": position,
    }


def change(call: dict[str, Any], fact: Any, position: int) -> None:
    call["position"] = position
    if isinstance(fact, Corrected):
        call["corrected"] += fact.amount
        call["total"] = fact.total
        return
    call["ended_at"] = fact.timestamp
    if isinstance(fact, OutcomeUnknown):
        call["status"] = "unknown"
        return
    call |= {"flags": fact.flags, "milliseconds": fact.milliseconds}
    if isinstance(fact, Released):
        call |= {"status": "released", "reason": fact.reason}
        return
    same = ("basis", "service_tier", "period", "amount", "absorbed", "usage", "first_byte_ms")
    call |= {name: getattr(fact, name) for name in same}
    call |= {
        "model": fact.model or call["model"],
        "status": "charged",
        "total": fact.amount,
        "input_tokens": sum(fact.usage.get(name, 0) for name in INPUT_COMPONENTS),
        "output_tokens": sum(fact.usage.get(name, 0) for name in OUTPUT_COMPONENTS),
    }


def days_of(history: History) -> dict[Key, Counter[str]]:
    """What each (wallet, day, month, key, model, tags) came to."""
    days: dict[Key, Counter[str]] = {}
    held: dict[UUID, Reserved] = {}
    answered: dict[UUID, str] = {}
    for fact in history.ledger.facts:
        if isinstance(fact, Reserved):
            held[fact.originator_id] = fact
            answered[fact.originator_id] = fact.model
            day(days, fact, fact, fact.period, fact.model)["calls"] += 1
        elif isinstance(fact, Charged):
            hold = held[fact.originator_id]
            if fact.model:
                answered[fact.originator_id] = fact.model
                day(days, hold, hold, hold.period, hold.model)["calls"] -= 1
                day(days, hold, hold, hold.period, fact.model)["calls"] += 1
            found = day(days, hold, fact, fact.period, answered[fact.originator_id])
            found.update(fact.usage)
            found.update(charges=1, amount=fact.amount)
        elif isinstance(fact, Released):
            hold = held[fact.originator_id]
            day(days, hold, fact, hold.period, hold.model)["releases"] += 1
        elif isinstance(fact, Corrected):
            hold = held[fact.originator_id]
            model = answered[fact.originator_id]
            day(days, hold, fact, fact.period, model)["corrected"] += fact.amount
    return days


def day(
    days: dict[Key, Counter[str]], hold: Reserved, fact: Any, period: str, model: str
) -> Counter[str]:
    tags = tuple(sorted(hold.tags.items()))
    wallet_id, key_id = UUID(hold.wallet_id), UUID(hold.key_id)
    key = (wallet_id, fact.timestamp.date(), period, key_id, model, tags)
    return days.setdefault(key, Counter())
