"""The request fields of messages (wire-facts §1.5), as far as shape and price go."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Open = ConfigDict(strict=True, extra="allow")
Whole = ConfigDict(strict=True, extra="forbid")

NAME_MAX = 256
TOKENS_MAX = 2**31 - 1
THINKING_MIN = 1024

Number = Annotated[float, Field(allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=1, le=TOKENS_MAX)]


class CacheControl(BaseModel):
    """The end of a prefix that is worth keeping."""

    model_config = Whole
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class Text(BaseModel):
    """Plain text."""

    model_config = Open
    type: Literal["text"]
    text: str
    cache_control: CacheControl | None = None
    citations: list[dict[str, Any]] | None = None


class Base64(BaseModel):
    """Data, or the plain text of a document."""

    model_config = Open
    type: Literal["base64", "text"]
    media_type: str
    data: str


class Url(BaseModel):
    """An address that the provider fetches."""

    model_config = Open
    type: Literal["url"]
    url: str


class Image(BaseModel):
    """A picture."""

    model_config = Open
    type: Literal["image"]
    source: Annotated[Base64 | Url, Field(discriminator="type")]
    cache_control: CacheControl | None = None


class Content(BaseModel):
    """A document made of blocks."""

    model_config = Open
    type: Literal["content"]
    content: str | list[Annotated[Text | Image, Field(discriminator="type")]]


class Citations(BaseModel):
    """Whether the answer is to say where it has things from."""

    model_config = Open
    enabled: bool | None = None


class Document(BaseModel):
    """A file to read."""

    model_config = Open
    type: Literal["document"]
    source: Annotated[Base64 | Url | Content, Field(discriminator="type")]
    title: str | None = None
    context: str | None = None
    citations: Citations | None = None
    cache_control: CacheControl | None = None


class SearchResult(BaseModel):
    """What a search of the caller's own found."""

    model_config = Open
    type: Literal["search_result"]
    source: str
    title: str
    content: list[Text]
    citations: Citations | None = None
    cache_control: CacheControl | None = None


class ToolUse(BaseModel):
    """The model called a tool."""

    model_config = Open
    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any]
    cache_control: CacheControl | None = None


class OfNoCost(BaseModel):
    """A block that only Anthropic's models understand, and that costs what its text does."""

    model_config = Open
    type: Literal[
        "server_tool_use",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "tool_search_tool_result",
        "tool_reference",
        "browser_state",
    ]


Result = Annotated[Text | Image | Document | SearchResult | OfNoCost, Field(discriminator="type")]


class ToolResult(BaseModel):
    """What a tool answered."""

    model_config = Open
    type: Literal["tool_result"]
    tool_use_id: str
    content: str | list[Result] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None


class Thinking(BaseModel):
    """What the model thought before."""

    model_config = Open
    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinking(BaseModel):
    """Thoughts that only their issuer can read."""

    model_config = Open
    type: Literal["redacted_thinking"]
    data: str


Block = Annotated[
    Text
    | Image
    | Document
    | SearchResult
    | ToolUse
    | ToolResult
    | Thinking
    | RedactedThinking
    | OfNoCost,
    Field(discriminator="type"),
]


class Message(BaseModel):
    """One turn."""

    model_config = Whole
    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class Tool(BaseModel):
    """A tool of the caller's, of Anthropic's making, or one that Anthropic runs."""

    model_config = Open
    type: Annotated[str, Field(max_length=NAME_MAX)] | None = None
    name: str | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None
    max_uses: Annotated[int, Field(ge=1, le=1000)] | None = None
    cache_control: CacheControl | None = None


class ToolChoice(BaseModel):
    """Whether tools may, must or must not be called."""

    model_config = Whole
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class ThinkingConfig(BaseModel):
    """Whether and how much to think."""

    model_config = Whole
    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: Annotated[int, Field(ge=THINKING_MIN, le=TOKENS_MAX)] | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputFormat(BaseModel):
    """What the text of the answer must be."""

    model_config = Whole
    type: Literal["json_schema"]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class OutputConfig(BaseModel):
    """How to answer."""

    model_config = Whole
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: OutputFormat | None = None


class Edit(BaseModel):
    """A way of shortening the prompt; one that makes the model summarise would cost extra."""

    model_config = Open
    type: Annotated[str, Field(pattern=r"^clear_(thinking|tool_uses)_\d{8}$")]


class ContextManagement(BaseModel):
    """How to shorten the prompt."""

    model_config = Whole
    edits: list[Edit] | None = None


class CountFields(BaseModel):
    """What the tokens of a prompt are counted from; a field that is not here is refused."""

    model_config = Whole
    model: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    messages: Annotated[list[Message], Field(min_length=1)]
    system: str | list[Text] | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    cache_control: CacheControl | None = None
    context_management: ContextManagement | None = None
    speed: Literal["standard", "fast"] | None = None


class MessagesFields(CountFields):
    """Everything a messages request may say."""

    max_tokens: Tokens
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: Annotated[Number, Field(ge=0, le=1)] | None = None
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    metadata: dict[str, str | None] | None = None
    """Who asks, as `user_id`, and the caller's own tags, which stay here."""
    service_tier: Literal["auto", "standard_only"] | None = None
    inference_geo: Literal["global"] | None = None
    diagnostics: dict[str, Any] | None = None
    """A question about caches; never sent upstream."""


NOT_FORWARDED = ("model", "max_tokens", "diagnostics")
"""Taken out of the body: ours to set, or nobody's business upstream."""
SAMPLING = ("temperature", "top_p", "top_k")
"""What only the older version of the API takes."""
