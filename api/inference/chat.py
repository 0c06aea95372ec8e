"""POST /v1/chat/completions, and the same under /openai/v1 as JoyToken's contract has it."""

from typing import Final

from adapters.protocols.openai_chat.request import decode_request
from api.inference.errors import OPENAI_ERRORS, OpenAIErrors
from api.inference.surface import Surface
from domain.catalog import CHAT

V1: Final = Surface("chat", frozenset({CHAT}), decode_request, OPENAI_ERRORS)
OPENAI_V1: Final = Surface(
    "chat.joytoken",
    frozenset({CHAT}),
    decode_request,
    OpenAIErrors(type_is_code=True),
    joytoken=True,
)
