"""What customers are told: ids, amounts and short codes, never a name or a secret."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from adapters.ledger.event_codec import AnyFact
from domain import api_key_events as key, ids, statement, wallet_events as wallet
from domain.money import format_amount


@dataclass(frozen=True, slots=True)
class News:
    """A fact that a customer may be told of, and where it is in the log."""

    position: int
    wallet_id: UUID
    fact: Any


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a wallet's news are for."""

    customer_id: UUID
    currency: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it leaves, the same each time; the id tells the receiver that it is."""

    webhook_id: str
    type: str
    body: bytes


def news_of(position: int, originator_id: UUID, fact: AnyFact) -> News:
    """Find whose news a fact is."""
    if isinstance(fact, statement.Issued | key.QuotaAlertRaised):
        originator_id = UUID(fact.wallet_id)
    return News(position, originator_id, fact)


def write_message(news: News, addressee: Addressee) -> Message:
    """Write the news down; the id comes from its place in the log."""
    kind, describe = TYPES[news.fact.TOPIC]
    webhook_id = ids.public(
        "evt",
        ids.named(ids.shard_of(news.wallet_id), "webhook", news.wallet_id.hex, str(news.position)),
    )
    body = {
        "id": webhook_id,
        "type": kind,
        "created_at": news.fact.timestamp.isoformat().replace("+00:00", "Z"),
        "data": {
            "customer_id": ids.public(ids.CUSTOMER, addressee.customer_id),
            **describe(news.fact),
            "currency": addressee.currency,
        },
    }
    return Message(webhook_id, kind, orjson.dumps(body))


def _alert(fact: wallet.AlertRaised | wallet.AlertCleared) -> Mapping[str, object]:
    return {
        "threshold": format_amount(fact.threshold),
        "available": format_amount(fact.available),
    }


def _recharge(fact: wallet.RechargeRequested) -> Mapping[str, object]:
    return {
        "below": format_amount(fact.below),
        "amount": format_amount(fact.amount),
        "available": format_amount(fact.available),
    }


def _quota(fact: key.QuotaAlertRaised) -> Mapping[str, object]:
    return {
        "api_key_id": ids.public(ids.KEY, fact.originator_id),
        "percent": fact.percent,
        "window": fact.window,
        "spent": format_amount(fact.spent),
        "quota": format_amount(fact.quota),
    }


def _statement(fact: statement.Issued) -> Mapping[str, object]:
    return {"month": fact.period, "number": fact.number, "sha256": fact.sha256}


TYPES: Final[dict[str, tuple[str, Callable[[Any], Mapping[str, object]]]]] = {
    wallet.AlertRaised.TOPIC: ("balance.alert", _alert),
    wallet.AlertCleared.TOPIC: ("balance.alert_cleared", _alert),
    wallet.RechargeRequested.TOPIC: ("balance.recharge_requested", _recharge),
    key.QuotaAlertRaised.TOPIC: ("quota.alert", _quota),
    statement.Issued.TOPIC: ("statement.issued", _statement),
}
"""What is told, by the topic of the fact."""
