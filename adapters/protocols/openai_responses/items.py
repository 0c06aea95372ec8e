"""Input items to turns: neighbours of one side are one turn (wire-facts §2.6)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from adapters.protocols.canonical.arguments import arguments_text
from adapters.protocols.canonical.blocks import (
    Block,
    Document,
    Image,
    Refusal,
    Text,
    ToolResult,
    ToolUse,
)
from adapters.protocols.canonical.conversation import Role, Turn
from adapters.protocols.extras import refuse_others
from adapters.protocols.openai_responses.names import flat
from adapters.protocols.openai_responses.parts import blocks_of
from adapters.protocols.openai_responses.sealed import Sealed, open_thought, unseal
from domain.errors import InvalidRequestError, UnsupportedParameterError

Json = Mapping[str, Any]
SYSTEM: Final = frozenset({"system", "developer"})
CALLS: Final = frozenset({"function_call", "custom_tool_call"})
OUTPUTS: Final = frozenset({"function_call_output", "custom_tool_call_output"})


class Items:
    """Reads checked items in their order."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self._items = items
        self._called: set[str] = set()
        self._signatures = {sealed.about: sealed for item in items if (sealed := _of_call(item))}

    def turns(self) -> Iterator[Turn]:
        """Give a turn for each item, or raise InvalidRequestError naming the item."""
        for index, item in enumerate(self._items):
            path = f"input[{index}]"
            kind = item.get("type") or "message"
            if kind not in _KNOWN:
                raise UnsupportedParameterError(f"{path}.type", _NO_PLACE)
            refuse_others(item, _KNOWN[kind] | _HINTS, path)
            if kind == "message":
                yield _message(item, path)
            elif kind in CALLS:
                yield Turn("assistant", (self._call(item, path),))
            elif kind in OUTPUTS:
                yield Turn("user", (self._result(item, path),))
            elif (
                thought := open_thought(text_of(item), item.get("encrypted_content"))
            ) is not None:
                yield Turn("assistant", (thought,))

    def _call(self, item: Json, path: str) -> ToolUse:
        custom = item["type"] == "custom_tool_call"
        said = item["input"] if custom else arguments_text(item["arguments"], f"{path}.arguments")
        self._called.add(item["call_id"])
        sealed = self._signatures.get(item["call_id"])
        return ToolUse(
            item["call_id"],
            flat(item["name"], item.get("namespace")),
            said,
            sealed.data if sealed else None,
            sealed.issuer if sealed else None,
            custom,
        )

    def _result(self, item: Json, path: str) -> ToolResult:
        call_id: str = item["call_id"]
        if call_id not in self._called:
            where = f"{path}.call_id"
            raise InvalidRequestError(f"'{where}' names no earlier call of a tool.", where)
        blocks = tuple(blocks_of(item["output"], f"{path}.output"))
        return ToolResult(call_id, cast("tuple[Text | Image | Document, ...]", blocks))


def text_of(item: Json) -> str:
    """Join the paragraphs of a reasoning item; raw thoughts only where there is no summary."""
    return "\n\n".join(part["text"] for part in item.get("summary") or item.get("content") or ())


def _message(item: Json, path: str) -> Turn:
    role: str = item["role"]
    blocks: tuple[Block, ...] = tuple(blocks_of(item["content"], f"{path}.content"))
    allowed = _SAID_BY.get(role)
    if allowed is not None and not all(isinstance(block, allowed) for block in blocks):
        raise InvalidRequestError(f"'{path}.content' must be text.", f"{path}.content")
    if any(isinstance(block, Refusal) for block in blocks) and role != "assistant":
        raise InvalidRequestError(f"'{path}.content' holds a refusal.", f"{path}.content")
    return Turn(_ROLES[role], blocks)


def _of_call(item: Json) -> Sealed | None:
    content = item.get("encrypted_content")
    sealed = unseal(content) if isinstance(content, str) else None
    return sealed if sealed is not None and sealed.kind == "call" else None


_ROLES: Final[Mapping[str, Role]] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}
_SAID_BY: Final[Mapping[str, tuple[type, ...]]] = {
    "assistant": (Text, Refusal),
    "system": (Text,),
    "developer": (Text,),
}
_HINTS: Final = frozenset(
    {"type", "id", "status", "phase", "metadata", "internal_chat_message_metadata_passthrough"}
)
"""What clients send back of an answer, and what Codex adds for itself: none of it is said."""
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "message": frozenset({"role", "content"}),
    "function_call": frozenset({"call_id", "name", "arguments", "namespace", "caller"}),
    "custom_tool_call": frozenset({"call_id", "name", "input", "namespace", "caller"}),
    "function_call_output": frozenset({"call_id", "output", "caller"}),
    "custom_tool_call_output": frozenset({"call_id", "output", "caller", "name"}),
    "reasoning": frozenset({"summary", "content", "encrypted_content"}),
}
_NO_PLACE: Final = "cannot be carried to this model's provider"
