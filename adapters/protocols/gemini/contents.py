"""Turns as Gemini's contents: the caller is `user`, the model is `model`, nobody else speaks."""

from collections.abc import Iterator
from typing import Any, Final, TypeGuard

from adapters.protocols.canonical.arguments import arguments_of, object_in
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
from adapters.protocols.canonical.turns import merge
from adapters.protocols.gemini.thinking import BY_LEVEL, generation

Part = dict[str, Any]

ISSUER: Final = "gemini"
UNSIGNED: Final = "skip_thought_signature_validator"
"""What Google documents for a call that another model made, and so never signed."""

_ROLES: Final = {"user": "user", "assistant": "model"}
_AUDIO: Final = {"wav": "audio/wav", "mp3": "audio/mp3"}
_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})
_PDF: Final = "application/pdf"


def write_contents(conversation: Conversation, model: str) -> list[dict[str, Any]]:
    """Write every turn but the system's, or refuse what has no place by name."""
    turns = merge(_kept(conversation, turn) for turn in conversation.turns if turn.role != "system")
    if not turns or turns[0].role != "user":
        conversation.refuse("turns", "must begin with the user's")
    writer = _Writer(conversation, newest=generation(model) >= BY_LEVEL)
    return [{"role": _ROLES[turn.role], "parts": writer.turn(turn)} for turn in turns]


def write_system(conversation: Conversation) -> list[Part]:
    """Write all that the system says, what it says midway too: Gemini has one place for it."""
    midway = [
        block for turn in conversation.turns if turn.role == "system" for block in turn.blocks
    ]
    if not all(isinstance(block, Text) for block in midway):
        conversation.refuse("system", "has more than text from the system")
    said = [*conversation.system, *(block for block in midway if isinstance(block, Text))]
    return [{"text": text.text} for text in said if text.text]


def _kept(conversation: Conversation, turn: Turn) -> Turn:
    """Leave out empty texts, and thoughts that another protocol signed."""
    kept = Turn(turn.role, tuple(filter(_says, turn.blocks)))
    if turn.role == "user" and not kept.blocks:
        conversation.refuse("turns", "must not be empty")
    return kept


def _says(block: Block) -> bool:
    if isinstance(block, Text | Refusal):
        return bool(block.text)
    if isinstance(block, Thinking):
        return block.issuer == ISSUER and bool(block.signature)
    return not isinstance(block, RedactedThinking)


class _Writer:
    """Writes a conversation's blocks, and knows which tool each result answers."""

    def __init__(self, conversation: Conversation, *, newest: bool) -> None:
        self._conversation = conversation
        self._newest = newest
        self._tools = {
            block.id: block.name
            for turn in conversation.turns
            for block in turn.blocks
            if isinstance(block, ToolUse)
        }

    def turn(self, turn: Turn) -> list[Part]:
        """Write a turn's parts; of parallel calls the first one carries the signature."""
        parts = [part for block in turn.blocks for part in self._parts(block)]
        call = next((part for part in parts if "functionCall" in part), None)
        if call is not None and self._newest:
            call.setdefault("thoughtSignature", UNSIGNED)
        return parts

    def _parts(self, block: Block) -> Iterator[Part]:
        """Say a file's title in words before it: Gemini's own API takes no name with one."""
        if isinstance(block, Document) and block.title and not block.text:
            yield {"text": block.title}
        yield self._part(block)

    def _part(self, block: Block) -> Part:
        match block:
            case Text() | Refusal():
                return {"text": block.text}
            case Thinking():
                return {"text": block.text, "thought": True, "thoughtSignature": block.signature}
            case ToolUse():
                return _call(self._conversation, block)
            case ToolResult():
                return self._result(block)
            case _:
                assert not isinstance(block, RedactedThinking), "left out above"
                return self._file(block)

    def _image(self, image: Image) -> Part:
        if image.url:
            self._conversation.refuse("image", "must be sent as data to this model's provider")
        if image.media_type not in _IMAGES:
            self._conversation.refuse("image", "is of a type that this model cannot see")
        return _inline(image.media_type, image.data)

    def _file(self, file: Image | Audio | Document) -> Part:
        if isinstance(file, Image):
            return self._image(file)
        if isinstance(file, Audio):
            if file.format not in _AUDIO:
                self._conversation.refuse("audio", "is of a format that this model cannot hear")
            return _inline(_AUDIO[file.format], file.data)
        if file.text:
            return {"text": file.told}
        if file.url:
            self._conversation.refuse("document", "must be sent as data to this model's provider")
        if file.media_type != _PDF and not file.media_type.startswith("text/"):
            self._conversation.refuse("document", "is of a type that this model cannot read")
        return _inline(file.media_type, file.data)

    def _result(self, result: ToolResult) -> Part:
        if result.tool_use_id not in self._tools:
            self._conversation.refuse("turns", "has a result of a tool that was never called")
        files = [
            block for block in result.blocks if not isinstance(block, Text) and not _is_text(block)
        ]
        texts = [
            block.told if isinstance(block, Document) else block.text
            for block in result.blocks
            if _is_text(block)
        ]
        response: dict[str, Any] = {
            "id": result.tool_use_id,
            "name": self._tools[result.tool_use_id],
            "response": _response("".join(texts), is_error=result.is_error),
        }
        if any(isinstance(block, Document) and block.title for block in files):
            self._conversation.refuse("document", "has a title, for which a result has no place")
        if files and not self._newest:
            self._conversation.refuse("turns", "has more than text in a tool's result")
        parts = {"parts": [self._file(file) for file in files]} if files else {}
        return {"functionResponse": {**response, **parts}}


def _is_text(block: Text | Image | Document) -> TypeGuard[Text | Document]:
    """Tell whether it is no more than words, which a result holds as such."""
    return isinstance(block, Text) or (isinstance(block, Document) and bool(block.text))


def _response(text: str, *, is_error: bool) -> dict[str, Any]:
    """Give a result as an object: its own if it is one, else under Gemini's word for it."""
    if is_error:
        return {"error": text}
    said = object_in(text)
    return {"output": text} if said is None else said


def _call(conversation: Conversation, block: ToolUse) -> Part:
    call = {"id": block.id, "name": block.name, "args": arguments_of(conversation, block)}
    signed = block.signature if block.issuer == ISSUER else None
    return {"functionCall": call, **({"thoughtSignature": signed} if signed else {})}


def _inline(media_type: str, data: str) -> Part:
    return {"inlineData": {"mimeType": media_type, "data": data}}
