"""Query parameters that several routes know, each described once."""

from collections.abc import Iterable
from typing import Any, Final

_TIME: Final = "a date, which is its midnight in UTC, or a time with its zone"
_DAY: Final = {"type": "string", "format": "date", "examples": ["2026-11-01"]}
MONTH: Final = {"type": "string", "pattern": r"^\d{4}-\d\d$", "examples": ["2026-11"]}

PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "limit": ("How many items a page has.", {"type": "integer", "minimum": 1, "maximum": 1000}),
    "cursor": ("Where the page before ended: its `next_cursor`.", {"type": "string"}),
    "from": (f"The first moment: {_TIME}.", {"type": "string"}),
    "to": (f"The moment before which it ends: {_TIME}.", {"type": "string"}),
    "at": (
        "As of then: a position of the log, a date, or a time with its zone.",
        {"type": "string"},
    ),
    "month": ("A month such as 2026-11.", MONTH),
    "model": ("Only calls of this model.", {"type": "string", "maxLength": 200}),
    "request_id": ("Only what concerns this call.", {"type": "string", "pattern": "^req_"}),
    "key_id": ("Only calls made with this key.", {"type": "string", "pattern": "^key_"}),
    "conversation_id": (
        "Only calls of this conversation.",
        {"type": "string", "pattern": "^conv_"},
    ),
    "customer_id": ("Only what is this customer's.", {"type": "string", "pattern": "^cus_"}),
    "tag": (
        "A tag and its value, such as `cost_center:berlin`; may be repeated.",
        {"type": "array", "items": {"type": "string"}},
    ),
    "group_by": (
        "What to group by, between commas: `day`, `model`, `api_key`, `tag:<name>`.",
        {"type": "string", "examples": ["day,model"]},
    ),
    "provider": ("Only what is this supplier's, by its name in the catalogue.", {"type": "string"}),
}
"""Description and schema by name."""


def describe(name: str) -> dict[str, Any]:
    """Describe a parameter as OpenAPI does."""
    description, schema = PARAMETERS[name]
    return parameter(name, description, schema)


def required(name: str) -> dict[str, Any]:
    """Describe a parameter that must be there."""
    return {**describe(name), "required": True}


def choice(name: str, choices: Iterable[str], description: str) -> dict[str, Any]:
    """Describe a parameter that is one of a few words."""
    return parameter(name, description, {"type": "string", "enum": list(choices)})


def day(name: str, description: str) -> dict[str, Any]:
    """Describe a parameter that is a whole day."""
    return parameter(name, description, _DAY)


def parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Describe a parameter of one route only."""
    return {"name": name, "in": "query", "description": description, "schema": schema}
