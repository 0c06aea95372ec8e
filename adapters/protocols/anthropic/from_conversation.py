"""A canonical request in Anthropic's words (wire-facts §2.2)."""

from collections.abc import Iterator
from typing import Any, Final

from adapters.protocols.anthropic.from_blocks import BlockWriter, cache_fields, text_fields
from adapters.protocols.anthropic.models import abilities_of
from adapters.protocols.anthropic.sampling import DEFAULTS, check_defaults, is_fixed
from adapters.protocols.anthropic.schema import closed
from adapters.protocols.anthropic.thinking import thinking_fields
from adapters.protocols.canonical.arguments import parameters_of
from adapters.protocols.canonical.blocks import Text
from adapters.protocols.canonical.conversation import Conversation, Format, Tool, ToolChoice, Turn
from adapters.protocols.canonical.turns import merge

Json = dict[str, Any]
CARRIED: Final = frozenset({"temperature", "top_p", "top_k"})
TEMPERATURE_MAX: Final = 1


def fields_of(conversation: Conversation, upstream_model: str, output_cap: int) -> Json:
    """Write everything but the stream flag, or raise UnsupportedParameterError by name."""
    abilities = abilities_of(upstream_model)
    thinking = thinking_fields(conversation, abilities, output_cap)
    sampling = _sampling(conversation, fixed=is_fixed(abilities, thinking))
    # Only the current API knows system messages amid the others, and it knows no sampling.
    current = abilities.current and not sampling
    fields: Json = {
        "model": upstream_model,
        "max_tokens": output_cap,
        **_system(conversation.system),
        "messages": _messages(conversation, mid_system=current),
        **sampling,
        **_tools(conversation, thinks=thinking.get("thinking", {}).get("type") == "enabled"),
        **_output_config(conversation.format, thinking.pop("effort", None), conversation),
        **thinking,
    }
    if conversation.stop:
        if not all(map(str.strip, conversation.stop)):
            conversation.refuse("stop", "must not be whitespace alone with this model")
        fields["stop_sequences"] = list(conversation.stop)
    user = conversation.options.get("user") or conversation.options.get("safety_identifier")
    return {**fields, "metadata": {"user_id": user}} if user else fields


def is_current(fields: Json) -> bool:
    """Tell which version of the API a request of ours is written for."""
    sampled = not CARRIED.isdisjoint(fields)
    return abilities_of(fields["model"]).current and not sampled


def _sampling(conversation: Conversation, *, fixed: bool) -> Json:
    """Take what the model takes; saying a default says nothing to one that does not."""
    conversation.check_options(CARRIED)
    if fixed:
        check_defaults(conversation)
        return {}
    found = {name: conversation.options[name] for name in CARRIED if name in conversation.options}
    if found.get("temperature", 0) > TEMPERATURE_MAX:
        conversation.refuse("temperature", f"goes up to {TEMPERATURE_MAX} with this model")
    return {
        name: value
        for name, value in found.items()
        if name == "temperature" or value != DEFAULTS[name]
    }


def _system(system: tuple[Text, ...]) -> Json:
    texts = [text_fields(text) for text in system if text.text]
    return {"system": texts} if texts else {}


def _messages(conversation: Conversation, *, mid_system: bool) -> list[Json]:
    writer = BlockWriter(conversation)
    turns = conversation.turns if mid_system else _folded(conversation.turns)
    messages = [
        {"role": turn.role, "content": content}
        for turn in merge(turns)
        if (content := writer.blocks(turn.blocks))
    ]
    if not messages or messages[0]["role"] != "user":
        conversation.refuse("turns", "must begin with what the user says")
    return messages


def _folded(turns: tuple[Turn, ...]) -> Iterator[Turn]:
    """Say on the user's side what a system message amid the others says."""
    for turn in turns:
        yield Turn("user", turn.blocks) if turn.role == "system" else turn


def _tools(conversation: Conversation, *, thinks: bool) -> Json:
    """Write the tools that may be called; a choice among several leaves the others out."""
    choice = conversation.tool_choice or ToolChoice()
    one = choice.mode == "required" and len(choice.names) == 1
    names = () if one else choice.names
    tools = conversation.tools_named(names) if names else conversation.tools
    if not tools:
        return {}
    if thinks and choice.mode == "required":
        conversation.refuse("tool_choice", "cannot force a call from a model that is to think")
    chosen: Json = (
        {"type": "tool", "name": choice.names[0]} if one else {"type": _MODES[choice.mode]}
    )
    if conversation.parallel_tools is False and choice.mode != "none":
        chosen["disable_parallel_tool_use"] = True
    said = conversation.tool_choice is not None or len(chosen) > 1
    return {"tools": list(map(_tool, tools)), **({"tool_choice": chosen} if said else {})}


def _tool(tool: Tool) -> Json:
    fields: Json = {"name": tool.name, "input_schema": parameters_of(tool)}
    if tool.description:
        fields["description"] = tool.description
    if tool.strict:
        fields["strict"] = True
    return {**fields, **cache_fields(tool.cache)}


def _output_config(wanted: Format | None, effort: str | None, conversation: Conversation) -> Json:
    config: Json = {"effort": effort} if effort else {}
    if wanted is not None:
        if wanted.schema is None:
            conversation.refuse("format", "needs a schema with this model")
        config["format"] = {"type": "json_schema", "schema": closed(wanted.schema)}
    return {"output_config": config} if config else {}


_MODES: Final = {"auto": "auto", "none": "none", "required": "any"}
