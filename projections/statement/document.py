"""The document of a statement, and its one canonical text: JSON with sorted keys and no spaces."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from domain import ids
from domain.money import Nanos, format_amount
from projections.lines import Lines
from projections.roll_forward import CATEGORIES
from projections.statement.number import format_number
from projections.times import write_time

FORMAT: Final = "tollbook.statement.1"
"""A text of another shape takes another name, so that what was issued can be written again."""
ISSUED, DRAFT = "issued", "draft"

CHARGES, LATE, CORRECTIONS, GRANTS, EXPIRIES, VOIDS = (
    "charges", "late", "corrections", "grants", "expiries", "voids",
)  # fmt: skip
SECTIONS: Final = (GRANTS, CHARGES, CORRECTIONS, EXPIRIES, VOIDS)
"""Whose lines add up to what the month moved; late items are charges told once more."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What a statement is of, and the figures that its lines must come to, in nanos."""

    number: int | None
    """None: a draft."""
    customer_id: UUID
    wallet_id: UUID
    currency: str
    period: str
    zone: str
    since: datetime
    until: datetime
    """Half-open, in UTC."""
    position: int
    tree_size: int | None
    opening: Nanos
    closing: Nanos
    open_holds: int
    held: Nanos


@dataclass(slots=True)
class Document:
    """A statement as it was drawn; close it when it is written."""

    cover: Cover
    rolled: Mapping[str, Mapping[str, Nanos]]
    """By category, `opening`, each kind of move, and `closing`."""
    absorbed: Nanos
    sections: dict[str, Lines] = field(
        default_factory=lambda: {name: Lines() for name in (*SECTIONS, LATE)}
    )
    calls: int = 0

    def fields(self) -> dict[str, Any]:
        """Give all but the lines, with amounts as decimal strings."""
        cover = self.cover
        return {
            "format": FORMAT,
            "status": DRAFT if cover.number is None else ISSUED,
            "number": None if cover.number is None else format_number(cover.number),
            "customer_id": ids.public(ids.CUSTOMER, cover.customer_id),
            "wallet_id": ids.public(ids.WALLET, cover.wallet_id),
            "currency": cover.currency,
            "month": cover.period,
            "zone": cover.zone,
            "from": write_time(cover.since),
            "until": write_time(cover.until),
            "log": {"position": cover.position, "tree_size": cover.tree_size},
            "opening": format_amount(cover.opening),
            "closing": format_amount(cover.closing),
            "roll_forward": [
                {"category": name, **{k: format_amount(n) for k, n in self.rolled[name].items()}}
                for name in CATEGORIES
            ],
            "absorbed": format_amount(self.absorbed),
            "open_holds": {"count": cover.open_holds, "amount": format_amount(cover.held)},
            "control": {
                **{name: _control(self.sections[name]) for name in SECTIONS},
                "calls": self.calls,
                "amount": format_amount(sum(self.sections[name].amount for name in SECTIONS)),
            },
        }

    def text(self) -> Iterator[bytes]:
        """Write the canonical text piece by piece; it depends on nothing but the log."""
        fields = self.fields()
        start = b"{"
        for name in sorted((*fields, *self.sections)):
            yield start + orjson.dumps(name) + b":"
            if name in fields:
                yield orjson.dumps(fields[name], option=orjson.OPT_SORT_KEYS)
            else:
                yield from self.sections[name].array()
            start = b","
        yield b"}"

    def sha256(self) -> str:
        """Hash the canonical text."""
        digest = hashlib.sha256()
        for piece in self.text():
            digest.update(piece)
        return digest.hexdigest()

    def close(self) -> None:
        """Throw the lines away."""
        for lines in self.sections.values():
            lines.close()


def _control(lines: Lines) -> dict[str, Any]:
    return {"lines": lines.count, "amount": format_amount(lines.amount)}
