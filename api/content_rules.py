"""Content rules as a text: kept where it can be erased, for it names what must not be named."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import orjson

from domain.content_rules import ContentRule

CONTENT_RULES: Final = "content_rules"
"""The kind of that text."""


def write_rules(rules: Sequence[ContentRule]) -> str:
    """Write rules as they are kept."""
    return orjson.dumps([asdict(rule) for rule in rules]).decode()


def read_rules(text: str) -> tuple[ContentRule, ...]:
    """Read what `write_rules` wrote."""
    return tuple(ContentRule(**fields) for fields in orjson.loads(text))
