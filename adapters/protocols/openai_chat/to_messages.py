"""Canonical turns as chat messages, for OpenAI-compatible servers (wire-facts §2.2, reverse)."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from adapters.protocols.canonical.blocks import (
    Audio,
    Block,
    Document,
    Image,
    Refusal,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.data_url import write_data
from adapters.protocols.openai_chat.answer import call_of
from adapters.protocols.openai_chat.calls import GEMINI

ERROR: Final = "Error: "
"""How a tool's failure is told where there is no field for it."""


def messages_of(conversation: Conversation, upstream_model: str) -> list[dict[str, Any]]:
    """Write the messages, or raise UnsupportedParameterError; marks for caching are left out.

    OpenAI-compatible servers cache on their own.
    """
    written: list[dict[str, Any]] = []
    if conversation.system:
        written.append({"role": "system", "content": _content(conversation, conversation.system)})
    for turn in conversation.turns:
        match turn.role:
            case "user":
                written += _user(conversation, turn)
            case "assistant":
                written += _assistant(turn, upstream_model)
            case "system":
                content = _content(conversation, turn.blocks)
                written.append({"role": "system", "content": content})
    return written


def keeps_gemini_signatures(upstream_model: str) -> bool:
    """Tell whether a server wants Google's signatures back: the one that serves Gemini does.

    Others refuse the field that they come in.
    """
    return "gemini" in upstream_model.lower()


def _user(conversation: Conversation, turn: Turn) -> Iterator[dict[str, Any]]:
    """Write what tools answered first, as chat demands, and what they showed after it."""
    shown: list[Block] = []
    for block in turn.blocks:
        if isinstance(block, ToolResult):
            yield _result(block)
            shown += (part for part in block.blocks if not isinstance(part, Text))
        else:
            shown.append(block)
    if shown:
        yield {"role": "user", "content": _content(conversation, shown)}


def _result(block: ToolResult) -> dict[str, Any]:
    """Write a tool's answer: texts only, as there is no place for pictures in it."""
    texts = [part.text for part in block.blocks if isinstance(part, Text)]
    if block.is_error:
        texts.insert(0, ERROR + (texts.pop(0) if texts else ""))
    parts = [{"type": "text", "text": text} for text in texts]
    content = "".join(texts) if len(texts) <= 1 else parts
    return {"role": "tool", "tool_call_id": block.tool_use_id, "content": content}


def _assistant(turn: Turn, upstream_model: str) -> Iterator[dict[str, Any]]:
    """Write what the model said, then what it called: chat knows no other order.

    Thoughts go back where they came from: unsigned ones are from servers such as these, signed
    and sealed ones are of no use but to who issued them.
    """
    said = [_said(block) for block in turn.blocks if isinstance(block, Text | Refusal)]
    calls = [_call(block, upstream_model) for block in turn.blocks if isinstance(block, ToolUse)]
    thoughts = "".join(
        block.text for block in turn.blocks if isinstance(block, Thinking) and not block.signature
    )
    if not (said or calls or thoughts):
        return
    message: dict[str, Any] = {"role": "assistant", "content": _plain(said)}
    if calls:
        message["tool_calls"] = calls
    if thoughts:
        message["reasoning_content"] = thoughts
    yield message


def _said(block: Text | Refusal) -> dict[str, Any]:
    kind = "text" if isinstance(block, Text) else "refusal"
    return {"type": kind, kind: block.text}


def _plain(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]] | None:
    """Write one text as text, which is what the simplest servers take."""
    if not parts:
        return None
    return parts[0]["text"] if [part["type"] for part in parts] == ["text"] else parts


def _call(block: ToolUse, upstream_model: str) -> dict[str, Any]:
    written = call_of(block)
    if block.issuer != GEMINI or not keeps_gemini_signatures(upstream_model):
        written.pop("extra_content", None)
    return written


def _content(
    conversation: Conversation, blocks: Iterable[Block]
) -> str | list[dict[str, Any]] | None:
    return _plain([_part(conversation, block) for block in blocks])


def _part(conversation: Conversation, block: Block) -> dict[str, Any]:
    match block:
        case Text():
            return {"type": "text", "text": block.text}
        case Image():
            address = block.url or write_data(block.media_type, block.data)
            detail = {} if block.detail is None else {"detail": block.detail}
            return {"type": "image_url", "image_url": {"url": address, **detail}}
        case Audio():
            sound = {"data": block.data, "format": block.format}
            return {"type": "input_audio", "input_audio": sound}
        case Document():
            return _document(conversation, block)
        case _:
            raise AssertionError("a user sends no such block")


def _document(conversation: Conversation, block: Document) -> dict[str, Any]:
    if block.url:
        conversation.refuse("document", "holds a file by its address, which is not fetched")
    if block.text:
        return {"type": "text", "text": block.told}
    file = {
        "filename": block.title or "file",
        "file_data": write_data(block.media_type, block.data),
    }
    return {"type": "file", "file": file}
