"""Decoding a messages request, and encoding it again for an upstream of the same protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from adapters.protocols.anthropic.answer import encode_answer
from adapters.protocols.anthropic.encoder import MessagesEncoder
from adapters.protocols.anthropic.faults import refusal_of
from adapters.protocols.anthropic.fields import (
    NOT_FORWARDED,
    SAMPLING,
    CountFields,
    MessagesFields,
)
from adapters.protocols.anthropic.foreign import without_foreign
from adapters.protocols.anthropic.headers import CURRENT, safe_betas, version_in
from adapters.protocols.anthropic.prompt import prompt_parts
from adapters.protocols.anthropic.to_conversation import conversation_of
from adapters.protocols.anthropic.tools import check_tools, paid_uses
from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.json_body import parse_object
from adapters.protocols.plain_request import PlainRequest
from adapters.protocols.prompt_size import PromptParts
from domain.errors import InvalidRequestError, UnsupportedParameterError

PROTOCOL = "anthropic"
_USER = "user_id"
Fields = TypeVar("Fields", bound=CountFields)


@dataclass(frozen=True)
class CountRequest:
    """A checked request for a count; `body` is the caller's own JSON without what we set."""

    fields: CountFields
    body: dict[str, Any]
    size: int
    """Bytes as received."""
    version: str
    """The version of the API that it was written for."""
    betas: tuple[str, ...]

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return PROTOCOL

    @property
    def model(self) -> str:
        """The model as the caller names it."""
        return self.fields.model

    def prompt_parts(self) -> PromptParts:
        """Take the prompt apart, for estimating its size before the call."""
        return prompt_parts(self.fields, self.body, self.size)

    @cached_property
    def head(self) -> bytes:
        """The body as an upstream may have it, as JSON bytes, open at the end."""
        body = {**self.body, "messages": without_foreign(self.body["messages"])}
        metadata: dict[str, Any] = self.body.get("metadata") or {}
        if metadata.keys() - {_USER}:
            # Tags are between the caller and us; Anthropic refuses what it does not know.
            body["metadata"] = {_USER: metadata[_USER]} if _USER in metadata else {}
        return orjson.dumps(body)[:-1]

    def written_for(self, upstream_model: str, **ours: Any) -> bytes:
        """Write the body for an upstream: the caller's own, with our model and our fields."""
        return self.head + b"," + orjson.dumps({"model": upstream_model, **ours})[1:]


@dataclass(frozen=True)
class MessagesRequest(CountRequest, PlainRequest):
    """A checked request for an answer."""

    fields: MessagesFields

    @property
    def stream(self) -> bool:
        """Whether the caller wants a stream."""
        return self.fields.stream is True

    @property
    def output_cap(self) -> int:
        """What the caller limits the answer to, in tokens; thinking is inside."""
        return self.fields.max_tokens

    @property
    def choices(self) -> int:
        """How many answers are asked for: one."""
        return 1

    @property
    def tags(self) -> Mapping[str, Any] | None:
        """The caller's own metadata."""
        return self.body.get("metadata")

    @property
    def service_tier(self) -> str | None:
        """The dearer way of being served that is asked for; None for the usual one."""
        return "fast" if self.fields.speed == "fast" else None

    @property
    def extras(self) -> dict[str, int]:
        """How often each paid tool may be used at most, by component."""
        return paid_uses(self.fields.tools or ())

    def conversation(self) -> Conversation:
        """Give the canonical form, or raise UnsupportedParameterError naming the field."""
        return self._conversation

    @cached_property
    def _conversation(self) -> Conversation:
        return conversation_of(self.fields)

    def encode_answer(self, answer: Answer, frame: Frame) -> bytes:
        """Write a whole answer."""
        return encode_answer(answer, frame)

    def stream_encoder(self, frame: Frame) -> MessagesEncoder:
        """Begin to write a streamed answer."""
        return MessagesEncoder(frame)


def decode_request(raw: bytes, headers: Mapping[bytes, bytes]) -> MessagesRequest:
    """Check a request for an answer, or raise InvalidRequestError naming the field."""
    fields, body = _checked(raw, MessagesFields)
    version = version_in(headers)
    _check_version(fields, version)
    _check_thinking(fields)
    request = MessagesRequest(fields, body, len(raw), version, safe_betas(headers))
    _check_writable(request)
    return request


def decode_count(raw: bytes, headers: Mapping[bytes, bytes]) -> CountRequest:
    """Check a request for a count, or raise InvalidRequestError naming the field."""
    fields, body = _checked(raw, CountFields)
    request = CountRequest(fields, body, len(raw), version_in(headers), safe_betas(headers))
    _check_writable(request)
    return request


def _checked(raw: bytes, kind: type[Fields]) -> tuple[Fields, dict[str, Any]]:
    body = parse_object(raw)
    try:
        fields = kind.model_validate(body)
    except ValidationError as error:
        raise refusal_of(error, body) from None
    check_tools(fields.tools or ())
    for name in NOT_FORWARDED:
        body.pop(name, None)
    return fields, body


def _check_version(fields: MessagesFields, version: str) -> None:
    """Refuse what the newer version of the API refuses, wherever the call goes."""
    for name in SAMPLING:
        if version == CURRENT and getattr(fields, name) is not None:
            raise UnsupportedParameterError(name, f"is not taken with anthropic-version {CURRENT}")


def _check_thinking(fields: MessagesFields) -> None:
    thinking = fields.thinking
    budget = thinking.budget_tokens if thinking else None
    if thinking and (thinking.type == "enabled") != (budget is not None):
        message = "'thinking.budget_tokens' goes with 'enabled', and only with it."
        raise InvalidRequestError(message, "thinking.budget_tokens")
    if budget is not None and budget >= fields.max_tokens:
        message = "'thinking.budget_tokens' must be less than 'max_tokens'."
        raise InvalidRequestError(message, "thinking.budget_tokens")


def _check_writable(request: CountRequest) -> None:
    try:
        assert request.head
    except TypeError:
        message = "The request body is nested too deeply or has text that is not Unicode."
        raise InvalidRequestError(message) from None
