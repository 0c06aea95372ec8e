"""Signatures of other protocols, carried through a caller who speaks Anthropic's.

A signature is good only for who issued it. Ours says so in a form that callers send back untouched:

thinking             its own signature, with the issuer
call of a tool       a block of redacted thinking that names the call
"""

from collections.abc import Iterable
from typing import Any, Final, cast

import orjson

ANTHROPIC: Final = "anthropic"
_MARK: Final = "tollbook:"


def wrap(issuer: str, signature: str, tool_use_id: str = "") -> str:
    """Write a foreign signature, of thoughts or of a call, as one of Anthropic's."""
    return _MARK + orjson.dumps([issuer, tool_use_id, signature]).decode()


def unwrap(text: str) -> tuple[str, str, str] | None:
    """Read issuer, call and signature; None for what is Anthropic's own."""
    if not text.startswith(_MARK):
        return None
    try:
        parts: object = orjson.loads(text.removeprefix(_MARK))
    except orjson.JSONDecodeError:
        return None
    strings = cast("list[object]", parts) if isinstance(parts, list) else []
    match strings:
        case [str(issuer), str(tool_use_id), str(signature)]:
            return issuer, tool_use_id, signature
        case _:
            return None


def without_foreign(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the thoughts that Anthropic did not sign: it refuses them.

    A turn of nothing else is left out, too.
    """
    kept: list[dict[str, Any]] = []
    for message in messages:
        content = message["content"]
        if isinstance(content, list):
            blocks = cast("list[dict[str, Any]]", content)
            own = [block for block in blocks if not _foreign(block)]
            if not own and blocks:
                continue
            message = {**message, "content": own}  # noqa: PLW2901  # the caller's stays whole
        kept.append(message)
    return kept


def _foreign(block: dict[str, Any]) -> bool:
    if block["type"] == "thinking":
        return not block["signature"] or unwrap(block["signature"]) is not None
    return block["type"] == "redacted_thinking" and unwrap(block["data"]) is not None
