"""Decoding an embeddings request, and what a provider of another protocol needs of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NoReturn

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.protocols.canonical.answer import Answer, Frame
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.inbound import StreamEncoder
from adapters.protocols.json_body import parse_object
from adapters.protocols.plain_request import PlainRequest
from adapters.protocols.prompt_size import PromptParts
from adapters.protocols.refusals import refusal_of
from domain.errors import InvalidRequestError, UnsupportedParameterError

NAME_MAX = 256
INPUTS_MAX = 2_048
DIMENSIONS_MAX = 2**16
Text = Annotated[str, Field(min_length=1)]
Token = Annotated[int, Field(ge=0, lt=2**32)]
Tokens = Annotated[list[Token], Field(min_length=1)]


class EmbeddingsFields(BaseModel):
    """Everything an embeddings request may say; a field that is not here is refused."""

    model_config = ConfigDict(strict=True, extra="forbid")
    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    input: (
        Text
        | Annotated[list[Text], Field(min_length=1)]
        | Tokens
        | Annotated[list[Tokens], Field(min_length=1)]
    )
    dimensions: Annotated[int, Field(ge=1, le=DIMENSIONS_MAX)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest(PlainRequest):
    """A checked request; `body` is the caller's own JSON without the model."""

    model: str
    fields: EmbeddingsFields
    body: dict[str, Any]
    size: int
    """Bytes as received."""

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return "openai_embeddings"

    @property
    def stream(self) -> bool:
        """Never: vectors come whole."""
        return False

    @property
    def output_cap(self) -> int | None:
        """No tokens come out: only the input is billed."""
        return 0

    @property
    def choices(self) -> int:
        """One set of vectors."""
        return 1

    @property
    def tags(self) -> Mapping[str, Any] | None:
        """None: there is no place for them."""
        return None

    @property
    def base64(self) -> bool:
        """Whether the caller wants vectors packed."""
        return self.fields.encoding_format == "base64"

    @property
    def dimensions(self) -> int | None:
        """How long the vectors shall be, where the caller says."""
        return self.fields.dimensions

    @property
    def count(self) -> int:
        """How many vectors are asked for."""
        return len(self.inputs)

    def texts(self) -> list[str]:
        """Give the texts to embed, in order, or raise UnsupportedParameterError for tokens.

        Tokens mean something to the model alone that they were made for.
        """
        texts = [item for item in self.inputs if isinstance(item, str)]
        if len(texts) != self.count:
            raise UnsupportedParameterError("input", "must be text for this model, not tokens")
        return texts

    def prompt_parts(self) -> PromptParts:
        """Take the input apart; tokens are counted, not estimated."""
        inputs = self.inputs
        return PromptParts(
            texts=[item for item in inputs if isinstance(item, str)],
            messages=0,
            size=self.size,
            tokens=sum(len(item) for item in inputs if not isinstance(item, str)),
            prompts=len(inputs),
        )

    def conversation(self) -> Conversation:
        """Refuse: an embedding is no conversation."""
        _refuse()

    def encode_answer(self, answer: Answer, frame: Frame) -> bytes:
        """Refuse: an embedding is no conversation."""
        _refuse()

    def stream_encoder(self, frame: Frame) -> StreamEncoder:
        """Refuse: an embedding is no conversation."""
        _refuse()

    @property
    def inputs(self) -> list[str | list[int]]:
        """Each thing to embed, as text or as tokens."""
        given = self.fields.input
        if isinstance(given, str):
            return [given]
        tokens = [item for item in given if isinstance(item, int)]
        return [tokens] if tokens else [item for item in given if not isinstance(item, int)]


def decode_request(raw: bytes, headers: Mapping[bytes, bytes] | None = None) -> EmbeddingsRequest:
    """Check a request body, or raise InvalidRequestError naming the field."""
    body = parse_object(raw)
    try:
        fields = EmbeddingsFields.model_validate(body)
    except ValidationError as error:
        raise refusal_of(error, body) from None
    if not isinstance(fields.input, str) and _too_many(fields.input):
        message = f"'input' may hold at most {INPUTS_MAX} items."
        raise InvalidRequestError(message, "input")
    del body["model"]
    try:
        orjson.dumps(body)
    except TypeError:
        message = "The request body has text that is not Unicode."
        raise InvalidRequestError(message) from None
    return EmbeddingsRequest(fields.model, fields, body, len(raw))


def _too_many(given: Sequence[str | int | list[int]]) -> bool:
    """Count what stands alone: the tokens of one input may be more."""
    return len(given) > INPUTS_MAX and not isinstance(given[0], int)


def _refuse() -> NoReturn:
    raise UnsupportedParameterError("model", "has no provider that makes embeddings")
