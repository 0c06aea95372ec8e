"""A messages request in canonical form, for providers of other protocols."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from adapters.protocols.anthropic.fields import Message, MessagesFields, Tool
from adapters.protocols.anthropic.foreign import unwrap
from adapters.protocols.anthropic.to_blocks import block_of, cache_of, text_of
from adapters.protocols.anthropic.tools import CUSTOM, kind_of
from adapters.protocols.canonical import blocks as canonical
from adapters.protocols.canonical.blocks import Block, RedactedThinking, Text
from adapters.protocols.canonical.conversation import (
    Conversation,
    Format,
    Reasoning,
    Tool as CanonicalTool,
    ToolChoice,
    Turn,
)
from adapters.protocols.canonical.places import placed
from adapters.protocols.extras import NO_PLACE, refuse_others
from domain.errors import UnsupportedParameterError

NAMES: Final = {
    "stop": "stop_sequences",
    "format": "output_config.format",
    "response_format": "output_config.format",
    "reasoning": "thinking",
    "reasoning_effort": "output_config.effort",
    "parallel_tools": "tool_choice.disable_parallel_tool_use",
    "user": "metadata.user_id",
    "service_tier": "speed",
    "turns": "messages",
    "image": "messages",
    "audio": "messages",
    "document": "messages",
}
"""Anthropic's names for what the canonical form names otherwise."""
_HINTS: Final = frozenset({"eager_input_streaming"})
"""About how arguments are streamed, not what they are."""


def conversation_of(fields: MessagesFields) -> Conversation:
    """Give the canonical form, or raise UnsupportedParameterError naming the field."""
    _check_context(fields)
    turns = [_turn(message, index) for index, message in enumerate(fields.messages)]
    if fields.cache_control is not None:
        turns[-1] = _cached(turns[-1], cache_of(fields.cache_control))
    choice = fields.tool_choice
    config = fields.output_config
    return Conversation(
        turns=tuple(turns),
        system=tuple(_system(fields.system)),
        tools=tuple(_tool(tool, index) for index, tool in enumerate(fields.tools or ())),
        tool_choice=_tool_choice(fields),
        parallel_tools=False if choice and choice.disable_parallel_tool_use else None,
        format=Format(schema=config.format.schema_) if config and config.format else None,
        reasoning=_reasoning(fields),
        stop=tuple(fields.stop_sequences or ()),
        options=_options(fields),
        names=NAMES,
    )


def _check_context(fields: MessagesFields) -> None:
    """Let pass what only concerns thoughts: they do not go along anyway."""
    edits = fields.context_management.edits if fields.context_management else None
    for index, edit in enumerate(edits or ()):
        if not edit.type.startswith("clear_thinking_"):
            raise UnsupportedParameterError(f"context_management.edits[{index}]", NO_PLACE)


def _system(system: str | list[Any] | None) -> Iterator[Text]:
    if isinstance(system, str):
        yield Text(system)
        return
    for index, block in enumerate(system or ()):
        yield text_of(block, f"system[{index}]")


def _turn(message: Message, index: int) -> Turn:
    if isinstance(message.content, str):
        return Turn(message.role, (Text(message.content),))
    path = f"messages[{index}].content"
    blocks = [
        placed(block_of(block, f"{path}[{at}]"), message.role, f"{path}[{at}]")
        for at, block in enumerate(message.content)
    ]
    return Turn(message.role, tuple(_signed(blocks)))


def _signed(blocks: list[Block]) -> Iterator[Block]:
    """Give calls the signatures that came along as redacted thoughts of ours."""
    notes = [
        note
        for block in blocks
        if isinstance(block, RedactedThinking) and (note := unwrap(block.data))
    ]
    signatures = {call: (issuer, signature) for issuer, call, signature in notes if call}
    for block in blocks:
        ours = unwrap(block.data) if isinstance(block, RedactedThinking) else None
        if isinstance(block, canonical.ToolUse) and block.id in signatures:
            issuer, signature = signatures[block.id]
            yield replace(block, signature=signature, issuer=issuer)
        elif ours is None:
            yield block
        elif not ours[1]:
            yield RedactedThinking(ours[2], ours[0])


def _cached(turn: Turn, ttl: str | None) -> Turn:
    """Mark the last block that can be kept, as Anthropic would by itself."""
    blocks = list(turn.blocks)
    for index in reversed(range(len(blocks))):
        block = blocks[index]
        if isinstance(
            block,
            Text | canonical.Image | canonical.Document | canonical.ToolUse | canonical.ToolResult,
        ):
            blocks[index] = replace(block, cache=ttl)
            break
    return Turn(turn.role, tuple(blocks))


def _tool(tool: Tool, index: int) -> CanonicalTool:
    """Take a tool of the caller's own; only Anthropic's models know what its own tools take."""
    field = f"tools[{index}]"
    if kind_of(tool) != CUSTOM:
        raise UnsupportedParameterError(f"{field}.type", NO_PLACE)
    extras = dict(tool.model_extra or {})
    if extras.get("allowed_callers") == ["direct"]:
        del extras["allowed_callers"]
    refuse_others(extras, _HINTS, field)
    return CanonicalTool(
        name=tool.name or "",
        description=tool.description or "",
        parameters=tool.input_schema,
        strict=tool.strict,
        cache=cache_of(tool.cache_control),
    )


def _tool_choice(fields: MessagesFields) -> ToolChoice | None:
    choice = fields.tool_choice
    if choice is None:
        return None
    match choice.type:
        case "auto" | "none":
            return ToolChoice(choice.type)
        case "any":
            return ToolChoice("required")
        case "tool":
            return ToolChoice("required", (choice.name or "",))


def _reasoning(fields: MessagesFields) -> Reasoning | None:
    thinking, config = fields.thinking, fields.output_config
    effort = config.effort if config else None
    if thinking is None:
        return Reasoning(effort=effort) if effort else None
    if thinking.type == "between_tools":
        raise UnsupportedParameterError(
            "thinking.type", "cannot be 'between_tools' with this model's provider"
        )
    return Reasoning(
        enabled=thinking.type != "disabled",
        effort=effort,
        budget=thinking.budget_tokens,
        shown=thinking.display != "omitted",
    )


def _options(fields: MessagesFields) -> dict[str, Any]:
    """List what else was set; the tiers that may be asked for are what others give anyway."""
    given = {
        "temperature": fields.temperature,
        "top_p": fields.top_p,
        "top_k": fields.top_k,
        "user": (fields.metadata or {}).get("user_id"),
        "service_tier": "fast" if fields.speed == "fast" else None,
    }
    return {name: value for name, value in given.items() if value is not None}
