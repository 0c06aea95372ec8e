"""Chat's tool calls to blocks."""

from collections.abc import Mapping
from typing import Any, cast

from adapters.protocols.canonical.arguments import arguments_text
from adapters.protocols.canonical.blocks import ToolUse
from adapters.protocols.counters import within
from adapters.protocols.extras import refuse_others
from adapters.protocols.openai_chat.parts import cache_of
from domain.errors import InvalidRequestError

GEMINI = "gemini"
"""Who issues the one kind of signature that tool calls carry (`extra_content.google`)."""

_REPEATED = "parsed_arguments"
"""The arguments again, which OpenAI's own library sends back beside their text."""

_KNOWN = frozenset({"id", "type", "index", "function", "custom", "extra_content", "cache_control"})


def tool_use(call: Mapping[str, Any], path: str) -> ToolUse:
    """Read a call that the model made before, or raise InvalidRequestError naming its place."""
    refuse_others(call, _KNOWN, path)
    kind = call.get("type", "function")
    inner = call.get(kind) if kind in ("function", "custom") else None
    if not isinstance(inner, dict):
        raise _invalid(path, "is neither a function's call nor a custom tool's")
    fields = cast("dict[str, Any]", inner)
    holder = "input" if kind == "custom" else "arguments"
    refuse_others(fields, ("name", holder, _REPEATED), f"{path}.{kind}")
    said = fields.get(holder)
    call_id, name = call.get("id"), fields.get("name")
    if not isinstance(call_id, str) or not call_id or not isinstance(name, str) or not name:
        raise _invalid(path, "needs an id and a name")
    if not isinstance(said, str):
        raise _invalid(path, "needs its arguments as text")
    found = within(call, "extra_content", "google", "thought_signature")
    signature = found if isinstance(found, str) else None
    return ToolUse(
        call_id,
        name,
        said if kind == "custom" else arguments_text(said, f"{path}.function.arguments"),
        signature,
        None if signature is None else GEMINI,
        kind == "custom",
        cache_of(call, path),
    )


def signed_extra(signature: str) -> dict[str, Any]:
    """Write a signature where Google's own OpenAI endpoint has it."""
    return {"google": {"thought_signature": signature}}


def _invalid(path: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(f"'{path}' {why}.", path)
