"""What an upstream of the same protocol gets of a request."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from adapters.protocols.openai_responses.sealed import is_sealed

Json = dict[str, Any]
OURS: Final = frozenset({"model", "max_output_tokens", "store"})
"""Set by the gateway, whatever the caller says."""


def passed_on(body: Mapping[str, Any]) -> Json:
    """Leave out of a checked body what the gateway sets and what nobody upstream could read."""
    passed = {name: value for name, value in body.items() if name not in OURS}
    if isinstance(passed.get("input"), list):
        passed["input"] = list(_readable(cast("list[Json]", passed["input"])))
    return passed


def _readable(items: list[Json]) -> Iterator[Json]:
    """Leave out thoughts that another provider issued, and those that are no more than a name.

    OpenAI would look such names up in what it kept, but it is never asked to keep anything.
    """
    for item in items:
        sealed = item.get("encrypted_content")
        thinks = item.get("type") == "reasoning"
        if not thinks or (not is_sealed(sealed) and (sealed or item.get("content"))):
            yield item
