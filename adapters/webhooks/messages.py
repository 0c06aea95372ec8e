"""What customers are told: ids, amounts and short codes, never a name or a secret."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from adapters.ledger.event_codec import AnyFact
from domain import api_key_events as key, customer, ids, statement, wallet_events as wallet
from domain.money import format_amount


@dataclass(frozen=True, slots=True)
class News:
    """A fact that a customer may be told of, and where it is in the log.

    It happened to a customer, or to what belongs to one: a wallet or a key.
    """

    position: int
    owner_id: UUID
    fact: Any

    @property
    def type(self) -> str:
        """What it is told as."""
        return TYPES[self.fact.TOPIC][0]

    @property
    def message_id(self) -> str:
        """Name its message: by its place in the log, or by the re-rating that it is a part of."""
        batch_id = getattr(self.fact, "batch_id", None)
        place = f"batch {batch_id}" if batch_id else str(self.position)
        shard = ids.shard_of(self.owner_id)
        return ids.public(ids.MESSAGE, ids.named(shard, "webhook", self.owner_id.hex, place))


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom news are for."""

    customer_id: UUID
    currency: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it leaves, the same each time; the id tells the receiver that it is."""

    webhook_id: str
    type: str
    body: bytes


def news_of(position: int, originator_id: UUID, fact: AnyFact) -> News:
    """Find to what a fact happened that belongs to a customer."""
    if isinstance(fact, statement.Issued | key.QuotaAlertRaised):
        originator_id = UUID(fact.wallet_id)
    return News(position, originator_id, fact)


def write_message(news: News, addressee: Addressee) -> Message:
    """Write the news down."""
    kind, describe = TYPES[news.fact.TOPIC]
    body = {
        "id": news.message_id,
        "type": kind,
        "created_at": news.fact.timestamp.isoformat().replace("+00:00", "Z"),
        "data": {
            "customer_id": ids.public(ids.CUSTOMER, addressee.customer_id),
            **describe(news.fact),
            "currency": addressee.currency,
        },
    }
    return Message(news.message_id, kind, orjson.dumps(body))


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


def _correction(fact: wallet.Corrected) -> Mapping[str, object]:
    """Tell of a correction; of a re-rating once, however many calls it concerns."""
    rerated = fact.batch_id is not None
    return {
        "period": fact.period,
        "corrects": fact.corrects,
        "rerated": rerated,
        "correction_id": None if rerated else _public(ids.CORRECTION, fact.correction_id),
        "request_id": None if rerated else _public(ids.REQUEST, fact.request_id),
        "amount": None if rerated else format_amount(fact.amount),
    }


def _key(fact: Any) -> Mapping[str, object]:
    # Who works for the operator is nobody's business; which key was at work is.
    by = fact.actor if fact.actor.startswith(f"{ids.KEY}_") else "operator"
    return {"api_key_id": ids.public(ids.KEY, fact.originator_id), "by": by}


def _nothing(_: customer.WebhookTested) -> Mapping[str, object]:
    return {}


def _public(prefix: str, written: str) -> str:
    return ids.public(prefix, UUID(written))


TEST: Final = "webhook.test"

TYPES: Final[dict[str, tuple[str, Callable[[Any], Mapping[str, object]]]]] = {
    wallet.AlertRaised.TOPIC: ("balance.alert", _alert),
    wallet.AlertCleared.TOPIC: ("balance.alert_cleared", _alert),
    wallet.RechargeRequested.TOPIC: ("balance.recharge_requested", _recharge),
    key.QuotaAlertRaised.TOPIC: ("quota.alert", _quota),
    statement.Issued.TOPIC: ("statement.issued", _statement),
    wallet.Corrected.TOPIC: ("correction.made", _correction),
    key.Created.TOPIC: ("api_key.created", _key),
    key.Changed.TOPIC: ("api_key.changed", _key),
    key.LimitsChanged.TOPIC: ("api_key.limits_changed", _key),
    key.Rotated.TOPIC: ("api_key.rotated", _key),
    key.Disabled.TOPIC: ("api_key.disabled", _key),
    customer.WebhookTested.TOPIC: (TEST, _nothing),
}
"""What is told, by the topic of the fact."""
CHOICES: Final = tuple(sorted({kind for kind, _ in TYPES.values()} - {TEST}))
"""What a customer can choose to be told; a test is told always."""
