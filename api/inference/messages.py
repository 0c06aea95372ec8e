"""POST /v1/messages: Anthropic's SDKs, Claude Code, and whoever speaks like them."""

from typing import Final

from adapters.protocols.anthropic.request import decode_request
from api.inference.anthropic_errors import ANTHROPIC_ERRORS
from api.inference.limits import anthropic_headers
from api.inference.surface import Surface
from domain.catalog import CHAT

V1: Final = Surface(
    "messages",
    frozenset({CHAT}),
    decode_request,
    ANTHROPIC_ERRORS,
    id_headers=(b"x-request-id", b"request-id"),
    limit_headers=anthropic_headers,
)
