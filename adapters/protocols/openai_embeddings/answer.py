"""Writing the answer of an embeddings call, whoever computed the vectors."""

from collections.abc import Sequence
from typing import Any

import orjson

from adapters.protocols.openai_embeddings.request import EmbeddingsRequest
from adapters.protocols.openai_embeddings.vectors import Vector, pack


def encode_embeddings(
    request: EmbeddingsRequest, vectors: Sequence[Vector], *, model: str, prompt_tokens: int
) -> bytes:
    """Write vectors in the order of the input, as the caller wants them.

    `prompt_tokens` is what the provider reported, or else our own count.
    """
    assert len(vectors) == request.count, "there is a vector for each input"
    data: list[dict[str, Any]] = [
        {
            "object": "embedding",
            "index": index,
            "embedding": pack(vector) if request.base64 else list(vector),
        }
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens}
    return orjson.dumps({"object": "list", "data": data, "model": model, "usage": usage})
