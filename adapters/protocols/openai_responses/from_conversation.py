"""A conversation as a request to a server of Responses (wire-facts §2.6)."""

from typing import Any, Final

from adapters.protocols.canonical.conversation import (
    Conversation,
    Format,
    Reasoning,
    Tool,
    ToolChoice,
)
from adapters.protocols.openai_chat.from_conversation import effort_of
from adapters.protocols.openai_responses.to_items import items_of

Json = dict[str, Any]

CARRIED: Final = frozenset(
    {"temperature", "top_p", "service_tier", "user", "safety_identifier", "prompt_cache_key",
     "verbosity", "prompt_cache_options", "prompt_cache_retention"}
)  # fmt: skip


def write_request(conversation: Conversation, model: str, *, output_cap: int, stream: bool) -> Json:
    """Write the request's fields, or raise UnsupportedParameterError by the caller's name."""
    conversation.check_options(CARRIED)
    if conversation.stop:
        conversation.refuse("stop")
    fields: Json = {
        "model": model,
        **_instructions(conversation),
        "input": items_of(conversation),
        "max_output_tokens": output_cap,
        "store": False,
        **{name: conversation.options[name] for name in CARRIED & conversation.options.keys()},
        **_tools(conversation),
    }
    text = _text(conversation.format, fields.pop("verbosity", None))
    reasoning = _reasoning(conversation.reasoning, model)
    return fields | {
        **({"text": text} if text else {}),
        **({"reasoning": reasoning} if reasoning else {}),
        **({"stream": True} if stream else {}),
    }


def _instructions(conversation: Conversation) -> Json:
    """One text of the system's; several stay apart, as parts of a message."""
    match conversation.system:
        case (one,):
            return {"instructions": one.text}
        case _:
            return {}


def _tools(conversation: Conversation) -> Json:
    if not conversation.tools:
        return {}
    fields: Json = {"tools": list(map(_tool, conversation.tools))}
    if conversation.parallel_tools is not None:
        fields["parallel_tool_calls"] = conversation.parallel_tools
    if conversation.tool_choice is not None:
        fields["tool_choice"] = _choice(conversation.tool_choice, conversation)
    return fields


def _tool(tool: Tool) -> Json:
    described = {"description": tool.description} if tool.description else {}
    if tool.custom:
        form = {"format": {"type": "grammar", **tool.grammar}} if tool.grammar else {}
        return {"type": "custom", "name": tool.name, **described, **form}
    # Here nothing said would mean strict, and others mean that it is not.
    return {
        "type": "function",
        "name": tool.name,
        **described,
        "parameters": tool.parameters or {"type": "object", "properties": {}},
        "strict": tool.strict is True,
    }


def _choice(choice: ToolChoice, conversation: Conversation) -> str | Json:
    kinds = {tool.name: "custom" if tool.custom else "function" for tool in conversation.tools}
    named = [{"type": kinds.get(name, "function"), "name": name} for name in choice.names]
    if not named:
        return choice.mode
    if len(named) == 1 and choice.mode == "required":
        return named[0]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": named}


def _text(form: Format | None, verbosity: str | None) -> Json:
    fields: Json = {} if verbosity is None else {"verbosity": verbosity}
    if form is None:
        return fields
    if form.schema is None:
        return {**fields, "format": {"type": "json_object"}}
    written = {"type": "json_schema", "name": form.name, "schema": form.schema}
    described = {"description": form.description} if form.description else {}
    strict = {} if form.strict is None else {"strict": form.strict}
    return {**fields, "format": {**written, **described, **strict}}


def _reasoning(asked: Reasoning | None, model: str) -> Json:
    effort = effort_of(asked, model)
    shown = asked is not None and asked.enabled and asked.shown
    return {
        **({"effort": effort} if effort else {}),
        **({"summary": "auto"} if shown else {}),
    }
