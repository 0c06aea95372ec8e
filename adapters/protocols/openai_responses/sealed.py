"""Signatures of other protocols, carried where Responses carries what only its issuer can read.

`encrypted_content` = tb1. + base64url of {kind, issuer, data, and what it belongs to}

A client gives such items back unread, so thoughts of an Anthropic model and calls of a Gemini model
keep their signatures from turn to turn. OpenAI's own content goes through as it is.
"""

import base64
import binascii
import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, cast

import orjson

from adapters.protocols.canonical.blocks import RedactedThinking, Thinking, ToolUse

ISSUER: Final = "openai_responses"
PREFIX: Final = "tb1."

Kind = Literal["thinking", "redacted", "call"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was carried; `about` is the digest of the thought's text, or the id of the call."""

    kind: Kind
    issuer: str
    data: str
    about: str = ""


def seal_thought(block: Thinking | RedactedThinking) -> str | None:
    """Write what must come back of a thought besides its text; None if nothing must."""
    if isinstance(block, RedactedThinking):
        if block.issuer is None or block.issuer == ISSUER:
            return block.data
        return _written(Sealed("redacted", block.issuer, block.data))
    if block.signature is None or block.issuer is None or block.issuer == ISSUER:
        return block.signature
    return _written(Sealed("thinking", block.issuer, block.signature, _digest(block.text)))


def seal_call(call: ToolUse) -> str | None:
    """Write the signature of a call; None if it has none."""
    if call.signature is None or call.issuer is None:
        return None
    return _written(Sealed("call", call.issuer, call.signature, call.id))


def unseal(content: str) -> Sealed | None:
    """Read what one of the above wrote; None for anything else."""
    if not is_sealed(content):
        return None
    try:
        fields: object = orjson.loads(base64.urlsafe_b64decode(content[len(PREFIX) :]))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        return None
    if not isinstance(fields, dict):
        return None
    given = cast("dict[str, Any]", fields)
    values = [given.get(name) for name in ("kind", "issuer", "data", "about")]
    if given.get("kind") not in {"thinking", "redacted", "call"} or not all(
        isinstance(value, str) for value in values
    ):
        return None
    return Sealed(*cast("list[Any]", values))


def is_sealed(content: object) -> bool:
    """Tell whether content was issued by a protocol other than Responses."""
    return isinstance(content, str) and content.startswith(PREFIX)


def open_thought(text: str, content: str | None) -> Thinking | RedactedThinking | None:
    """Put a thought together again; None for one that says nothing.

    A signature whose text has changed on the way would be refused by its issuer: it is left out.
    """
    if content is None or not is_sealed(content):
        return issued_thought(text, content)
    sealed = unseal(content)
    if sealed is not None and sealed.kind == "redacted":
        return RedactedThinking(sealed.data, sealed.issuer)
    if sealed is not None and sealed.kind == "thinking" and sealed.about == _digest(text):
        return Thinking(text, sealed.data, sealed.issuer)
    return Thinking(text) if text else None


def issued_thought(text: str, content: str | None) -> Thinking | RedactedThinking | None:
    """Take a thought as a server of Responses issued it; None for one that says nothing."""
    if content and not text:
        return RedactedThinking(content, ISSUER)
    return Thinking(text, content or None, ISSUER if content else None) if text else None


def _written(sealed: Sealed) -> str:
    return PREFIX + base64.urlsafe_b64encode(orjson.dumps(asdict(sealed))).decode()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
