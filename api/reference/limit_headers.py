"""The headers that tell of rate limits, in the words that each surface's SDKs know."""

from typing import Any, Final

from api.inference.limits import anthropic_headers
from api.inference.surface import Surface
from domain.limits import REQUESTS, TOKENS

_COUNT: Final = {"type": "integer", "minimum": 0}
_DURATION: Final = {"type": "string", "examples": ["1.5s", "6m0s"]}
_INSTANT: Final = {"type": "string", "format": "date-time"}


def limit_headers_of(surface: Surface) -> dict[str, Any]:
    """Describe them by their names; of each kind, the tightest limit is told."""
    if surface.limit_headers is anthropic_headers:
        return _described("Anthropic-RateLimit-{kind}-{name}", "When", _INSTANT)
    return _described("X-RateLimit-{name}-{kind}", "In how long", _DURATION)


def _described(written: str, when: str, reset: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in (REQUESTS, TOKENS):
        told = {
            "Limit": (f"How many {kind} a minute there may be; absent without a limit.", _COUNT),
            "Remaining": (f"How many of these {kind} are left.", _COUNT),
            "Reset": (f"{when} all of these {kind} are there again.", reset),
        }
        for name, (description, schema) in told.items():
            header = written.format(kind=kind.capitalize(), name=name)
            found[header] = {"description": description, "schema": schema}
    return found
