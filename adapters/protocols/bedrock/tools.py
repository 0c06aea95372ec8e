"""Tools as Converse's toolConfig."""

import re
from typing import Any, Final

from adapters.protocols.bedrock.families import cache_ttls, claude
from adapters.protocols.bedrock.messages import cache_point
from adapters.protocols.canonical.arguments import NO_PARAMETERS, parameters_of
from adapters.protocols.canonical.blocks import ToolResult, ToolUse
from adapters.protocols.canonical.conversation import Conversation, Tool, ToolChoice

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)


def write_tools(conversation: Conversation, model: str, *, thinks: bool) -> dict[str, Any]:
    """Write the tools and which may be called, beside fields of Claude's own; or refuse by name."""
    choice = conversation.tool_choice or ToolChoice()
    tools = conversation.tools
    if choice.mode == "none":
        # Converse has no such choice: the tools are withheld.
        return _stubs(conversation, withheld=bool(tools))
    if choice.names:
        tools = conversation.tools_named(choice.names)
    if not tools:
        return _stubs(conversation, withheld=False)
    if choice.mode == "required" and thinks:
        conversation.refuse("tool_choice", "must leave the choice to a model that thinks")
    if conversation.parallel_tools is False:
        return _one_at_a_time(conversation, model, tools, choice)
    return {"toolConfig": {"tools": _specs(conversation, tools, model), **_choice(conversation)}}


def _one_at_a_time(
    conversation: Conversation, model: str, tools: tuple[Tool, ...], choice: ToolChoice
) -> dict[str, Any]:
    """Say in Claude's own words that tools are called one by one: Converse has none for it."""
    if claude(model) is None or choice.mode != "auto":
        conversation.refuse("parallel_tools", "cannot be switched off at this model's provider")
    one = {"type": "auto", "disable_parallel_tool_use": True}
    return {
        "toolConfig": {"tools": _specs(conversation, tools, model)},
        "additionalModelRequestFields": {"tool_choice": one},
    }


def _choice(conversation: Conversation) -> dict[str, Any]:
    choice = conversation.tool_choice
    if choice is None:
        return {}
    if choice.mode == "auto":
        return {"toolChoice": {"auto": {}}}
    if len(choice.names) == 1:
        return {"toolChoice": {"tool": {"name": choice.names[0]}}}
    return {"toolChoice": {"any": {}}}


def _specs(conversation: Conversation, tools: tuple[Tool, ...], model: str) -> list[dict[str, Any]]:
    # Nova keeps no tools.
    ttls = cache_ttls(model) if claude(model) is not None else frozenset[str]()
    specs: list[dict[str, Any]] = []
    for tool in tools:
        specs.append(_spec(conversation, tool))
        specs += cache_point(tool.cache, ttls)
    return specs


def _spec(conversation: Conversation, tool: Tool) -> dict[str, Any]:
    if _NAME.fullmatch(tool.name) is None:
        conversation.refuse("tools", "has a name that this model's provider does not take")
    described = {"description": tool.description} if tool.description.strip() else {}
    strict = {"strict": True} if tool.strict else {}
    schema = {"inputSchema": {"json": parameters_of(tool)}}
    return {"toolSpec": {"name": tool.name, **described, **schema, **strict}}


def _stubs(conversation: Conversation, *, withheld: bool) -> dict[str, Any]:
    """Declare the tools that were called in the past, without which Converse refuses the past."""
    blocks = [block for turn in conversation.turns for block in turn.blocks]
    if not any(isinstance(block, ToolUse | ToolResult) for block in blocks):
        return {}
    if withheld:
        conversation.refuse("tool_choice", "cannot be none after tools were called")
    names = dict.fromkeys(block.name for block in blocks if isinstance(block, ToolUse))
    stubs = tuple(Tool(name, parameters=NO_PARAMETERS) for name in names)
    return {"toolConfig": {"tools": [_spec(conversation, stub) for stub in stubs]}}
