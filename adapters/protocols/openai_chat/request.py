"""Decoding a chat request, and encoding it again for an upstream of the same protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from pydantic import ValidationError

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.json_body import parse_object
from adapters.protocols.openai_chat.answer import encode_answer
from adapters.protocols.openai_chat.encoder import ChatEncoder
from adapters.protocols.openai_chat.fields import (
    CHANGES_THE_PRICE,
    NOT_FORWARDED,
    PRICED,
    ChatFields,
)
from adapters.protocols.openai_chat.prompt import prompt_parts
from adapters.protocols.openai_chat.thinking import bounded_thinking
from adapters.protocols.openai_chat.to_conversation import to_conversation
from adapters.protocols.plain_request import PlainRequest
from adapters.protocols.prompt_size import PromptParts
from adapters.protocols.refusals import refusal_of
from domain.errors import InvalidRequestError, UnsupportedParameterError


@dataclass(frozen=True)
class ChatRequest(PlainRequest):
    """A checked request; `body` is the caller's own JSON without what the gateway sets."""

    model: str
    fields: ChatFields
    body: dict[str, Any]
    head: bytes
    """`body` as JSON bytes, open at the end."""
    size: int
    """Bytes as received."""

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return "openai_chat"

    @property
    def tags(self) -> Mapping[str, Any] | None:
        """The caller's own metadata."""
        return self.fields.metadata

    @property
    def tier(self) -> str | None:
        """The tier that the caller wants for `auto`."""
        return self.fields.tier

    @property
    def stream(self) -> bool:
        """Whether the caller wants a stream."""
        return self.fields.stream is True

    @property
    def wants_usage(self) -> bool:
        """Whether the caller wants the usage chunk of a stream."""
        options = self.fields.stream_options
        return options is not None and options.include_usage is True

    @property
    def output_cap(self) -> int | None:
        """What the caller limits each choice to, in tokens; the newer name wins."""
        return self.fields.max_completion_tokens or self.fields.max_tokens

    @property
    def choices(self) -> int:
        """How many answers are asked for."""
        return self.fields.n or 1

    def prompt_parts(self) -> PromptParts:
        """Take the prompt apart, for estimating its size before the call."""
        return prompt_parts(self.body, self.size)

    def conversation(self) -> Conversation:
        """Give the canonical form, or raise UnsupportedParameterError naming the field."""
        return self._conversation

    @cached_property
    def _conversation(self) -> Conversation:
        return to_conversation(self.body)

    def encode_answer(self, answer: Answer, frame: Frame) -> bytes:
        """Write a whole answer as a chat completion."""
        return encode_answer(answer, frame)

    def stream_encoder(self, frame: Frame) -> ChatEncoder:
        """Begin to write a streamed answer as chunks."""
        return ChatEncoder(frame, wants_usage=self.wants_usage)


def decode_request(raw: bytes, headers: Mapping[bytes, bytes] | None = None) -> ChatRequest:
    """Check a request body, or raise InvalidRequestError naming the field."""
    body = parse_object(raw)
    for name in CHANGES_THE_PRICE:
        if body.get(name) is not None:
            raise UnsupportedParameterError(name, "changes the price and is not supported")
    try:
        fields = ChatFields.model_validate(body)
    except ValidationError as error:
        raise refusal_of(error, body, PRICED) from None
    if fields.stream_options is not None and not fields.stream:
        message = "'stream_options' is only allowed when 'stream' is true."
        raise InvalidRequestError(message, "stream_options")
    model = fields.model
    for name in NOT_FORWARDED:
        body.pop(name, None)
    if body.get("store"):
        body["store"] = False
    head = orjson.dumps(body)[:-1]
    return ChatRequest(model, fields, body, head, len(raw))


def encode_request(
    request: ChatRequest, *, upstream_model: str, output_cap: int, cap_field: str
) -> bytes:
    """Write the body for an upstream: the caller's own, with our model, cap and usage option.

    The cap goes by the name that the server knows, whatever the caller called it: an imitator of
    OpenAI ignores the one that it does not know, and the output would be without bounds.
    """
    tail: dict[str, Any] = {"model": upstream_model, cap_field: output_cap}
    if request.stream:
        options = request.fields.stream_options
        given = options.model_dump(exclude_none=True) if options else {}
        tail["stream_options"] = {**given, "include_usage": True}
    thinking = bounded_thinking(request.body, output_cap=output_cap, cap_field=cap_field)
    if thinking:
        return orjson.dumps({**request.body, **tail, **thinking})
    return request.head + b"," + orjson.dumps(tail)[1:]
