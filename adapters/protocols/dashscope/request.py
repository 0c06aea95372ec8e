"""Decoding a DashScope request, and encoding it again for an upstream of the same protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

import orjson
from pydantic import ValidationError

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.dashscope.answer import write_answer
from adapters.protocols.dashscope.encoder import Encoder
from adapters.protocols.dashscope.fields import CHANGES_THE_PRICE, GenerationFields
from adapters.protocols.dashscope.models import BUDGET_DEFAULT, thinks_unasked
from adapters.protocols.dashscope.prompt import parts_of, prompt_parts
from adapters.protocols.dashscope.shape import Shape
from adapters.protocols.dashscope.to_conversation import to_conversation
from adapters.protocols.field_paths import UNKNOWN, first_fault
from adapters.protocols.json_body import parse_object
from adapters.protocols.plain_request import PlainRequest
from adapters.protocols.prompt_size import PromptParts
from domain.errors import InvalidRequestError, UnsupportedParameterError

NOT_FORWARDED: Final = ("stream", "max_tokens", "thinking_budget")
"""Taken out of the parameters: ours to set."""
REFUSED_HEADERS: Final = {
    b"x-dashscope-async": "X-DashScope-Async",
    b"x-dashscope-plugin": "X-DashScope-Plugin",
    b"x-dashscope-encryptionkey": "X-DashScope-EncryptionKey",
    b"x-dashscope-ossresourceresolve": "X-DashScope-OssResourceResolve",
}
"""Tasks to be fetched later, tools that cost extra, and what only the vendor can read."""


@dataclass(frozen=True)
class DashScopeRequest(PlainRequest):
    """A checked request; the caller's own JSON is kept without what the gateway sets."""

    fields: GenerationFields
    parameters: dict[str, Any]
    input: bytes
    """The caller's `input` as JSON."""
    size: int
    """Bytes as received."""
    stream: bool
    multimodal: bool
    """Whether it came to, and goes to, the endpoint for content in parts."""

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return "dashscope"

    @property
    def model(self) -> str:
        """The model as the caller names it."""
        return self.fields.model

    @property
    def tags(self) -> Mapping[str, Any] | None:
        """Give nothing: the protocol has no place for them."""
        return None

    @property
    def output_cap(self) -> int | None:
        """What the caller limits each choice to: what may be seen, and what may be thought."""
        seen = self.fields.parameters.max_tokens
        return None if seen is None else seen + self.thinking_tokens

    @property
    def choices(self) -> int:
        """How many answers are asked for."""
        return self.fields.parameters.n or 1

    @property
    def thinking_tokens(self) -> int:
        """What each choice may think besides what is seen, which alone `max_tokens` bounds."""
        asked = self.fields.parameters
        unsaid = asked.enable_thinking is None
        thinks = thinks_unasked(self.model) if unsaid else asked.enable_thinking
        if not thinks and not (unsaid and asked.thinking_budget):
            return 0
        return asked.thinking_budget or BUDGET_DEFAULT

    @property
    def shape(self) -> Shape:
        """How the answer is to be written.

        Where the caller does not say it: plain text, unless that would leave something out.
        """
        asked = self.fields.parameters
        beyond_text = bool(asked.tools or asked.enable_thinking or self.choices > 1)
        message = asked.result_format == "message" or (asked.result_format is None and beyond_text)
        return Shape(message or self.multimodal, asked.incremental_output is True, self.multimodal)

    def prompt_parts(self) -> PromptParts:
        """Take the prompt apart, for estimating its size before the call."""
        return prompt_parts(self.fields, self.parameters, self.size)

    def conversation(self) -> Conversation:
        """Give the canonical form, or raise UnsupportedParameterError naming the field."""
        return self._conversation

    @cached_property
    def _conversation(self) -> Conversation:
        return to_conversation(self.fields)

    def encode_answer(self, answer: Answer, frame: Frame) -> bytes:
        """Write a whole answer as this protocol's body."""
        return orjson.dumps(write_answer(answer, frame, self.shape))

    def stream_encoder(self, frame: Frame) -> Encoder:
        """Begin to write a streamed answer."""
        return Encoder(frame, self.shape)


