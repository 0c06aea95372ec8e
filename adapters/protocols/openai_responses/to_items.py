"""Canonical turns as input items for a server of Responses (wire-facts §2.6).

Marks for caching are left out: such servers cache on their own.
"""

from collections.abc import Iterator
from typing import Any

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
from adapters.protocols.canonical.conversation import Conversation, Turn
from adapters.protocols.data_url import write_data
from adapters.protocols.openai_chat.to_messages import ERROR
from adapters.protocols.openai_responses.sealed import ISSUER

Json = dict[str, Any]
Special = ToolUse | ToolResult | Thinking | RedactedThinking
"""What is an item of its own, and no part of a message."""


def items_of(conversation: Conversation) -> list[Json]:
    """Write the turns, after what the system says in several texts.

    Raises UnsupportedParameterError for what has no place.
    """
    writer = _Writer(conversation)
    apart = len(conversation.system) > 1
    leading = (Turn("system", conversation.system),) if apart else ()
    return [item for turn in (*leading, *conversation.turns) for item in writer.turn(turn)]


class _Writer:
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._custom: set[str] = set()

    def turn(self, turn: Turn) -> Iterator[Json]:
        """Write a turn: what is said in messages, calls, results and thoughts as they stand."""
        role = "developer" if turn.role == "system" else turn.role
        parts: list[Json] = []
        for block in turn.blocks:
            if not isinstance(block, Special):
                parts.append(self._part(block, role))
                continue
            if parts:
                yield {"type": "message", "role": role, "content": parts}
                parts = []
            yield from self._item(block)
        if parts:
            yield {"type": "message", "role": role, "content": parts}

    def _item(self, block: Special) -> Iterator[Json]:
        match block:
            case ToolUse(custom=True):
                self._custom.add(block.id)
                yield _call(block, "custom_tool_call", "input")
            case ToolUse():
                yield _call(block, "function_call", "arguments")
            case ToolResult():
                yield self._output(block)
            case _ if block.issuer == ISSUER:
                yield _thought(block)
            case _:
                # What others issued cannot be read there, and bare words are no thoughts.
                return

    def _output(self, result: ToolResult) -> Json:
        custom = result.tool_use_id in self._custom
        output: str | list[Json]
        match _told(result):
            case ():
                output = ""
            case (Text(text=text),):
                output = text
            case blocks:
                output = [self._part(block, "user") for block in blocks]
        return {
            "type": "custom_tool_call_output" if custom else "function_call_output",
            "call_id": result.tool_use_id,
            "output": output,
        }

    def _part(self, block: Block, role: str) -> Json:
        match block:
            case Text():
                kind = "output_text" if role == "assistant" else "input_text"
                return {"type": kind, "text": block.text}
            case Refusal():
                return {"type": "refusal", "refusal": block.text}
            case Image():
                address = block.url or write_data(block.media_type, block.data)
                detail = block.detail or "auto"
                return {"type": "input_image", "image_url": address, "detail": detail}
            case Document():
                return _file(block)
            case _:
                assert isinstance(block, Audio), "every other block is an item of its own"
                self._conversation.refuse("audio")
                raise AssertionError("refusing raises")


def _call(call: ToolUse, kind: str, said: str) -> Json:
    return {"type": kind, "call_id": call.id, "name": call.name, said: call.arguments}


def _thought(block: Thinking | RedactedThinking) -> Json:
    text, sealed = (
        (block.text, block.signature) if isinstance(block, Thinking) else ("", block.data)
    )
    summary = [{"type": "summary_text", "text": text}] if text else []
    return {"type": "reasoning", "summary": summary, "encrypted_content": sealed}


def _told(result: ToolResult) -> tuple[Text | Image | Document, ...]:
    """Tell of a failure in words, as there is no flag for it."""
    match result.blocks:
        case blocks if not result.is_error:
            return blocks
        case (Text(text=text), *rest):
            return (Text(ERROR + text), *rest)
        case blocks:
            return (Text(ERROR), *blocks)


def _file(document: Document) -> Json:
    if document.text:
        return {"type": "input_text", "text": document.told}
    if document.url:
        named = {"filename": document.title} if document.title else {}
        return {"type": "input_file", "file_url": document.url, **named}
    data = write_data(document.media_type, document.data)
    return {"type": "input_file", "file_data": data, "filename": document.title or "document"}
