"""Which blocks may stand on which side: what the other side says there would say for it."""

from collections.abc import Mapping
from typing import Final

from adapters.protocols.canonical.blocks import (
    Audio,
    Block,
    Document,
    Image,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from adapters.protocols.canonical.conversation import Role
from domain.errors import InvalidRequestError

_SAID_BY: Final[Mapping[Role, frozenset[type]]] = {
    "user": frozenset({Text, Image, Audio, Document, ToolResult}),
    "assistant": frozenset({Text, Refusal, ToolUse, Thinking, RedactedThinking}),
    "system": frozenset({Text}),
}


def placed(block: Block, role: Role, path: str) -> Block:
    """Give the block, or raise InvalidRequestError if this side never says such a one."""
    if type(block) not in _SAID_BY[role]:
        raise InvalidRequestError(f"'{path}' cannot stand in a message of role '{role}'.", path)
    return block
