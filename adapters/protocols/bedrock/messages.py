"""Turns as Converse's messages: two sides in turn, no blank text, ids of its own pattern."""

import re
from hashlib import sha256
from typing import Any, Final

from adapters.protocols.bedrock.documents import FileWriter, Written
from adapters.protocols.bedrock.families import cache_ttls
from adapters.protocols.bedrock.thinking import ISSUER
from adapters.protocols.canonical.arguments import arguments_of
from adapters.protocols.canonical.blocks import (
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
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.canonical.turns import merge

_ID: Final = re.compile(r"[a-zA-Z0-9_.:-]{1,64}", re.ASCII)


def write_messages(conversation: Conversation, model: str) -> list[dict[str, Any]]:
    """Write every turn but the system's, or refuse what has no place by name."""
    turns = merge(_kept(conversation, turn) for turn in conversation.turns if turn.role != "system")
    if not turns or turns[0].role != "user":
        conversation.refuse("turns", "must begin with the user's")
    writer = _Writer(conversation, model)
    return [{"role": turn.role, "content": writer.turn(turn)} for turn in turns]


def write_system(conversation: Conversation, model: str) -> list[Written]:
    """Write all that the system says, what it says midway too: not every model takes it there."""
    midway = [
        block for turn in conversation.turns if turn.role == "system" for block in turn.blocks
    ]
    if not all(isinstance(block, Text) for block in midway):
        conversation.refuse("system", "has more than text from the system")
    said = [*conversation.system, *(block for block in midway if isinstance(block, Text))]
    ttls = cache_ttls(model)
    return [
        written
        for text in said
        if text.text.strip()
        for written in ({"text": text.text}, *cache_point(text.cache, ttls))
    ]


def cache_point(ttl: str | None, ttls: frozenset[str]) -> list[Written]:
    """Mark the end of a prefix worth keeping, for models that keep any."""
    if ttl is None or not ttls:
        return []
    longer = {"ttl": ttl} if ttl != "5m" and ttl in ttls else {}
    return [{"cachePoint": {"type": "default", **longer}}]


def _kept(conversation: Conversation, turn: Turn) -> Turn:
    """Leave out blank texts and thoughts that another protocol signed: neither is taken."""
    kept = Turn(turn.role, tuple(filter(_says, turn.blocks)))
    if turn.role == "user" and not kept.blocks:
        conversation.refuse("turns", "must not be blank")
    return kept


def _says(block: Block) -> bool:
    if isinstance(block, Text | Refusal):
        return bool(block.text.strip())
    if isinstance(block, Thinking):
        return block.issuer == ISSUER and bool(block.signature)
    return not isinstance(block, RedactedThinking) or block.issuer == ISSUER


class _Writer:
    def __init__(self, conversation: Conversation, model: str) -> None:
        self._conversation = conversation
        self._files = FileWriter(conversation, model)
        self._ttls = cache_ttls(model)

    def turn(self, turn: Turn) -> list[Written]:
        """Write a turn's blocks, each with its mark."""
        content: list[Written] = []
        for block in turn.blocks:
            content.append(self._block(block))
            content += cache_point(getattr(block, "cache", None), self._ttls)
        written = {name for block in content for name in block}
        if "document" in written and "text" not in written:
            self._conversation.refuse("document", "needs a text beside it at this provider")
        return content

    def _block(self, block: Block) -> Written:
        match block:
            case Text() | Refusal():
                return {"text": block.text}
            case Thinking():
                thought = {"text": block.text, "signature": block.signature}
                return {"reasoningContent": {"reasoningText": thought}}
            case RedactedThinking():
                return {"reasoningContent": {"redactedContent": block.data}}
            case ToolUse():
                call = {"name": block.name, "input": arguments_of(self._conversation, block)}
                return {"toolUse": {"toolUseId": _id(block.id), **call}}
            case ToolResult():
                return {"toolResult": self._result(block)}
            case _:
                return self._files.write(block)

    def _result(self, result: ToolResult) -> Written:
        content = [self._told(block) for block in result.blocks if _says(block)]
        status = "error" if result.is_error else "success"
        return {"toolUseId": _id(result.tool_use_id), "content": content, "status": status}

    def _told(self, block: Text | Image | Document) -> Written:
        return {"text": block.text} if isinstance(block, Text) else self._files.write(block)


def _id(tool_use_id: str) -> str:
    """Keep an id that Converse takes; another becomes the same one wherever it stands.

    Nothing is mapped back: no answer repeats an id of the past.
    """
    if _ID.fullmatch(tool_use_id):
        return tool_use_id
    return f"tooluse_{sha256(tool_use_id.encode()).hexdigest()[:40]}"
