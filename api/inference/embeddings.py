"""POST /v1/embeddings."""

from typing import Final

from adapters.protocols.openai_embeddings.request import decode_request
from api.inference.errors import OPENAI_ERRORS
from api.inference.surface import Surface
from domain.catalog import EMBEDDINGS

V1: Final = Surface("embeddings", frozenset({EMBEDDINGS}), decode_request, OPENAI_ERRORS)
