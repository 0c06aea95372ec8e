"""Masking a request body: every datum of the kinds asked for gets a placeholder in its place."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from adapters.masking import api_keys, cards, emails, ibans, phones
from adapters.masking.phones import Phones
from adapters.masking.placeholders import Placeholders
from adapters.masking.prompt_text import Json, change_texts, tokens_in
from adapters.masking.span import Span, merged
from adapters.masking.terms import Terms
from adapters.masking.thoughts import Visit
from adapters.protocols.counters import within
from adapters.protocols.json_body import parse_object
from domain.errors import InvalidRequestError, UnsupportedParameterError

Find = Callable[[str], Iterable[Span]]
_FINDERS: Final[Mapping[str, Find]] = {
    api_keys.KIND: api_keys.find,
    cards.KIND: cards.find,
    emails.KIND: emails.find,
    ibans.KIND: ibans.find,
}
DATA_MAX: Final = 50_000
"""More in one prompt would keep all others waiting while they are put in order."""
_FORMATS: Final = (
    ("response_format",),
    ("text", "format"),
    ("output_format",),
    ("output_config", "format"),
    ("parameters", "response_format"),
)


@dataclass(frozen=True, slots=True)
class Masked:
    """A body as it may leave; `placeholders` say what was in it."""

    body: bytes
    placeholders: Placeholders
    incremental: bool | None
    """Whether a stream was asked for, in DashScope's words, that only tells what is new."""
    in_json: bool
    """Whether the answer's text was asked for as JSON."""


def mask_prompt(
    raw: bytes, kinds: Collection[str], known: Terms, tag_names: Collection[str] = ()
) -> Masked:
    """Mask a body in any protocol; one in which nothing is found stays as it is.

    Raises InvalidRequestError for what is no JSON object or holds too many data,
    ContentBlockedError if a rule refuses it, and UnsupportedParameterError for a prompt of
    tokens, which hides what it says.
    """
    body = parse_object(raw)
    try:
        placeholders = _mask(body, kinds, known, tag_names)
    except RecursionError:
        message = "The request body is nested too deeply."
        raise InvalidRequestError(message) from None
    asked = within(body, "parameters", "incremental_output")
    masked = orjson.dumps(body) if placeholders else raw
    return Masked(masked, placeholders, asked is True or None, _asks_for_json(body))


def _asks_for_json(body: Json) -> bool:
    asked = (within(body, *path, "type") for path in _FORMATS)
    return any(kind in {"json_object", "json_schema"} for kind in asked if isinstance(kind, str))


def _mask(
    body: Json, kinds: Collection[str], known: Terms, tag_names: Collection[str]
) -> Placeholders:
    if field := tokens_in(body):
        why = "must be text under the account's security policy, which tokens would evade"
        raise UnsupportedParameterError(field, why)
    placeholders = Placeholders()

    def check(text: str) -> str:
        known.check(text)
        return text

    def see(text: str) -> str:
        placeholders.avoid(text)
        return check(text)

    change_texts(body, Visit(see, check, check), tag_names)
    mask = _Masking(_finders(kinds, known), placeholders).changed
    change_texts(body, Visit(mask, mask, str), tag_names)
    return placeholders


class _Masking:
    """Puts placeholders into the texts of one prompt."""

    def __init__(self, finders: Sequence[Find], placeholders: Placeholders) -> None:
        self._finders = finders
        self._placeholders = placeholders
        self._left = DATA_MAX

    def changed(self, text: str) -> str:
        """Mask a text."""
        parts: list[str] = []
        end = 0
        for span in merged(self._found(text)):
            name = self._placeholders.of(span.kind, text[span.start : span.end])
            parts += text[end : span.start], name
            end = span.end
        return "".join([*parts, text[end:]]) if parts else text

    def _found(self, text: str) -> Iterator[Span]:
        for find in self._finders:
            for span in find(text):
                if self._left == 0:
                    message = f"The request holds more than {DATA_MAX} data that are to be masked."
                    raise InvalidRequestError(message)
                self._left -= 1
                yield span


def _finders(kinds: Collection[str], known: Terms) -> list[Find]:
    found = [_FINDERS[kind] for kind in sorted(kinds) if kind in _FINDERS]
    if phones.KIND in kinds:
        found.append(Phones().find)
    return [*found, known.find]
