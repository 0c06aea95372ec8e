"""Facts as stored events: an explicit topic, and the fields as plain JSON bytes."""

import dataclasses
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

import orjson
from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import resolve_topic

from domain.aggregate import Fact, FirstFact
from domain.api_key import ApiKey
from domain.conversation import Conversation
from domain.correction_batch import CorrectionBatch
from domain.credential import Credential
from domain.customer import Customer
from domain.idempotency import Idempotency
from domain.inference_request import InferenceRequest
from domain.issuer import Issuer
from domain.payment import Payment
from domain.price_book import PriceBook
from domain.statement import Statement
from domain.supplier import Supplier
from domain.supplier_report import SupplierReport
from domain.upcasters import UPCASTERS
from domain.wallet import Wallet

KINDS = (
    ApiKey,
    Conversation,
    CorrectionBatch,
    Credential,
    Customer,
    Idempotency,
    InferenceRequest,
    Issuer,
    Payment,
    PriceBook,
    Statement,
    Supplier,
    SupplierReport,
    Wallet,
)
"""Every aggregate there is: importing one registers its topics, and a reader must know all."""

AnyFact = Fact | FirstFact


def encode(fact: AnyFact) -> StoredEvent:
    """Write a fact; its id and version are columns, all else is its state."""
    state = dict(vars(fact))
    originator_id = state.pop("originator_id")
    version = state.pop("originator_version")
    return StoredEvent(originator_id, version, fact.TOPIC, orjson.dumps(state))


def decode(originator_id: UUID, version: int, topic: str, state: bytes) -> AnyFact:
    """Read a fact of any release."""
    fields = orjson.loads(state)
    while topic in UPCASTERS:
        topic, upcast = UPCASTERS[topic]
        fields = upcast(fields)
    fact_class, times = _shape(topic)
    for name in times:
        if (written := fields[name]) is not None:
            fields[name] = datetime.fromisoformat(written)
    fact = object.__new__(fact_class)
    # The library's frozen dataclasses assign field by field; a replay reads millions.
    vars(fact).update(fields, originator_id=originator_id, originator_version=version)
    return fact


@cache
def _shape(topic: str) -> tuple[type[AnyFact], tuple[str, ...]]:
    """Find a topic's class and which of its fields are times."""
    fact_class = cast("type[AnyFact]", resolve_topic(topic))
    fields = dataclasses.fields(cast("Any", fact_class))
    # The library's own fields have their types as strings.
    kinds = (datetime, datetime | None, "datetime")
    return fact_class, tuple(f.name for f in fields if f.type in kinds)
