"""The request fields of chat completions (wire-facts §1.1), as far as shape and price go."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Strict = ConfigDict(strict=True, extra="allow")
Whole = ConfigDict(strict=True, extra="forbid")

NAME_MAX = 256
CHOICES_MAX = 128
TOKENS_MAX = 2**31 - 1
Number = Annotated[float, Field(allow_inf_nan=False)]


class TextPart(BaseModel):
    """Plain text."""

    model_config = Strict
    type: Literal["text"]
    text: str


class RefusalPart(BaseModel):
    """A refusal that the model gave before."""

    model_config = Strict
    type: Literal["refusal"]
    refusal: str


class ImageUrl(BaseModel):
    """Where an image is, and how closely to look."""

    model_config = Strict
    url: str
    detail: Literal["auto", "low", "high", "original"] | None = None


class ImagePart(BaseModel):
    """An image by address or as data."""

    model_config = Strict
    type: Literal["image_url"]
    image_url: ImageUrl


class InputAudio(BaseModel):
    """Audio as base64."""

    model_config = Strict
    data: str
    format: str


class AudioPart(BaseModel):
    """Audio in the prompt."""

    model_config = Strict
    type: Literal["input_audio"]
    input_audio: InputAudio


class FilePart(BaseModel):
    """A file in the prompt."""

    model_config = Strict
    type: Literal["file"]
    file: dict[str, Any]


Part = Annotated[
    TextPart | RefusalPart | ImagePart | AudioPart | FilePart, Field(discriminator="type")
]


class Message(BaseModel):
    """One turn; what vendors add to it is passed on."""

    model_config = Strict
    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None


class StreamOptions(BaseModel):
    """What a stream carries besides text."""

    model_config = Strict
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class CacheOptions(BaseModel):
    """How prompts are cached; warming a cache before the call is a charge of its own."""

    model_config = Whole
    mode: Literal["implicit", "explicit"] | None = None
    ttl: Literal["30m"] | None = None


class Tool(BaseModel):
    """A function or custom tool; tools that a provider would run cost extra and are refused."""

    model_config = Strict
    type: Literal["function", "custom"]


Tokens = Annotated[int, Field(ge=1, le=TOKENS_MAX)]


class ChatFields(BaseModel):
    """Everything a chat request may say; a field that is not here is refused."""

    model_config = Whole
    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: Tokens | None = None
    max_tokens: Tokens | None = None
    n: Annotated[int, Field(ge=1, le=CHOICES_MAX)] | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    presence_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    seed: int | None = None
    logit_bias: dict[str, Number] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    tools: list[Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    functions: list[dict[str, Any]] | None = None
    function_call: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    modalities: list[Literal["text"]] | None = None
    service_tier: Literal["auto", "default"] | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: CacheOptions | None = None
    prompt_cache_retention: str | None = None
    store: bool | None = None
    """Taken and never granted: what goes upstream is to be kept nowhere."""
    metadata: dict[str, str] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    client_metadata: dict[str, Any] | None = None
    tier: str | None = None
    """A gateway's own hint (JoyToken); never sent upstream."""
    top_k: int | None = None
    min_p: Number | None = None
    repetition_penalty: Number | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    enable_thinking: bool | None = None


CHANGES_THE_PRICE = frozenset(
    {"audio", "moderation", "prediction", "web_search_options", "web_search"}
)
"""Known fields that would add to the bill in ways a hold does not cover."""
PRICED = frozenset({"service_tier", "modalities", "prompt_cache_options.prewarm"})
"""Fields some of whose values are dearer than what is held."""

NOT_FORWARDED = ("model", "max_tokens", "max_completion_tokens", "stream_options", "tier")
"""Taken out of the body: ours to set, or ours alone."""
