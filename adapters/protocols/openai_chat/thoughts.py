"""Thoughts in chat: `reasoning_content`, and `reasoning_details` where a signature goes with them.

Neither is OpenAI's own. The first is how DeepSeek, Qwen and vLLM show thoughts; the second is how
OpenRouter carries what must come back unchanged in the next request.
"""

from collections.abc import Mapping
from typing import Any, cast

from adapters.protocols.canonical.blocks import RedactedThinking, Thinking
from domain.errors import InvalidRequestError

TEXT, SEALED = "reasoning.text", "reasoning.encrypted"
Thought = Thinking | RedactedThinking


def thoughts_of(message: Mapping[str, Any], path: str) -> list[Thought]:
    """Read what the model thought before; the details hold all of it, the text only the words."""
    details = message.get("reasoning_details")
    if details is not None:
        if not isinstance(details, list):
            raise _invalid(f"{path}.reasoning_details")
        return [
            _thought(detail, f"{path}.reasoning_details[{index}]")
            for index, detail in enumerate(cast("list[object]", details))
        ]
    for name in ("reasoning_content", "reasoning"):
        text = message.get(name)
        if text is not None and not isinstance(text, str):
            raise _invalid(f"{path}.{name}")
        if text:
            return [Thinking(text)]
    return []


def detail_of(block: Thought, index: int) -> dict[str, Any]:
    """Write a thought so that it can come back whole."""
    if isinstance(block, RedactedThinking):
        written = {"type": SEALED, "data": block.data, "format": block.issuer}
    else:
        written = {
            "type": TEXT,
            "text": block.text,
            "signature": block.signature,
            "format": block.issuer,
        }
    return {**written, "index": index}


def needs_detail(block: Thought) -> bool:
    """Tell what its text alone does not hold."""
    return isinstance(block, RedactedThinking) or block.signature is not None


def _thought(detail: object, path: str) -> Thought:
    fields = cast("dict[str, Any]", detail) if isinstance(detail, dict) else {}
    issuer = fields.get("format")
    text, signature, data = fields.get("text", ""), fields.get("signature"), fields.get("data")
    if isinstance(issuer, str | None):
        if fields.get("type") == SEALED and isinstance(data, str):
            return RedactedThinking(data, issuer)
        if (
            fields.get("type") == TEXT
            and isinstance(text, str)
            and isinstance(signature, str | None)
        ):
            return Thinking(text, signature, issuer)
    raise _invalid(path)


def _invalid(path: str) -> InvalidRequestError:
    return InvalidRequestError(f"Invalid value for '{path}'.", path)
