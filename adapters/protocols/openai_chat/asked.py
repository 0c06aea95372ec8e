"""What a chat request asks for besides its messages: tools, form, thinking, options."""

from collections.abc import Mapping
from typing import Any, Final, cast

from adapters.protocols.canonical.conversation import Format, Reasoning, Tool, ToolChoice
from adapters.protocols.extras import refuse_others
from adapters.protocols.openai_chat.parts import cache_of
from domain.errors import InvalidRequestError

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_OPTIONS: Final = (
    "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty",
    "frequency_penalty", "seed", "logit_bias", "logprobs", "top_logprobs", "service_tier", "user",
    "safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
    "verbosity", "store", "metadata", "chat_template_kwargs",
)  # fmt: skip
_WITHOUT_EFFECT: Final[Mapping[str, tuple[Any, ...]]] = {
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "repetition_penalty": (1,),
    "min_p": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "service_tier": ("auto", "default"),
    "store": (False,),
}
"""Saying these is saying nothing."""


def tools_of(body: Mapping[str, Any]) -> tuple[Tool, ...]:
    """Read the tools, or raise InvalidRequestError naming the one at fault."""
    return tuple(
        _tool(tool, f"tools[{index}]") for index, tool in enumerate(body.get("tools") or ())
    )


def tool_choice_of(choice: object) -> ToolChoice | None:
    """Read whether tools may or must be called."""
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(cast("Any", choice))
        case {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto" | "required", "tools": list()},
        }:
            allowed = cast("dict[str, Any]", choice)["allowed_tools"]
            return ToolChoice(allowed["mode"], tuple(map(_named, allowed["tools"])))
        case {"type": "function" | "custom"}:
            return ToolChoice("required", (_named(choice),))
        case _:
            raise _invalid("tool_choice")


def format_of(fields: Mapping[str, Any] | None) -> Format | None:
    """Read what the answer's text must be."""
    fields = fields or {}
    refuse_others(fields, _FORMAT, "response_format")
    match fields.get("type", "text"):
        case "text":
            return None
        case "json_object":
            return Format()
        case "json_schema":
            return _json_schema(fields.get("json_schema"))
        case _:
            raise _invalid("response_format.type")


def reasoning_of(body: Mapping[str, Any]) -> Reasoning | None:
    """Read how much to think; Qwen's switch counts where no effort is named."""
    effort = body.get("reasoning_effort")
    if effort is None:
        thinks = body.get("enable_thinking")
        return None if thinks is None else Reasoning(enabled=thinks)
    if effort not in EFFORTS:
        raise _invalid("reasoning_effort")
    return Reasoning(enabled=effort != "none", effort=effort)


def stop_of(stop: str | list[str] | None) -> tuple[str, ...]:
    """Read the sequences that end the answer."""
    return (stop,) if isinstance(stop, str) else tuple(stop or ())


def options_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Take what else was set; what only repeats a default is left out."""
    return {
        name: body[name]
        for name in _OPTIONS
        if body.get(name) is not None and body[name] not in _WITHOUT_EFFECT.get(name, ())
    }


def _tool(tool: Mapping[str, Any], path: str) -> Tool:
    kind: str = tool["type"]
    refuse_others(tool, _TOOL | {kind}, path)
    inner = tool.get(kind)
    fields = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
    name, description = fields.get("name"), fields.get("description")
    if not isinstance(name, str) or not name or not isinstance(description, str | None):
        raise _invalid(f"{path}.{kind}")
    cache = cache_of(tool, path)
    refuse_others(fields, _SAID_OF[kind], f"{path}.{kind}")
    if kind == "custom":
        grammar = _grammar(fields.get("format"), f"{path}.custom.format")
        return Tool(name, description or "", custom=True, grammar=grammar, cache=cache)
    parameters, strict = fields.get("parameters"), fields.get("strict")
    if not isinstance(parameters, dict | None) or not isinstance(strict, bool | None):
        raise _invalid(f"{path}.function")
    return Tool(name, description or "", cast("Any", parameters), strict, cache=cache)


def _grammar(fields: object, path: str) -> Mapping[str, Any] | None:
    match fields:
        case None | {"type": "text"}:
            return None
        case {"type": "grammar", "grammar": {"definition": str(), "syntax": str()}}:
            grammar: Mapping[str, Any] = cast("dict[str, Any]", fields)["grammar"]
            return grammar
        case _:
            raise _invalid(path)


def _json_schema(fields: object) -> Format:
    path = "response_format.json_schema"
    given = cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
    refuse_others(given, _SCHEMA, path)
    name, schema, strict = given.get("name", "output"), given.get("schema"), given.get("strict")
    description = given.get("description") or ""
    texts = isinstance(name, str) and isinstance(description, str)
    if not isinstance(schema, dict):
        raise _invalid(f"{path}.schema")
    if not texts or not isinstance(strict, bool | None):
        raise _invalid(path)
    return Format(cast("Any", schema), name, description, strict)


def _named(tool: object) -> str:
    """Find the name in {"type": "function", "function": {"name": …}}."""
    fields = cast("dict[str, Any]", tool) if isinstance(tool, dict) else {}
    inner = fields.get(str(fields.get("type")))
    name = cast("dict[str, Any]", inner).get("name") if isinstance(inner, dict) else None
    if not isinstance(name, str):
        raise _invalid("tool_choice")
    return name


def _invalid(path: str) -> InvalidRequestError:
    return InvalidRequestError(f"Invalid value for '{path}'.", path)


_TOOL: Final = frozenset({"type", "cache_control", "prompt_cache_breakpoint"})
_SAID_OF: Final = {
    "function": frozenset({"name", "description", "parameters", "strict"}),
    "custom": frozenset({"name", "description", "format"}),
}
_FORMAT: Final = frozenset({"type", "json_schema"})
_SCHEMA: Final = frozenset({"name", "description", "schema", "strict"})
