"""The inference endpoints in broad strokes: their protocols are their vendors'."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.reference.call_headers import REFUSED

_HELLO: Final = [{"role": "user", "content": "Hello."}]
_MODEL: Final = {
    "type": "string",
    "description": "An id of `GET /v1/models`, an alias, or `auto`.",
    "examples": ["gpt-4o-mini"],
}


@dataclass(frozen=True, slots=True)
class Inference:
    """What an endpoint is for and what it takes, by example."""

    name: str
    summary: str
    example: Mapping[str, Any] | None = None
    """A body; none for what is only looked at."""
    answer: str = "object"
    """The kind of the answer: its `object` or `type`."""
    streams: bool = True
    public: bool = False


ENDPOINTS: Final[Mapping[str, Inference]] = {
    "GET /v1/models": Inference(
        "list_models_of_key", "List the models that this key may call.", streams=False
    ),
    "GET /v1/models/{model_id}": Inference(
        "get_model_of_key", "Describe one model that this key may call.", streams=False
    ),
    "GET /openai/v1/models": Inference(
        "list_openai_models", "List the models that this key may call.", streams=False
    ),
    "GET /openai/v1/models/{model_id}": Inference(
        "get_openai_model", "Describe one model that this key may call.", streams=False
    ),
    "GET /api/v1/models": Inference(
        "list_public_models",
        "List every model with its prices, as decimal strings per 1,000,000 units.",
        streams=False,
        public=True,
    ),
    "POST /v1/chat/completions": Inference(
        "create_chat_completion",
        "OpenAI Chat Completions, whole or streamed.",
        {"model": "gpt-4o-mini", "messages": _HELLO},
    ),
    "POST /openai/v1/chat/completions": Inference(
        "create_openai_chat_completion",
        "OpenAI Chat Completions with what the call cost in `metadata`.",
        {"model": "gpt-4o-mini", "messages": _HELLO},
    ),
    "POST /v1/completions": Inference(
        "create_completion", "OpenAI text completions.", {"model": "gpt-4o-mini", "prompt": "Hello"}
    ),
    "POST /v1/embeddings": Inference(
        "create_embedding",
        "OpenAI embeddings.",
        {"model": "text-embedding-3-small", "input": "Hello."},
        streams=False,
    ),
    "POST /v1/responses": Inference(
        "create_response", "OpenAI Responses.", {"model": "gpt-4o-mini", "input": "Hello."}
    ),
    "POST /v1/responses/input_tokens": Inference(
        "count_input_tokens",
        "Count a prompt's tokens by our own estimate, for nothing.",
        {"model": "gpt-4o-mini", "input": "Hello."},
        streams=False,
    ),
    "POST /v1/messages": Inference(
        "create_message",
        "Anthropic Messages, whole or streamed.",
        {"model": "claude-sonnet-4", "max_tokens": 512, "messages": _HELLO},
    ),
    "POST /v1/messages/count_tokens": Inference(
        "count_message_tokens",
        "Count a prompt's tokens, by the provider or our own estimate, for nothing.",
        {"model": "claude-sonnet-4", "messages": _HELLO},
        streams=False,
    ),
    "POST /api/v1/services/aigc/text-generation/generation": Inference(
        "generate_text",
        "DashScope text generation, whole or streamed.",
        {"model": "qwen-plus", "input": {"messages": _HELLO}, "parameters": {"max_tokens": 512}},
    ),
    "POST /api/v1/services/aigc/multimodal-generation/generation": Inference(
        "generate_from_parts",
        "DashScope generation from text and images.",
        {
            "model": "qwen-vl-plus",
            "input": {"messages": [{"role": "user", "content": [{"text": "Hello."}]}]},
        },
    ),
}
"""By method and path."""


def describe(endpoint: Inference, headers: Mapping[str, Any]) -> dict[str, Any]:
    """Write an endpoint as OpenAPI does, but for its name and its parameters.

    `headers` are those of its answer.
    """
    content: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
    if endpoint.streams:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    told: dict[str, Any] = {
        "summary": endpoint.summary,
        "description": endpoint.summary,
        "responses": {
            "200": {
                "description": "As its protocol has it.",
                "headers": dict(headers),
                "content": content,
            },
            "default": {
                "description": "A refusal in the shape that the protocol's SDKs read.",
                "headers": dict(REFUSED),
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
        },
    }
    if endpoint.example is not None:
        told["requestBody"] = _body(endpoint.example)
    return told


def _body(example: Mapping[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": [name for name in example if name != "parameters"],
        "properties": {
            name: _MODEL if name == "model" else _broadly(value) for name, value in example.items()
        },
    }
    return {
        "required": True,
        "content": {"application/json": {"schema": schema, "example": dict(example)}},
    }


def _broadly(value: object) -> dict[str, Any]:
    match value:
        case str():
            return {}  # a text, or parts of one: the protocols differ
        case int():
            return {"type": "integer"}
        case list():
            return {"type": "array", "items": {"type": "object"}}
        case _:
            return {"type": "object"}
