"""What a message said, for counting it ourselves when nobody reports its usage."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

import orjson

from adapters.protocols.counters import within
from adapters.token_count import count_tokens
from domain.metering import Produced

_SAID: Final = ("text", "thinking", "partial_json")


def produced_by(content: Iterable[object]) -> Produced:
    """Tell what the blocks of a whole message said."""
    text = "".join(said for block in content for said in _said_in_block(block))
    return Produced(lambda: bool(text), lambda: count_tokens(text))


def said_in_event(event: object) -> Iterator[str]:
    """Walk what an event says."""
    yield from _said_in_block(within(event, "content_block"))
    for name in _SAID:
        if isinstance(said := within(event, "delta", name), str):
            yield said


def _said_in_block(block: object) -> Iterator[str]:
    for name in ("text", "thinking", "name"):
        if isinstance(said := within(block, name), str):
            yield said
    given = within(block, "input")
    if isinstance(given, dict) and given:
        yield orjson.dumps(cast("dict[str, Any]", given)).decode()
