"""Gemini's embeddings for callers who ask for them as OpenAI's clients do."""

from typing import Any, Final, cast

import httpx
import orjson

from adapters.protocols.gemini.usage import read_usage
from adapters.protocols.openai_embeddings.answer import encode_embeddings
from adapters.protocols.openai_embeddings.request import EmbeddingsRequest
from adapters.protocols.prompt_size import measure
from adapters.upstreams.answers import WholeAnswer, failed, read_body
from adapters.upstreams.dialect import Outgoing
from adapters.upstreams.gemini_server import GeminiServer
from domain.catalog import Route
from domain.errors import UnsupportedParameterError
from domain.metering import Produced
from domain.upstream import Answer, UpstreamCall

TEXTS_MAX: Final = 100
"""Google takes no larger batch."""


class EmbeddingsLane:
    """Texts in, vectors out; it knows no tokens and no base64, and as a rule tells no usage."""

    def __init__(self, server: GeminiServer) -> None:
        self._server = server

    def check(self, request: EmbeddingsRequest, route: Route, output_cap: int) -> None:
        """Raise UnsupportedParameterError for tokens in place of text, and for too many."""
        if len(request.texts()) > TEXTS_MAX:
            raise UnsupportedParameterError("input", f"takes at most {TEXTS_MAX} with this model")

    def write(self, call: UpstreamCall) -> Outgoing:
        """Write the upstream's request."""
        request: EmbeddingsRequest = call.request
        length = {} if request.dimensions is None else {"outputDimensionality": request.dimensions}
        model = f"models/{call.route.upstream_model.removeprefix('models/')}"
        requests = [
            {"model": model, "content": {"parts": [{"text": text}]}, **length}
            for text in request.texts()
        ]
        return self._server.outgoing(call.route, "batchEmbedContents", {"requests": requests})

    async def receive(self, call: UpstreamCall, response: httpx.Response) -> Answer:
        """Read the vectors and write them as the caller wants them."""
        request: EmbeddingsRequest = call.request
        answer = _object_in(await read_body(response))
        report = read_usage(answer.get("usageMetadata"), answer)
        told = report.usage.input_tokens if report.usage else 0
        body = encode_embeddings(
            request,
            _vectors_in(answer, request.count),
            model=call.model,
            # What is told is what is charged: our count, as it was made before the call.
            prompt_tokens=told or measure(request.prompt_parts()).text_tokens,
        )
        return WholeAnswer(body, report, Produced(lambda: False, lambda: 0))


def _object_in(body: bytes) -> dict[str, Any]:
    try:
        answer: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise failed() from error
    if not isinstance(answer, dict):
        raise failed()
    return cast("dict[str, Any]", answer)


def _vectors_in(answer: dict[str, Any], count: int) -> list[list[float]]:
    """Take one vector for each text, in their order, or raise AttemptError."""
    listed: object = answer.get("embeddings")
    vectors = [
        cast("dict[str, object]", item).get("values") if isinstance(item, dict) else None
        for item in (cast("list[object]", listed) if isinstance(listed, list) else [])
    ]
    if len(vectors) != count or not all(map(_is_vector, vectors)):
        raise failed()
    return cast("list[list[float]]", vectors)


def _is_vector(value: object) -> bool:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return bool(items) and all(type(item) in {int, float} for item in items)
