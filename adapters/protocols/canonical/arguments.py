"""A tool's arguments, for protocols that carry them as a JSON object and not as its text."""

from typing import Any, Final

import orjson

from adapters.protocols.canonical.blocks import ToolUse
from adapters.protocols.canonical.conversation import Conversation, Tool
from adapters.protocols.json_body import parse_object
from domain.errors import InvalidRequestError

NO_PARAMETERS: Final[dict[str, Any]] = {"type": "object", "properties": {}}


def arguments_of(conversation: Conversation, call: ToolUse) -> dict[str, Any]:
    """Give a function call's arguments as an object; no text at all means no arguments.

    Raises InvalidRequestError if they are none.
    """
    assert not call.custom, "custom tools were turned into functions"
    arguments = object_in(call.arguments) if call.arguments.strip() else {}
    if arguments is None:
        where = conversation.name_of("turns")
        message = f"'{where}' has a tool call whose arguments are no plain JSON object."
        raise InvalidRequestError(message, where)
    return arguments


def arguments_text(text: str, path: str) -> str:
    """Give the text of a function call's arguments as it came; none at all are an empty object.

    Raises InvalidRequestError if it is not that of a JSON object.
    """
    if not text.strip():
        return "{}"
    try:
        fields: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise InvalidRequestError(f"'{path}' must be the text of a JSON object.", path)
    return text


def object_in(text: str) -> dict[str, Any] | None:
    """Give the JSON object that a text is, if writing it again would say the same."""
    try:
        found = parse_object(text.encode())
        orjson.dumps(found)
    except (InvalidRequestError, UnicodeEncodeError, TypeError):
        return None
    return found


def parameters_of(tool: Tool) -> dict[str, Any]:
    """Give the JSON Schema of what a function takes."""
    return NO_PARAMETERS if tool.parameters is None else dict(tool.parameters)
