"""The request fields of text completions (wire-facts §1.2)."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from adapters.protocols.openai_chat.fields import (
    CHOICES_MAX,
    NAME_MAX,
    Number,
    StreamOptions,
    Tokens,
)

DEFAULT_TOKENS: Final = 16
"""What the protocol answers with when the caller names no limit."""
PROMPTS_MAX: Final = 2_048
Token = Annotated[int, Field(ge=0, lt=2**32)]
TokenIds = Annotated[list[Token], Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=CHOICES_MAX)]


class CompletionsFields(BaseModel):
    """Everything a completions request may say; a field that is not here is refused."""

    model_config = ConfigDict(strict=True, extra="forbid")
    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    prompt: (
        str
        | Annotated[list[str], Field(min_length=1, max_length=PROMPTS_MAX)]
        | TokenIds
        | Annotated[list[TokenIds], Field(min_length=1, max_length=PROMPTS_MAX)]
    )
    best_of: Count | None = None
    echo: bool | None = None
    frequency_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    logit_bias: dict[str, Number] | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    max_tokens: Tokens | None = None
    n: Count | None = None
    seed: int | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    suffix: str | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    user: str | None = None


NOT_FORWARDED: Final = ("model", "max_tokens", "stream_options")
"""Taken out of the body: ours to set."""
