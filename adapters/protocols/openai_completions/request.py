"""Decoding a completions request, and encoding it again for an upstream of the same protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.json_body import parse_object
from adapters.protocols.openai_completions.answer import encode_answer
from adapters.protocols.openai_completions.encoder import CompletionsEncoder
from adapters.protocols.openai_completions.fields import (
    DEFAULT_TOKENS,
    NOT_FORWARDED,
    CompletionsFields,
)
from adapters.protocols.openai_completions.to_conversation import to_conversation
from adapters.protocols.plain_request import PlainRequest
from adapters.protocols.prompt_size import PromptParts
from adapters.protocols.refusals import refusal_of
from domain.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class CompletionsRequest(PlainRequest):
    """A checked request; `body` is the caller's own JSON without what the gateway sets."""

    model: str
    fields: CompletionsFields
    body: dict[str, Any]
    head: bytes
    """`body` as JSON bytes, open at the end."""
    size: int
    """Bytes as received."""

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return "openai_completions"

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
        """What the caller limits each candidate to."""
        return self.fields.max_tokens

    @property
    def default_cap(self) -> int:
        """What each is limited to where the caller says nothing, as this protocol has it."""
        return DEFAULT_TOKENS

    @property
    def choices(self) -> int:
        """How many texts are made and billed: all candidates for each prompt."""
        return len(self.prompts) * max(self.fields.n or 1, self.fields.best_of or 1)

    @property
    def shown_choices(self) -> int:
        """How many of them come back."""
        return len(self.prompts) * (self.fields.n or 1)

    @property
    def tags(self) -> Mapping[str, Any] | None:
        """None: there is no place for them."""
        return None

    @property
    def prompts(self) -> list[str | list[int]]:
        """Each prompt, as text or as tokens."""
        given = self.fields.prompt
        if isinstance(given, str):
            return [given]
        tokens = [item for item in given if isinstance(item, int)]
        return [tokens] if tokens else [item for item in given if not isinstance(item, int)]

    def prompt_parts(self) -> PromptParts:
        """Take the prompts apart; tokens are counted, not estimated."""
        prompts = self.prompts
        return PromptParts(
            texts=[
                *(item for item in prompts if isinstance(item, str)),
                *([self.fields.suffix] if self.fields.suffix else ()),
            ],
            messages=len(prompts),
            size=self.size,
            tokens=sum(len(item) for item in prompts if not isinstance(item, str)),
            prompts=len(prompts),
        )

    def conversation(self) -> Conversation:
        """Give the canonical form, or raise UnsupportedParameterError naming the field."""
        return to_conversation(self.body, self.prompts)

    def encode_answer(self, answer: Answer, frame: Frame) -> bytes:
        """Write a whole answer as a text completion."""
        return encode_answer(answer, frame)

    def stream_encoder(self, frame: Frame) -> CompletionsEncoder:
        """Begin to write a streamed answer as chunks."""
        return CompletionsEncoder(frame, wants_usage=self.wants_usage)


def decode_request(raw: bytes, headers: Mapping[bytes, bytes] | None = None) -> CompletionsRequest:
    """Check a request body, or raise InvalidRequestError naming the field."""
    body = parse_object(raw)
    try:
        fields = CompletionsFields.model_validate(body)
    except ValidationError as error:
        raise refusal_of(error, body) from None
    if fields.stream_options is not None and not fields.stream:
        message = "'stream_options' is only allowed when 'stream' is true."
        raise InvalidRequestError(message, "stream_options")
    if fields.best_of is not None and fields.best_of < (fields.n or 1):
        message = "'best_of' must be at least 'n'."
        raise InvalidRequestError(message, "best_of")
    if fields.best_of is not None and fields.best_of > 1 and fields.stream:
        message = "'best_of' cannot be streamed."
        raise InvalidRequestError(message, "best_of")
    for name in NOT_FORWARDED:
        body.pop(name, None)
    try:
        head = orjson.dumps(body)[:-1]
    except TypeError:
        message = "The request body has text that is not Unicode."
        raise InvalidRequestError(message) from None
    return CompletionsRequest(fields.model, fields, body, head, len(raw))


def encode_request(request: CompletionsRequest, *, upstream_model: str, output_cap: int) -> bytes:
    """Write the body for an upstream: the caller's own, with our model, cap and usage option."""
    tail: dict[str, Any] = {"model": upstream_model, "max_tokens": output_cap}
    if request.stream:
        options = request.fields.stream_options
        given = options.model_dump(exclude_none=True) if options else {}
        tail["stream_options"] = {**given, "include_usage": True}
    return request.head + b"," + orjson.dumps(tail)[1:]
