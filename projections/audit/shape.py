"""Shape: every fact has its fields and no others, and money is whole numbers below 2⁶³ (I17)."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any, cast

from domain import (
    api_key_events,
    conversation,
    correction_batch,
    credential,
    customer,
    idempotency,
    inference_request,
    issuer,
    payment_events,
    price_book,
    price_page,
    statement,
    supplier,
    supplier_report,
    wallet_events,
)
from domain.aggregate import Fact, FirstFact
from domain.grants import Allocation
from domain.money import NANOS_MAX
from projections.audit.findings import Findings
from projections.events import Event

MODULES = (
    api_key_events,
    conversation,
    correction_batch,
    credential,
    customer,
    idempotency,
    inference_request,
    issuer,
    payment_events,
    price_book,
    statement,
    supplier,
    supplier_report,
    wallet_events,
)
"""Every module with facts; importing them is what makes their topics known."""

_COLUMNS = {"originator_id", "originator_version"}


def check_shape(event: Event, findings: Findings) -> bool:
    """Tell whether the other audits can read the event at all."""
    shape = _shapes().get(event.topic)
    if shape is None:
        findings.add("shape", event, "no fact has this topic")
        return False
    fields = event.fields
    if fields.keys() != shape.keys():
        odd = ", ".join(sorted(fields.keys() ^ shape.keys()))
        findings.add("shape", event, f"missing or unknown fields: {odd}")
        return False
    wrong = [name for name, fits in shape.items() if fits is not None and not fits(fields[name])]
    if wrong:
        findings.add("shape", event, f"not what it must be: {', '.join(wrong)}")
    return not wrong


def _is_whole(value: object) -> bool:
    return type(value) is int and -NANOS_MAX <= value <= NANOS_MAX


def _is_allocation(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_part, cast("list[object]", value)))


def _is_part(value: object) -> bool:
    match value:
        case [str(), int(part)]:
            return _is_whole(part) and part > 0
        case _:
            return False


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_texts(value: object) -> bool:
    given = cast("list[object]", value) if isinstance(value, list) else [None]
    return all(isinstance(text, str) for text in given)


def _is_counts(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return all(map(_is_whole, cast("dict[str, object]", value).values()))


def _is_words(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return _is_texts(list(cast("dict[str, object]", value).values()))


def _or_none(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or fits(value)


_FITS: list[tuple[object, Callable[[object], bool]]] = [
    (int, _is_whole),
    (int | None, _or_none(_is_whole)),
    (datetime, _is_time),
    (datetime | None, _or_none(_is_time)),
    (Allocation, _is_allocation),
    (str, lambda value: isinstance(value, str)),
    (bool, lambda value: isinstance(value, bool)),
    (list[str], _is_texts),
    (str | None, _or_none(lambda value: isinstance(value, str))),
    (dict[str, int], _is_counts),
    (dict[str, str], _is_words),
    (price_page.Cards, lambda value: isinstance(value, dict)),
    (price_page.Terms, lambda value: isinstance(value, dict)),
    (price_page.Lists, lambda value: isinstance(value, dict)),
]


@cache
def _shapes() -> dict[str, dict[str, Callable[[object], bool] | None]]:
    """Give each topic's fields and what they must be."""
    return {fact.TOPIC: _shape(fact) for fact in _facts(Fact, FirstFact)}


def _facts(*bases: type[Fact | FirstFact]) -> Iterator[type[Fact | FirstFact]]:
    for base in bases:
        if "TOPIC" in vars(base) and base.TOPIC:
            yield base
        yield from _facts(*base.__subclasses__())


def _shape(fact: type[Fact | FirstFact]) -> dict[str, Callable[[object], bool] | None]:
    fields = dataclasses.fields(cast("Any", fact))
    return {f.name: _fit(f.type) for f in fields if f.name not in _COLUMNS}


def _fit(kind: object) -> Callable[[object], bool] | None:
    return next((fits for wanted, fits in _FITS if wanted == kind), None)
