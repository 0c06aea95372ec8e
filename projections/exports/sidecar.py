"""The sidecar: what an export must come to, in a file beside it."""

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from domain.money import Nanos
from projections.exports.columns import NANO_PLACES, decimal


@dataclass(slots=True)
class Control:
    """Counts rows, and sums amounts by currency and by what they are."""

    rows: int = 0
    sums: dict[str, dict[str, Nanos]] = field(default_factory=dict[str, dict[str, Nanos]])

    def add(self, currency: str, **amounts: Nanos) -> None:
        """Count a row and add its amounts, in nanos."""
        self.rows += 1
        sums = self.sums.setdefault(currency, dict.fromkeys(amounts, 0))
        for name, nanos in amounts.items():
            sums[name] = sums.get(name, 0) + nanos


@dataclass(frozen=True, slots=True)
class About:
    """What an export is of."""

    export: str
    format: str
    position: int
    """Where the log ended; nothing after it is in the file."""
    product: str
    """Name and version of the program that wrote it."""
    customer: str | None = None
    month: str | None = None


def sidecar(about: About, file: str, size: int, sha256: str, control: Control) -> bytes:
    """Write the sidecar of a file; amounts are decimal strings."""
    sums = {
        currency: {name: decimal(nanos, NANO_PLACES) for name, nanos in amounts.items()}
        for currency, amounts in control.sums.items()
    }
    told: dict[str, Any] = {
        "file": file,
        **asdict(about),
        "bytes": size,
        "sha256": sha256,
        "rows": control.rows,
        "control_sums": sums,
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
