"""POST /v1/completions: models that complete, and chat models asked as one user."""

from typing import Final

from adapters.protocols.openai_completions.request import decode_request
from api.inference.errors import OPENAI_ERRORS
from api.inference.surface import Surface
from domain.catalog import CHAT, COMPLETIONS

V1: Final = Surface("completions", frozenset({COMPLETIONS, CHAT}), decode_request, OPENAI_ERRORS)
