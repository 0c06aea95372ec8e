"""What a response said, for counting it ourselves when nobody reports its usage."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from adapters.token_count import count_tokens
from domain.metering import Produced

_SAID: Final = ("text", "refusal", "arguments", "input")


def produced_by(response: dict[str, Any]) -> Produced:
    """Tell what a whole response said."""
    text = "".join(_texts_of(response.get("output")))
    return Produced(lambda: bool(text), lambda: count_tokens(text))


def _texts_of(output: object) -> Iterator[str]:
    """Walk the texts, thoughts and arguments of items, odd shapes left out."""
    for item in cast("list[object]", output) if isinstance(output, list) else []:
        if isinstance(item, dict):
            fields = cast("dict[str, Any]", item)
            yield from (fields[name] for name in _SAID if isinstance(fields.get(name), str))
            yield from _texts_of(fields.get("content"))
            yield from _texts_of(fields.get("summary"))


def said_in_event(event: Mapping[str, Any]) -> Iterator[str]:
    """Walk what an event adds."""
    said = event.get("delta")
    if isinstance(said, str):
        yield said
