"""A talk as it stands in a request: which of its oldest turns can be left out, and how.

A turn begins with what the user says and has all that follows until he speaks again. System and
developer messages are in no turn and stay. What comes before the user first speaks goes first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson

Item = Mapping[str, Any]

_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "anthropic": ("messages",),
    "dashscope": ("input", "messages"),
    "openai_chat": ("messages",),
    "openai_responses": ("input",),
}
"""Where each protocol that has talks has them."""
TALKS: Final = frozenset(_PLACES)
_STAYS: Final = frozenset({"system", "developer"})


@dataclass(frozen=True)
class Talk:
    """The messages of a checked request, or the items of Responses."""

    body: dict[str, Any]
    place: tuple[str, ...]
    items: list[Item]

    def cuts(self) -> list[int]:
        """List the places before which everything can be left out, the least to leave out first.

        No tool's result is parted from its call, and the last turn always stays.
        """
        joined = _joined(self.items)
        return [at for at in _starts(self.items) if at not in joined]

    def dropped(self, cut: int) -> int:
        """Count the messages that a cut leaves out."""
        return sum(not _stays(item) for item in self.items[:cut])

    def after(self, cut: int) -> bytes:
        """Write the request without the turns before a cut."""
        kept = [item for at, item in enumerate(self.items) if at >= cut or _stays(item)]
        return orjson.dumps(_replaced(self.body, self.place, kept))


def talk_of(protocol: str, raw: bytes) -> Talk | None:
    """Find the talk of a checked request in one of TALKS; None where it is no list."""
    place = _PLACES[protocol]
    body: dict[str, Any] = orjson.loads(raw)
    found: Any = body
    for name in place:
        found = found.get(name)
    return Talk(body, place, cast("list[Item]", found)) if isinstance(found, list) else None


def _starts(items: list[Item]) -> Iterator[int]:
    """Find where turns begin; several messages of the user's in a row are one."""
    before = False
    for at, item in enumerate(items):
        if not _stays(item):
            said = item.get("role") == "user" and not any(_results(item))
            if said and not before:
                yield at
            before = said


def _joined(items: list[Item]) -> set[int]:
    """Find the places that lie between a tool's call and its result."""
    called: dict[str, int] = {}
    joined: set[int] = set()
    for at, item in enumerate(items):
        for name in _results(item):
            joined.update(range(called.get(name, at) + 1, at + 1))
        called.update(dict.fromkeys(_calls(item), at))
    return joined


def _stays(item: Item) -> bool:
    return item.get("role") in _STAYS


def _calls(item: Item) -> Iterator[str]:
    """Name the tool calls that an item makes."""
    if str(item.get("type")).endswith("_call"):
        yield str(item.get("call_id"))
    for call in item.get("tool_calls") or ():
        yield str(call.get("id"))
    for block in _blocks(item):
        if block.get("type") == "tool_use":
            yield str(block.get("id"))


def _results(item: Item) -> Iterator[str]:
    """Name the tool calls that an item has the results of."""
    if str(item.get("type")).endswith("_output"):
        yield str(item.get("call_id"))
    if item.get("tool_call_id"):
        yield str(item["tool_call_id"])
    for block in _blocks(item):
        if block.get("type") == "tool_result":
            yield str(block.get("tool_use_id"))


def _blocks(item: Item) -> list[dict[str, Any]]:
    content = item.get("content")
    blocks = cast("list[object]", content) if isinstance(content, list) else []
    return [cast("dict[str, Any]", block) for block in blocks if isinstance(block, dict)]


def _replaced(body: dict[str, Any], place: tuple[str, ...], items: list[Item]) -> dict[str, Any]:
    name, *rest = place
    return {**body, name: _replaced(body[name], tuple(rest), items) if rest else items}
