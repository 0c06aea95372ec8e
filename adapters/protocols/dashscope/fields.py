"""The request fields of DashScope (wire-facts §3.1), as far as shape and price go."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Strict = ConfigDict(strict=True, extra="allow")
Whole = ConfigDict(strict=True, extra="forbid")

NAME_MAX = 256
CHOICES_MAX = 4
TOKENS_MAX = 2**31 - 1
Number = Annotated[float, Field(allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=1, le=TOKENS_MAX)]


class CacheControl(BaseModel):
    """The end of a prefix worth caching."""

    model_config = Whole
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class Part(BaseModel):
    """A piece of content; its kind is the name of the field that it has."""

    model_config = Whole
    type: Literal["text", "image", "audio", "video"] | None = None
    text: str | None = None
    image: str | None = None
    audio: str | None = None
    video: str | list[str] | None = None
    min_pixels: int | None = None
    max_pixels: int | None = None
    fps: Number | None = None
    total_pixels: int | None = None
    cache_control: CacheControl | None = None


class CalledFunction(BaseModel):
    """Which function the model called, and with what, as JSON text."""

    model_config = Strict
    name: str
    arguments: str = ""


class ToolCall(BaseModel):
    """A call that the model made."""

    model_config = Strict
    id: str | None = None
    type: Literal["function"] = "function"
    index: int | None = None
    function: CalledFunction


class Message(BaseModel):
    """One turn; what the vendor adds to it is passed on."""

    model_config = Strict
    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    name: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None


class Exchanged(BaseModel):
    """A question and its answer, as they were told before there were messages."""

    model_config = Whole
    user: str
    bot: str | None = None


class Input(BaseModel):
    """What is asked: messages, or a prompt with what was said before it."""

    model_config = Whole
    messages: Annotated[list[Message], Field(min_length=1)] | None = None
    prompt: str | None = None
    history: list[Exchanged] | None = None


class Function(BaseModel):
    """A function that the model may call."""

    model_config = Strict
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(BaseModel):
    """A tool that the caller runs himself."""

    model_config = Strict
    type: Literal["function"] = "function"
    function: Function


class NamedFunction(BaseModel):
    """A function by its name."""

    model_config = Strict
    name: str


class ToolNamed(BaseModel):
    """The one tool that must be called."""

    model_config = Whole
    type: Literal["function"]
    function: NamedFunction


class JsonSchema(BaseModel):
    """The schema of an answer."""

    model_config = Strict
    name: str = "output"
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(BaseModel):
    """What the text of an answer must be."""

    model_config = Whole
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class Parameters(BaseModel):
    """Everything that may be set; a field that is not here is refused."""

    model_config = Whole
    result_format: Literal["text", "message"] | None = None
    incremental_output: bool | None = None
    stream: bool | None = None
    """Older SDKs say it here, too; never sent upstream."""
    max_tokens: Tokens | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: str | list[str] | list[int] | list[list[int]] | None = None
    repetition_penalty: Number | None = None
    presence_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["auto", "none", "required"] | ToolNamed | None = None
    parallel_tool_calls: bool | None = None
    enable_thinking: bool | None = None
    thinking_budget: Tokens | None = None
    n: Annotated[int, Field(ge=1, le=CHOICES_MAX)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    response_format: ResponseFormat | None = None


class GenerationFields(BaseModel):
    """The whole body."""

    model_config = Whole
    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    input: Input
    parameters: Parameters = Parameters()


CHANGES_THE_PRICE: Final = (
    "enable_search",
    "search_options",
    "enable_code_interpreter",
    "vl_high_resolution_images",
    "plugins",
)
"""Known parameters that would add to the bill in ways a hold does not cover."""
