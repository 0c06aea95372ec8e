"""What models have thought, where it comes back to them: signed as it was, or as any text.

Only a thought where its protocol has it may stay as it is, for a signature is checked by nobody
but its issuer: anywhere else the word "thinking" would hide a text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

Change = Callable[[str], str]
Json = dict[str, Any]
_SIGNED: Final = frozenset({"type", "thinking", "signature"})


@dataclass(frozen=True, slots=True)
class Visit:
    """What is done to each kind of text."""

    text: Change
    thought: Change
    """Thoughts without a signature; they may repeat placeholders, which nobody took out of them."""
    fixed: Change
    """What must stay as it is, for another holds it against its signature or books under it."""


def thoughts_in(body: Json, visit: Visit) -> Iterator[tuple[int, Change]]:
    """Tell what is done to each object that holds a thought, by its id."""
    for message in _objects(body.get("messages")):
        if message.get("role") == "assistant":
            for block in _objects(message.get("content")):
                if block.get("type") == "thinking":
                    yield id(block), visit.fixed if _is_signed(block) else visit.thought
            for detail in _objects(message.get("reasoning_details")):
                yield id(detail), visit.thought
    for item in _objects(body.get("input")):
        if item.get("type") == "reasoning" and "role" not in item:
            sealed = _is_said(item.get("encrypted_content"))
            yield id(item), visit.fixed if sealed else visit.thought


def _is_signed(block: Json) -> bool:
    return block.keys() == _SIGNED and _is_said(block["signature"])


def _is_said(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _objects(value: object) -> Iterator[Json]:
    if isinstance(value, list):
        for item in cast("list[object]", value):
            if isinstance(item, dict):
                yield cast("Json", item)
