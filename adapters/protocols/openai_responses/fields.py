"""The request fields of Responses (wire-facts §1.7), as far as shape and price go."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from adapters.protocols.counters import within

Strict = ConfigDict(strict=True, extra="allow")
Whole = ConfigDict(strict=True, extra="forbid")

NAME_MAX = 256
TOKENS_MAX = 2**31 - 1
Number = Annotated[float, Field(allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=1, le=TOKENS_MAX)]
ServiceTier = Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"]
Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX)]


class TextPart(BaseModel):
    """Plain text, said by either side."""

    model_config = Strict
    type: Literal["input_text", "output_text"]
    text: str


class RefusalPart(BaseModel):
    """A refusal that the model gave before."""

    model_config = Strict
    type: Literal["refusal"]
    refusal: str


class ImagePart(BaseModel):
    """An image by address or as data; `file_id` would be a file that nobody keeps here."""

    model_config = Strict
    type: Literal["input_image"]
    image_url: str | None = None
    file_id: None = None
    detail: Literal["auto", "low", "high", "original"] | None = None


class FilePart(BaseModel):
    """A file as data or by address."""

    model_config = Strict
    type: Literal["input_file"]
    file_data: str | None = None
    file_url: str | None = None
    file_id: None = None
    filename: str | None = None


Part = Annotated[TextPart | RefusalPart | ImagePart | FilePart, Field(discriminator="type")]
OutputPart = Annotated[TextPart | ImagePart | FilePart, Field(discriminator="type")]


class Message(BaseModel):
    """What one side said; `type` may be left out."""

    model_config = Strict
    type: Literal["message"] | None = None
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Part]


class FunctionCall(BaseModel):
    """The model called a function."""

    model_config = Strict
    type: Literal["function_call"]
    call_id: Name
    name: Name
    arguments: str
    namespace: Name | None = None


class CustomCall(BaseModel):
    """The model called a tool that takes free text."""

    model_config = Strict
    type: Literal["custom_tool_call"]
    call_id: Name
    name: Name
    input: str
    namespace: Name | None = None


class CallOutput(BaseModel):
    """What a tool answered."""

    model_config = Strict
    type: Literal["function_call_output", "custom_tool_call_output"]
    call_id: Name
    output: str | list[OutputPart]


class Said(BaseModel):
    """A piece of what the model thought."""

    model_config = Strict
    text: str


class ReasoningItem(BaseModel):
    """What the model thought, in words and as only its issuer can read it."""

    model_config = Strict
    type: Literal["reasoning"]
    summary: list[Said] = []
    content: list[Said] | None = None
    encrypted_content: str | None = None


class NativeItem(BaseModel):
    """An item that only a provider of the same protocol understands."""

    model_config = Strict
    type: Literal[
        "local_shell_call", "local_shell_call_output", "apply_patch_call",
        "apply_patch_call_output", "tool_search_call", "tool_search_output", "web_search_call",
    ]  # fmt: skip


_PLAIN: Final = {
    "message": "message",
    "function_call": "function_call",
    "custom_tool_call": "custom_tool_call",
    "function_call_output": "output",
    "custom_tool_call_output": "output",
    "reasoning": "reasoning",
}


def _kind_of_item(item: object) -> str:
    kind = within(item, "type") or "message"
    return _PLAIN.get(kind, "native") if isinstance(kind, str) else "native"


Item = Annotated[
    Annotated[Message, Tag("message")]
    | Annotated[FunctionCall, Tag("function_call")]
    | Annotated[CustomCall, Tag("custom_tool_call")]
    | Annotated[CallOutput, Tag("output")]
    | Annotated[ReasoningItem, Tag("reasoning")]
    | Annotated[NativeItem, Tag("native")],
    Discriminator(_kind_of_item),
]


class FunctionTool(BaseModel):
    """A function of the caller's."""

    model_config = Strict
    type: Literal["function"]
    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class CustomTool(BaseModel):
    """A tool of the caller's that takes free text."""

    model_config = Strict
    type: Literal["custom"]
    name: Name
    description: str | None = None
    format: dict[str, Any] | None = None


class NamespaceTool(BaseModel):
    """Tools under a common name."""

    model_config = Strict
    type: Literal["namespace"]
    name: Name
    description: str | None = None
    tools: list[Annotated[FunctionTool | CustomTool, Field(discriminator="type")]]


class NativeTool(BaseModel):
    """A tool that costs nothing apart and only a provider of the same protocol understands."""

    model_config = Strict
    type: Literal["local_shell", "apply_patch", "tool_search"]


Tool = Annotated[
    FunctionTool | CustomTool | NamespaceTool | NativeTool, Field(discriminator="type")
]


class StreamOptions(BaseModel):
    """What a stream carries besides text."""

    model_config = Strict
    include_obfuscation: bool | None = None


class Reasoning(BaseModel):
    """How much to think, and how much of it to show; mode `pro` costs more than a hold covers."""

    model_config = Whole
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None
    context: Literal["auto", "current_turn", "all_turns"] | None = None
    mode: Literal["standard"] | None = None


class Format(BaseModel):
    """What the answer's text must be."""

    model_config = Strict
    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class TextOptions(BaseModel):
    """How the answer's text is to be."""

    model_config = Whole
    format: Format | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class CacheOptions(BaseModel):
    """How prompts are cached; warming a cache before the call is a charge of its own."""

    model_config = Whole
    mode: Literal["implicit", "explicit"] | None = None
    ttl: Literal["30m", "12h"] | None = None


class ResponsesFields(BaseModel):
    """Everything that a request may say; a field that is not here is refused."""

    model_config = Whole
    model: Name
    input: str | Annotated[list[Item], Field(min_length=1)] = ""
    instructions: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_output_tokens: Tokens | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    tools: list[Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    max_tool_calls: Tokens | None = None
    reasoning: Reasoning | None = None
    text: TextOptions | None = None
    include: list[str] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    service_tier: ServiceTier | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: CacheOptions | None = None
    prompt_cache_retention: str | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    client_metadata: dict[str, Any] | None = None


STATEFUL: Final = ("previous_response_id", "conversation", "background", "prompt")
"""Fields that count on answers, conversations or prompts being kept; nothing is kept here."""
CHANGES_THE_PRICE: Final = ("moderation", "image", "access_programs", "context_management")
"""Known fields that would add to the bill in ways a hold does not cover."""
SPARED: Final = ("web_search", "image_generation")
"""What coding agents offer on every call, by the beginning of the tool's type: left out where the
model is free to do without, since nobody pays for it here. The answer's own `tools` tell."""
CALLABLE: Final = frozenset(
    {"function", "custom", "namespace", "local_shell", "apply_patch", "tool_search"}
)
"""Types of tools that cost nothing besides tokens."""
CHOICES: Final = frozenset({"none", "auto", "required"})
CHOICE_TYPES: Final = frozenset({"function", "custom", "allowed_tools", "apply_patch"})
