"""Every inference surface by its path."""

from collections.abc import Mapping
from typing import Final

from api.inference import chat, completions, dashscope, embeddings, messages, responses
from api.inference.surface import Surface

SURFACES: Final[Mapping[str, Surface]] = {
    "/v1/chat/completions": chat.V1,
    "/openai/v1/chat/completions": chat.OPENAI_V1,
    "/v1/completions": completions.V1,
    "/v1/embeddings": embeddings.V1,
    "/v1/messages": messages.V1,
    "/v1/responses": responses.V1,
    "/api/v1/services/aigc/text-generation/generation": dashscope.TEXT,
    "/api/v1/services/aigc/multimodal-generation/generation": dashscope.PARTS,
}
