"""Decoding a request of Responses, and encoding it again for an upstream of the same protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

import orjson
from pydantic import ValidationError

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.counters import within
from adapters.protocols.inbound import StreamEncoder
from adapters.protocols.json_body import parse_object
from adapters.protocols.openai_responses.answer import encode_answer
from adapters.protocols.openai_responses.encoder import ResponsesEncoder
from adapters.protocols.openai_responses.fields import (
    CALLABLE,
    CHANGES_THE_PRICE,
    CHOICE_TYPES,
    CHOICES,
    SPARED,
    STATEFUL,
    ResponsesFields,
)
from adapters.protocols.openai_responses.passed import passed_on
from adapters.protocols.openai_responses.prompt import prompt_parts
from adapters.protocols.openai_responses.to_conversation import to_conversation
from adapters.protocols.plain_request import PlainRequest
from adapters.protocols.prompt_size import PromptParts
from adapters.protocols.refusals import refusal_of
from domain.errors import InvalidRequestError, UnsupportedParameterError

PRICED: Final = ("reasoning.mode", "prompt_cache_options.prewarm")
"""Fields some of whose values are dearer than what is held."""
USUAL_TIERS: Final = (None, "auto", "default")


@dataclass(frozen=True)
class ResponsesRequest(PlainRequest):
    """A checked request; `body` is the caller's own JSON without what nobody here can honour."""

    model: str
    fields: ResponsesFields
    body: dict[str, Any]
    head: bytes
    """What an upstream of the same protocol gets of it, as JSON bytes open at the end."""
    size: int
    """Bytes as received."""

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return "openai_responses"

    @property
    def tags(self) -> Mapping[str, Any] | None:
        """The caller's own metadata."""
        return self.fields.metadata

    @property
    def stream(self) -> bool:
        """Whether the caller wants a stream."""
        return self.fields.stream is True

    @property
    def output_cap(self) -> int | None:
        """What the caller limits the answer to, in tokens, thoughts included."""
        return self.fields.max_output_tokens

    @property
    def choices(self) -> int:
        """How many answers are asked for."""
        return 1

    @property
    def service_tier(self) -> str | None:
        """The dearer way of being served that is asked for; None for the usual one."""
        tier = self.fields.service_tier
        return None if tier in USUAL_TIERS else tier

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
        """Write a whole answer as a response."""
        return encode_answer(answer, frame, self.body)

    def stream_encoder(self, frame: Frame) -> StreamEncoder:
        """Begin to write a streamed response."""
        return ResponsesEncoder(frame, self.body)


def decode_request(raw: bytes, headers: Mapping[bytes, bytes] | None = None) -> ResponsesRequest:
    """Check a request body, or raise InvalidRequestError naming the field."""
    body = parse_object(raw)
    _refuse_what_is_stored(body)
    for name in CHANGES_THE_PRICE:
        if body.pop(name, None) is not None:
            raise UnsupportedParameterError(name, "changes the price and is not supported")
    _spare_tools(body)
    _check_choice(body.get("tool_choice"))
    try:
        fields = ResponsesFields.model_validate(body)
    except ValidationError as error:
        raise refusal_of(error, body, PRICED) from None
    if fields.stream_options is not None and not fields.stream:
        message = "'stream_options' is only allowed when 'stream' is true."
        raise InvalidRequestError(message, "stream_options")
    head = orjson.dumps(passed_on(body))[:-1]
    return ResponsesRequest(fields.model, fields, body, head, len(raw))


def encode_request(request: ResponsesRequest, *, upstream_model: str, output_cap: int) -> bytes:
    """Write the caller's own body with our model and cap, to be kept nowhere."""
    ours = {"model": upstream_model, "max_output_tokens": output_cap, "store": False}
    between = b"," if len(request.head) > 1 else b""
    return request.head + between + orjson.dumps(ours)[1:]


def _refuse_what_is_stored(body: dict[str, Any]) -> None:
    for name in STATEFUL:
        if body.pop(name, None):
            raise _stateless(name)
    for index, item in enumerate(_list(body, "input")):
        if within(item, "type") == "item_reference":
            raise _stateless(f"input[{index}].type")


def _stateless(path: str) -> UnsupportedParameterError:
    return UnsupportedParameterError(path, "counts on stored state, and nothing is stored here")


def _spare_tools(body: dict[str, Any]) -> None:
    """Leave out what the model may do without; raise UnsupportedParameterError for the others."""
    tools = _list(body, "tools")
    choice = body.get("tool_choice")
    free = choice is None or choice == "auto"
    kept: list[object] = []
    for index, tool in enumerate(tools):
        kind = within(tool, "type")
        if isinstance(kind, str) and kind not in CALLABLE:
            if free and kind.startswith(SPARED):
                continue
            path = f"tools[{index}].type"
            raise UnsupportedParameterError(path, f"'{kind[:64]}' is not run here")
        kept.append(tool)
    if tools and kept:
        body["tools"] = kept
    elif tools:
        del body["tools"]


def _list(body: Mapping[str, Any], name: str) -> list[object]:
    """Give a list of the body; none for what the check of the body will refuse."""
    given = body.get(name)
    return cast("list[object]", given) if isinstance(given, list) else []


def _check_choice(choice: object) -> None:
    if isinstance(choice, str) and choice not in CHOICES:
        message = "'tool_choice' must be none, auto, required or an object."
        raise InvalidRequestError(message, "tool_choice")
    if isinstance(choice, dict) and within(cast("object", choice), "type") not in CHOICE_TYPES:
        raise UnsupportedParameterError("tool_choice.type", "names a tool that is not run here")
