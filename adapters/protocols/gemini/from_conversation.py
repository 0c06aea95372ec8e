"""A conversation as the body of generateContent and streamGenerateContent."""

import re
from typing import Any, Final

from adapters.protocols.canonical.arguments import parameters_of
from adapters.protocols.canonical.conversation import Conversation, Tool, ToolChoice
from adapters.protocols.gemini.contents import write_contents, write_system
from adapters.protocols.gemini.thinking import BY_LEVEL, generation, thinking_config

STOPS_MAX: Final = 5

_OPTIONS: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
_CARRIED: Final = frozenset({*_OPTIONS, "service_tier"})
_TIERS: Final = frozenset({"flex", "priority"})
_STANDARD: Final = frozenset({None, "auto", "default", "standard", "standard_only"})
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_MODES: Final = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def write_request(conversation: Conversation, model: str, *, output_cap: int) -> dict[str, Any]:
    """Write the request's fields; whether it streams is said in the address.

    Raises UnsupportedParameterError by the name that the caller gave the field.
    """
    conversation.check_options(_CARRIED)
    fields: dict[str, Any] = {
        "contents": write_contents(conversation, model),
        "generationConfig": _generation_config(conversation, model, output_cap),
        **_tools(conversation),
        **_tier(conversation),
    }
    if system := write_system(conversation):
        fields["systemInstruction"] = {"parts": system}
    return fields


def _generation_config(conversation: Conversation, model: str, output_cap: int) -> dict[str, Any]:
    if len(conversation.stop) > STOPS_MAX:
        conversation.refuse("stop", f"has more than {STOPS_MAX} sequences")
    config: dict[str, Any] = {"maxOutputTokens": output_cap}
    for name, written in _OPTIONS.items():
        if (value := conversation.options.get(name)) is not None:
            config[written] = value
    if conversation.stop:
        config["stopSequences"] = list(conversation.stop)
    if thinking := thinking_config(conversation, model):
        config["thinkingConfig"] = thinking
    return config | _format(conversation, model)


def _format(conversation: Conversation, model: str) -> dict[str, Any]:
    asked = conversation.format
    if asked is None:
        return {}
    if conversation.tools and generation(model) < BY_LEVEL:
        conversation.refuse("format", "cannot be combined with tools by this model")
    schema = {} if asked.schema is None else {"responseJsonSchema": dict(asked.schema)}
    return {"responseMimeType": "application/json", **schema}


def _tools(conversation: Conversation) -> dict[str, Any]:
    """Write the tools and which of them may be called."""
    if not conversation.tools:
        return {}
    if conversation.parallel_tools is False:
        conversation.refuse("parallel_tools", "cannot be switched off at this model's provider")
    choice = conversation.tool_choice or ToolChoice()
    tools = conversation.tools
    config: dict[str, Any] = {"mode": _MODES[choice.mode]}
    if choice.names and choice.mode == "required":
        config["allowedFunctionNames"] = list(choice.names)
    elif choice.names:
        tools = conversation.tools_named(choice.names)
    written = {"tools": [{"functionDeclarations": [_tool(conversation, tool) for tool in tools]}]}
    if conversation.tool_choice is None:
        return written
    return {**written, "toolConfig": {"functionCallingConfig": config}}


def _tool(conversation: Conversation, tool: Tool) -> dict[str, Any]:
    if _NAME.fullmatch(tool.name) is None:
        conversation.refuse("tools", "has a name that this model's provider does not take")
    description = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **description, "parametersJsonSchema": parameters_of(tool)}


def _tier(conversation: Conversation) -> dict[str, Any]:
    tier = conversation.options.get("service_tier")
    if tier in _STANDARD:
        return {}
    if tier not in _TIERS:
        conversation.refuse("service_tier")
    return {"serviceTier": tier}