def decode_text(raw: bytes, headers: Mapping[bytes, bytes]) -> DashScopeRequest:
    """Check a request for text generation, or raise InvalidRequestError naming the field."""
    return _decode(raw, headers, multimodal=False)


def decode_multimodal(raw: bytes, headers: Mapping[bytes, bytes]) -> DashScopeRequest:
    """Check a request whose content comes in parts, or raise InvalidRequestError."""
    return _decode(raw, headers, multimodal=True)


def encode_request(
    request: DashScopeRequest, *, upstream_model: str, set_by_us: Mapping[str, Any]
) -> bytes:
    """Write the body for an upstream: the caller's own, with our model and limits."""
    parameters = orjson.dumps({**request.parameters, **set_by_us})
    model = orjson.dumps(upstream_model)
    return b'{"model":%b,"input":%b,"parameters":%b}' % (model, request.input, parameters)


def _decode(raw: bytes, headers: Mapping[bytes, bytes], *, multimodal: bool) -> DashScopeRequest:
    _refuse_headers(headers)
    body = parse_object(raw)
    given = body.get("parameters")
    parameters = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    for name in CHANGES_THE_PRICE:
        if parameters.get(name):
            raise UnsupportedParameterError(
                f"parameters.{name}", "changes the price and is not supported"
            )
        parameters.pop(name, None)
    try:
        fields = GenerationFields.model_validate(body)
    except ValidationError as error:
        raise _refusal(error, body) from None
    _check_input(fields)
    stream = fields.parameters.stream is True or _asks_for_events(headers)
    for name in NOT_FORWARDED:
        parameters.pop(name, None)
    try:
        said = orjson.dumps(body["input"])
        orjson.dumps(parameters)
    except TypeError:
        message = "The request body is nested too deeply or has text that is not Unicode."
        raise InvalidRequestError(message) from None
    return DashScopeRequest(fields, parameters, said, len(raw), stream, multimodal)


def _refuse_headers(headers: Mapping[bytes, bytes]) -> None:
    for name, shown in REFUSED_HEADERS.items():
        if headers.get(name, b"").strip().lower() not in {b"", b"disable", b"false"}:
            raise UnsupportedParameterError(shown)


def _asks_for_events(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a stream is wanted: callers say so in either header."""
    enabled = headers.get(b"x-dashscope-sse", b"").strip().lower() in {b"enable", b"true"}
    return enabled or b"text/event-stream" in headers.get(b"accept", b"").lower()


def _check_input(fields: GenerationFields) -> None:
    """Make sure that there is one question, and that each part of it has one kind."""
    asked = fields.input
    if (asked.messages is None) == (asked.prompt is None):
        message = "'input' takes either 'messages' or 'prompt'."
        raise InvalidRequestError(message, "input")
    if asked.messages is not None and asked.history is not None:
        message = "'input.history' goes with 'prompt' only."
        raise InvalidRequestError(message, "input.history")
    for index, said in enumerate(asked.messages or []):
        for place, part in enumerate(parts_of(said)):
            kinds = (part.text, part.image, part.audio, part.video)
            if sum(kind is not None for kind in kinds) != 1:
                path = f"input.messages[{index}].content[{place}]"
                message = f"'{path}' must be one of text, image, audio and video."
                raise InvalidRequestError(message, path)


def _refusal(error: ValidationError, body: dict[str, Any]) -> InvalidRequestError:
    """Name the innermost field at fault as the caller wrote it: `input.messages[0].role`."""
    path, kind, told = first_fault(error, body)
    if kind == UNKNOWN:
        why = "is unknown, and unknown fields may change the price"
        return UnsupportedParameterError(path, why)
    return InvalidRequestError(f"Invalid value for '{path}': {told}.", path)
