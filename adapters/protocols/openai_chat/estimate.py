"""The size of a chat prompt before the call (wire-facts §5)."""

from collections.abc import Iterator
from typing import Any, cast

from adapters.protocols.openai_chat.request import ChatRequest
from adapters.token_count import count_tokens
from domain.metering import Estimate

PER_MESSAGE, PER_TOOL, WITH_TOOLS = 8, 16, 400
"""Tokens of framing: each message, each tool, and the hidden prompt that comes with tools."""
MARGIN_PERCENT = 135
"""Newer tokenizers make up to about a third more tokens of the same text."""
PER_IMAGE, PER_FILE = 16_384, 65_536
"""Tokens of one image or file at most, as long as we do not look inside."""
AUDIO_BYTES_PER_TOKEN = 125
"""32 tokens a second at the thinnest bit rate in use."""
HIDDEN_TOKENS = 4_096
"""What a provider may put before a prompt without telling."""


def estimate_prompt(request: ChatRequest, context_tokens: int) -> Estimate:
    """Count a prompt's text and bound the rest; never above the model's context."""
    text = "\n".join(_texts(request.body))
    framing, media = _framing(request), _media(request.body["messages"])
    counted = count_tokens(text) + framing
    size = len(text.encode())
    # For byte-level vocabularies no text has more tokens than bytes.
    hold = min(size, -(-counted * MARGIN_PERCENT // 100)) + framing + media
    ceiling = request.size + framing + media + HIDDEN_TOKENS
    return Estimate(
        min(counted + media, context_tokens),
        min(hold, context_tokens),
        min(ceiling, context_tokens),
    )


def _framing(request: ChatRequest) -> int:
    tools = len(request.body.get("tools") or ()) + len(request.body.get("functions") or ())
    return PER_MESSAGE * len(request.fields.messages) + (
        WITH_TOOLS + PER_TOOL * tools if tools else 0
    )


def _texts(body: dict[str, Any]) -> Iterator[str]:
    """Walk every text that a provider turns into tokens, keys of schemas included."""
    for message in body["messages"]:
        for name, value in message.items():
            yield from _message_texts(name, value)
    for name in ("tools", "functions", "response_format", "tool_choice", "function_call"):
        yield from _strings(body.get(name))


def _message_texts(name: str, value: object) -> Iterator[str]:
    if name == "content" and isinstance(value, list):
        for part in cast("list[dict[str, Any]]", value):
            if part["type"] in {"text", "refusal"}:
                yield part[part["type"]]
    elif name != "role":
        yield from _strings(value)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _strings(inner)


def _media(messages: list[dict[str, Any]]) -> int:
    """Bound the tokens of what is no text."""
    tokens = 0
    for message in messages:
        content = message.get("content")
        if not isinstance(content, list):
            continue
        for part in cast("list[dict[str, Any]]", content):
            if part["type"] == "image_url":
                tokens += PER_IMAGE
            elif part["type"] == "file":
                tokens += PER_FILE
            elif part["type"] == "input_audio":
                tokens += len(part["input_audio"]["data"]) * 3 // 4 // AUDIO_BYTES_PER_TOKEN
    return tokens
