"""What an answer said, for counting it ourselves when nobody reports its usage."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

import orjson

from adapters.token_count import count_tokens
from domain.metering import Produced

_SAID = ("content", "reasoning_content", "reasoning", "refusal")


def produced_by(answer: object) -> Produced:
    """Tell what a whole answer said."""
    text = "".join(said_in(answer, "message"))
    return Produced(lambda: bool(text), lambda: count_tokens(text))


def said_in_chunk(chunk: object) -> Iterator[str]:
    """Walk what a chunk says."""
    return said_in(chunk, "delta")


def said_in(answer: object, holder: str) -> Iterator[str]:
    """Walk the texts and tool arguments of an answer or a chunk, odd shapes left out.

    The old completions have their text in the choice itself.
    """
    for choice in dicts(answer, "choices"):
        if isinstance(choice.get("text"), str):
            yield choice["text"]
        said = choice.get(holder)
        if not isinstance(said, dict):
            continue
        fields = cast("dict[str, Any]", said)
        yield from (fields[name] for name in _SAID if isinstance(fields.get(name), str))
        for call in dicts(fields, "tool_calls"):
            for kind in ("function", "custom"):
                yield from _strings(call.get(kind))


def dicts(holder: object, name: str) -> Iterable[dict[str, Any]]:
    """List the objects in an object's list; nothing where the shape is another."""
    if not isinstance(holder, dict):
        return []
    inner = cast("dict[str, object]", holder).get(name)
    if not isinstance(inner, list):
        return []
    items = cast("list[object]", inner)
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _strings(fields: object) -> Iterator[str]:
    if isinstance(fields, dict):
        yield from (v for v in cast("dict[str, Any]", fields).values() if isinstance(v, str))


def parsed(payload: bytes) -> object:
    """Read a chunk, or None for what is no JSON, such as the end mark."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
