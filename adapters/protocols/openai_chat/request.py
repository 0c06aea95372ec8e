"""Decoding a chat request, and encoding it again for an upstream of the same protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from adapters.protocols.json_body import parse_object
from adapters.protocols.openai_chat.fields import CHANGES_THE_PRICE, NOT_FORWARDED, ChatFields
from domain.errors import InvalidRequestError, UnsupportedParameterError


@dataclass(frozen=True, slots=True)
class ChatRequest:
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

    @property
    def cap_field(self) -> str | None:
        """The name by which the caller limits output, to keep to it upstream."""
        if self.fields.max_completion_tokens is not None:
            return "max_completion_tokens"
        return "max_tokens" if self.fields.max_tokens is not None else None


def decode_request(raw: bytes, headers: Mapping[bytes, bytes] | None = None) -> ChatRequest:
    """Check a request body, or raise InvalidRequestError naming the field."""
    body = parse_object(raw)
    for name in CHANGES_THE_PRICE:
        if body.get(name) is not None:
            raise UnsupportedParameterError(name, "changes the price and is not supported")
    try:
        fields = ChatFields.model_validate(body)
    except ValidationError as error:
        raise _first_fault(error) from None
    if fields.stream_options is not None and not fields.stream:
        message = "'stream_options' is only allowed when 'stream' is true."
        raise InvalidRequestError(message, "stream_options")
    model = fields.model
    for name in NOT_FORWARDED:
        body.pop(name, None)
    try:
        head = orjson.dumps(body)[:-1]
    except TypeError:
        message = "The request body is nested too deeply or has text that is not Unicode."
        raise InvalidRequestError(message) from None
    return ChatRequest(model, fields, body, head, len(raw))


def encode_request(
    request: ChatRequest, *, upstream_model: str, output_cap: int, cap_field: str
) -> bytes:
    """Write the body for an upstream: the caller's own, with our model, cap and usage option."""
    tail: dict[str, Any] = {"model": upstream_model, request.cap_field or cap_field: output_cap}
    if request.stream:
        options = request.fields.stream_options
        given = options.model_dump(exclude_none=True) if options else {}
        tail["stream_options"] = {**given, "include_usage": True}
    return request.head + b"," + orjson.dumps(tail)[1:]


def _first_fault(error: ValidationError) -> InvalidRequestError:
    """Name the innermost field at fault as the caller wrote it: `messages[0].role`."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    fault = max(faults, key=lambda found: len(found["loc"]))
    path = ""
    for step in fault["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not path or step in _FIELD_NAMES:
            path += f".{step}" if path else step
    if fault["type"] == "extra_forbidden":
        return UnsupportedParameterError(
            path, "is unknown, and unknown fields may change the price"
        )
    if path == "service_tier" or path.startswith("modalities"):
        return UnsupportedParameterError(path, "changes the price and is not supported")
    return InvalidRequestError(f"Invalid value for '{path}': {fault['msg']}.", path)


_FIELD_NAMES = frozenset(
    {
        "role", "content", "name", "tool_calls", "tool_call_id", "type", "text", "refusal",
        "image_url", "url", "detail", "input_audio", "data", "format", "file", "include_usage",
    }
)  # fmt: skip
"""Steps of a path that a caller would recognise; the rest are pydantic's names for alternatives."""
